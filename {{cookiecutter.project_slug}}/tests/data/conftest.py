"""An empty project to write into."""

from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the test: a project's folder with nothing framed in it yet."""
    root = tmp_path / "project"
    (root / "problem").mkdir(parents=True)
    (root / "data").mkdir()
    monkeypatch.chdir(root)
    return root
