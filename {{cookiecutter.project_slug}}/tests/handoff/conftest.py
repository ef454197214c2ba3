"""A trained and built project for each task, made once for all tests."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from problem.spec import Task
from tests.handoff.made import ORDERS, Workshop, copied, make_project, train_and_build

Make = Callable[[Task], Workshop]


@pytest.fixture(scope="session")
def built(store: str, plain_git: None, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A project of a task, with its bundle; nobody changes it."""
    made: dict[Task, Workshop] = {}

    def make(task: Task) -> Workshop:
        if task not in made:
            root = tmp_path_factory.mktemp(task)
            make_project(root, task)
            with chdir(root):
                bundle = train_and_build()
            made[task] = Workshop(root, ORDERS, root / bundle.path)
        return made[task]

    return make


@pytest.fixture
def workshop(built: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """A copy of such a project to change, which becomes the working directory."""

    def make(task: Task) -> Workshop:
        root = tmp_path / task
        monkeypatch.chdir(copied(built(task), root).root)
        return copied(built(task), root)

    return make
