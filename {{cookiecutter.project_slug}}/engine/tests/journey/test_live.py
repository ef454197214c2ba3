"""The rehearsal runs the real server; a server that fails is reported."""

from pathlib import Path

import pytest

from engine.gate.checks.check import latencies
from engine.serving.server_process import server


def test_server_that_cannot_start_is_reported(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    with (
        pytest.raises(RuntimeError, match=r"did not start.*expected a bundle"),
        server(bundle, tmp_path / "logs"),
    ):
        pytest.fail("there was no bundle to serve")


def test_latencies_slowest_responses_share_the_last_bar() -> None:
    """A single response of 900 ms does not set the scale of the picture."""
    picture = latencies([1.0] * 98 + [5.0, 901.0], "").svg
    assert ">800<" not in picture
    assert ">800<" in latencies([901.0], "").svg
