"""A signature needs the bundle's files in git, and each of its facts in MLflow's record."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.bundle.build import TrainedRun
from engine.bundle.bundle import Bundle
from engine.bundle.record import RECORDS
from engine.gate import accept as room
from engine.gate.accept import accept
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE
from engine.tests.gate.made import MODEL
from engine.tests.gate.signatures import bundle_at, commit, committed, run_behind
from engine.tests.gate.signing import DATA_SCIENCE, commit_all
from engine.training.record.runs import FEATURES_FILE


def sign(bundle: Bundle, run: TrainedRun, monkeypatch: pytest.MonkeyPatch) -> str:
    """Sign as data science, with no check to run; the code of the refusal, or nothing."""
    monkeypatch.setattr(room, "fetch", lambda _: run)
    try:
        signature = accept(bundle.path, DATA_SCIENCE, MODEL, ())
    except BadInput as refusal:
        assert list(RECORDS.rglob("*.toml")) == []
        return str(refusal.code)
    assert signature.published is None
    assert signature.file.exists()
    return ""


def test_accept_committed_and_recorded_bundle_is_signed(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = bundle_at(committed(empty))
    assert sign(bundle, run_behind(bundle), monkeypatch) == ""


@pytest.mark.parametrize("file", [PROBLEM_FILE, FEATURES_FILE], ids=str)
def test_accept_file_that_the_commit_has_otherwise_is_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    """The tree is clean and the bundle is of its files; but the bundle names an older commit."""
    committed(empty)
    ours = file.read_text()
    file.write_text(f"{ours}# older\n")
    older = commit()
    file.write_text(ours)
    commit_all()
    bundle = bundle_at(older)
    assert sign(bundle, run_behind(bundle), monkeypatch) == "other-commit"


ANOTHER: dict[str, Any] = {
    "threshold": 0.5,
    "candidate": "boosting",
    "data_digest": "another",
    "code": {"commit": "1" * 40, "dirty": False, "snapshot": "5" * 64},
}


@pytest.mark.parametrize("name", ANOTHER)
def test_accept_other_metadata_of_the_run_is_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bundle = bundle_at(committed(empty))
    run = run_behind(bundle, **{name: ANOTHER[name]})
    assert sign(bundle, run, monkeypatch) == "other-run"


@pytest.mark.parametrize("what", ["model_file", "test_evaluations", "trained_at"])
def test_accept_other_facts_of_the_run_are_refused(
    empty: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    bundle = bundle_at(committed(empty))
    run = run_behind(bundle)
    later = run.trained_at.replace(year=2027)
    # Any other file stands for another model.
    other: dict[str, Any] = {"model_file": PROBLEM_FILE, "test_evaluations": 4, "trained_at": later}
    run = replace(run, **{what: other[what]})
    assert sign(bundle, run, monkeypatch) == "other-run"
