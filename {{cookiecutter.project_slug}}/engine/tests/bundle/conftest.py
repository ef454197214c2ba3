"""Small real bundles, made once; a test that changes one gets a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.problem.spec import Task
from engine.tests.serving.made import make_bundle

Copy = Callable[..., Path]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Task], Path]:
    """`made(task)` is the folder of a bundle of that task; no test changes it."""
    root = tmp_path_factory.mktemp("bundles")

    def make(task: Task) -> Path:
        if not (root / task).exists():
            make_bundle(root / task, task)
        return root / task

    return make


@pytest.fixture
def copy(made: Callable[[Task], Path], tmp_path: Path) -> Copy:
    """`copy(task)` is a copy of such a bundle, to change."""

    def copied(task: Task = "binary") -> Path:
        return Path(shutil.copytree(made(task), tmp_path / "work" / "bundle", dirs_exist_ok=True))

    return copied


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
