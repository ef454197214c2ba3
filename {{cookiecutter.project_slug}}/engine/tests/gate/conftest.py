"""A trained and built project for each task, made once for all tests."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from engine.bundle.record import TEAMS
from engine.gate.accept import accept
from engine.gate.gate import STANDARD_CHECKS, record, validate
from engine.problem.spec import Task
from engine.tests.gate.made import (
    MODEL,
    ORDERS,
    QUICK,
    Workshop,
    copied,
    copy_code,
    make_project,
    train_and_build,
)
from engine.tests.gate.signatures import Signing
from engine.tests.gate.signing import NAME, aliased, commit_all, git
from engine.training.record.runs import ACCEPTED
from engine.training.record.tracking import mlflow

Make = Callable[[Task], Workshop]


@pytest.fixture(scope="session")
def built(store: str, plain_git: None, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A project of a task, with its bundle; tests only read it."""
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
    """A copy of such a project to change; it becomes the working directory."""

    def make(task: Task) -> Workshop:
        root = tmp_path / task
        monkeypatch.chdir(copied(built(task), root).root)
        return copied(built(task), root)

    return make


@pytest.fixture
def empty(plain_git: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder as the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def committed(store: str, plain_git: None, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """A project in git, trained and built from a clean tree; the whole gate passed it."""
    root = tmp_path_factory.mktemp("committed")
    copy_code(root)
    make_project(root, "regression")
    (root / ".gitignore").write_text("build/\nbundles/\nmlartifacts/\n__pycache__/\ndata/raw/\n")
    with chdir(root):
        git("init", "--quiet")
        git("config", "user.name", "Ada")
        git("config", "user.email", "ada@example.org")
        commit_all()
        bundle = train_and_build()
        verdict = validate(bundle.path, MODEL, STANDARD_CHECKS)
        assert not verdict.refusals, verdict.refusals
        record(verdict)
        commit_all()
    return Workshop(root, ORDERS, root / bundle.path)


@pytest.fixture
def passed(committed: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A copy to sign for, as the working directory; the registry has no alias yet."""
    monkeypatch.delenv("BUNDLES", raising=False)
    made = copied(committed, tmp_path / "project")
    monkeypatch.chdir(made.root)
    if aliased():
        mlflow.MlflowClient().delete_registered_model_alias(NAME, ACCEPTED)
    return made


@pytest.fixture(scope="session")
def signed(committed: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The same project with both signatures."""
    root = tmp_path_factory.mktemp("signed")
    made = copied(committed, root)
    with chdir(root):
        for team in TEAMS:
            accept(made.bundle, team, made.definition, QUICK)
    return made


@pytest.fixture
def accepted(signed: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A copy of the signed project, as the working directory."""
    made = copied(signed, tmp_path / "accepted")
    monkeypatch.chdir(made.root)
    return made


@pytest.fixture
def signing(empty: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    """A committed project with a small bundle and a passed verdict, as the working directory."""
    return Signing(empty, monkeypatch)
