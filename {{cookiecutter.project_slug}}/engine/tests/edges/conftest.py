"""A folder in which a hostile value can do no harm."""

from pathlib import Path

import pytest

from engine.tests.edges.commands import Runner


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Runner:
    return Runner(tmp_path, monkeypatch, capfd)
