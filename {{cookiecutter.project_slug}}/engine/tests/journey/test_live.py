"""The rehearsal's server is the real one; where it cannot serve, the journey says why."""

from pathlib import Path

import pytest

from engine.gate.checks.results import latency_histogram
from engine.journey.production_rows import Traffic
from engine.serving.server_process import server


def test_a_server_that_cannot_start_is_reported_with_its_words(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    with (
        pytest.raises(RuntimeError, match=r"did not start.*expected a bundle"),
        server(bundle, tmp_path / "logs"),
    ):
        pytest.fail("there was no bundle to serve")


def test_the_slowest_answers_share_the_last_bar() -> None:
    times = [1.0] * 98 + [5.0, 900.0]
    _, counts = latency_histogram(times)
    assert sum(counts) == 100
    assert counts[-1] >= 1
    assert Traffic(times_ms=times).quantile_ms(0.5) == 1.0
