"""A project's folder to train in."""

from pathlib import Path

import pytest

from tests.poc.training import PROJECT


@pytest.fixture
def here(tmp_path: Path, store: str, plain_git: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("problem", "poc", "requirements"):
        Path(name).mkdir()
    for name in ("poc/features.py", "requirements/serving.txt"):
        Path(name).write_bytes((PROJECT / name).read_bytes())
    return tmp_path
