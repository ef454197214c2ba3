"""A project's folder to train in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from threadpoolctl import threadpool_limits

from engine.tests.project import source


@pytest.fixture
def here(tmp_path: Path, store: str, plain_git: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    for name in ("problem", "poc", "requirements"):
        Path(name).mkdir()
    for name in ("poc/features.py", "requirements/serving.txt"):
        Path(name).write_bytes(source(name).read_bytes())
    return tmp_path


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """A fit of a few rows on as many threads as there are cores mostly waits for them."""
    with threadpool_limits(limits=1):
        yield
