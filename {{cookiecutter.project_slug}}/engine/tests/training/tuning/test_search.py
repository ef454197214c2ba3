"""A search keeps its time, loses only the trial that was running, and is repeated for free."""

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from time import monotonic

import optuna
import pytest
from optuna.trial import TrialState
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.tests.project import PYTHONPATH
from engine.tests.training.made import problem
from engine.tests.training.training import definition, fetched, framed_here, schema, table
from engine.training.candidates import TUNED
from engine.training.dataset import SEED, gather
from engine.training.folds import CrossValidationData, cross_validation_data
from engine.training.tuning.fitting import STEP, TimeIsUpError, judges
from engine.training.tuning.lock import held
from engine.training.tuning.search import SEARCHES, key, search
from engine.training.tuning.space import DEFAULTS
from poc.model import candidates
from poc.train import train

FRAMED = problem("binary", metric="log_loss")
QUIET: list[str] = []


def taught(rows: int = 400) -> CrossValidationData:
    framed_here(FRAMED, table("binary", rows))
    return cross_validation_data(gather(FRAMED, schema(bool)))


def search_key(lessons: CrossValidationData) -> str:
    """What a search of gradient boosting on these rows is known by."""
    return key(lessons, candidates(lessons.dataset.columns, "binary", SEED)[-1].model)


def trials() -> list[optuna.trial.FrozenTrial]:
    """What the one file of the working directory's searches holds."""
    [file] = SEARCHES.glob("*.db")
    storage = f"sqlite:///{file}"
    [name] = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage).trials


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial is over soon, on a busy machine too."""
    monkeypatch.setattr("engine.training.tuning.fitting.MOST_TREES", STEP)


@pytest.mark.usefixtures("few_trees")
def test_what_a_search_finds_is_tried_recorded_and_tried_again_without_one(here: Path) -> None:
    framed_here(FRAMED, table("binary"))
    said: list[str] = []
    run = train(FRAMED, definition(bool), said.append, search_seconds=6)
    assert [one.candidate.name for one in run.trials][-1] == TUNED
    facts = fetched(run).metadata
    assert facts["search"]["trials"] >= 1
    assert facts["search"]["seconds_allowed"] == 6
    tuned = facts["trials"][-1]
    assert tuned["parameters"] | facts["search"]["parameters"] == tuned["parameters"]
    kept = len(trials())
    again = train(FRAMED, definition(bool), said.append, parameters_of=run.run_id)
    assert again.trials[-1].folds == run.trials[-1].folds
    assert len(trials()) == kept
    latest = fetched(train(FRAMED, definition(bool), said.append, parameters_of="latest"))
    assert latest.metadata["search"] == facts["search"]


@pytest.mark.usefixtures("few_trees")
def test_a_search_whose_time_is_spent_gives_its_result_at_once(here: Path) -> None:
    lessons = taught()
    tried = candidates(lessons.dataset.columns, "binary", SEED)
    first = search(lessons, tried, 3, QUIET.append)
    kept = len(trials())
    again = search(lessons, tried, 3, QUIET.append)
    assert first is not None
    assert again == first
    assert len(trials()) == kept


def test_a_trial_that_would_not_end_in_time_is_not_begun(here: Path) -> None:
    lessons = taught()
    tried = candidates(lessons.dataset.columns, "binary", SEED)
    first = search(lessons, tried, 6, QUIET.append)
    assert first is not None
    before = trials()
    whole = [one.duration for one in before if one.state == TrialState.COMPLETE and one.duration]
    shortest = min(whole).total_seconds()
    more = first.seconds_spent + shortest / 2
    search(lessons, tried, more, QUIET.append)
    assert len(trials()) == len(before)


def test_every_place_counts_the_same_trials(here: Path) -> None:
    lessons, said = taught(), list[str]()
    tried = candidates(lessons.dataset.columns, "binary", SEED)
    found = search(lessons, tried, 4, said.append)
    assert found is not None
    judged = [one for one in trials() if one.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    cut_short = [one for one in judged if one.state == TrialState.PRUNED]
    assert (found.trials, found.pruned) == (len(judged), len(cut_short))
    assert f"{count(len(judged), 'trial')}, {len(cut_short)} of them cut short" in said[-1]
    search(lessons, tried, 4, said.append)
    assert f"a search of {count(len(judged), 'trial')} is kept" in said[-2]


def test_a_log_hears_of_a_search_while_it_runs(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.tuning.progress.A_LINE", 0.2)
    lessons, said = taught(), list[str]()
    search(lessons, candidates(lessons.dataset.columns, "binary", SEED), 4, said.append)
    assert re.fullmatch(r"  search: \d+ trials?(, best [\d.]+)?, \d+ s left", said[0])
    assert "searched" in said[-1]


def test_other_rows_another_problem_and_other_code_are_another_search(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {search_key(taught()), search_key(taught(380))}
    framed_here(FRAMED, table("binary"))
    other = problem("binary", metric="log_loss", rows='time = "day"')
    known.add(search_key(cross_validation_data(gather(other, schema(bool)))))
    monkeypatch.setattr("engine.training.tuning.search.CODE", ("folds.py",))
    known.add(search_key(taught()))
    assert len(known) == 4


def test_too_short_a_time_is_said_and_changes_nothing(here: Path) -> None:
    framed_here(FRAMED, table("binary"))
    said: list[str] = []
    run = train(FRAMED, definition(bool), said.append, search_seconds=1e-6)
    assert any("give --search-seconds more" in line for line in said)
    assert TUNED not in [one.candidate.name for one in run.trials]
    assert fetched(run).metadata["search"] is None


def test_a_run_without_a_search_has_no_parameters_to_try(here: Path) -> None:
    framed_here(FRAMED, table("binary"))
    run = train(FRAMED, definition(bool), QUIET.append)
    for named, words in ((run.run_id, "no parameters from a search"), ("0" * 32, "none called")):
        with pytest.raises(BadInput, match=words):
            train(FRAMED, definition(bool), QUIET.append, parameters_of=named)


@pytest.mark.usefixtures("few_trees")
def test_the_same_search_runs_once_at_a_time(here: Path) -> None:
    lessons = taught()
    tried = candidates(lessons.dataset.columns, "binary", SEED)
    search(lessons, tried, 2, QUIET.append)
    before = trials()
    [lock] = SEARCHES.glob("*.lock")
    with held(lock), pytest.raises(BadInput, match="one is running"):
        search(lessons, tried, 60, QUIET.append)
    assert trials() == before
    search(lessons, tried, 2, QUIET.append)  # and once it is free, it may go on


def test_a_fit_ends_when_the_time_does_and_is_the_same_however_much_is_left(here: Path) -> None:
    lessons = taught()
    model = candidates(lessons.dataset.columns, "binary", SEED)[-1].model
    judge = judges(lessons, model)[-1]
    slow = DEFAULTS | {"learning_rate": 0.01}
    assert judge(slow) == judge(slow, monotonic() + 600)
    assert judge(slow)[1] > STEP
    with pytest.raises(TimeIsUpError):
        judge(slow, monotonic() - 1)


SEARCHING = """
from engine.training.dataset import SEED, gather
from engine.training.folds import cross_validation_data
from poc.model import candidates
from engine.training.tuning import fitting
from engine.training.tuning.search import search
from engine.problem.spec import read
from engine.tests.project import PYTHONPATH
from engine.tests.training.training import definition, schema
fitting.MOST_TREES = fitting.STEP
taught = cross_validation_data(gather(read(), schema(bool)))
found = search(taught, candidates(taught.dataset.columns, "binary", SEED), 300, print)
print(found.stopped, found.trials)
"""


def finished() -> int:
    """How many trials the search has finished by now; only read, never made, by us."""
    for file in SEARCHES.glob("*.db"):
        with (
            contextlib.closing(
                sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
            ) as db,
            contextlib.suppress(sqlite3.OperationalError),
        ):  # the file is only being made
            return int(
                db.execute("SELECT count(*) FROM trials WHERE state = 'COMPLETE'").fetchone()[0]
            )
    return 0


def stopped_by(signal_number: int) -> tuple[str, str, int]:
    """What a search in a process of its own says until it is stopped after a trial, its exit."""
    framed_here(FRAMED, table("binary"))
    process = subprocess.Popen(
        [sys.executable, "-c", SEARCHING],
        env=os.environ | {"PYTHONPATH": PYTHONPATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while finished() < 2 and process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
    process.send_signal(signal_number)
    out, err = process.communicate(timeout=60)
    return out, err, process.returncode


@pytest.mark.usefixtures("few_trees")
def test_killed_outright_it_goes_on_where_it_was(here: Path) -> None:
    *_, code = stopped_by(signal.SIGKILL)
    assert code == -signal.SIGKILL
    before = trials()
    whole = [trial.params for trial in before if trial.state == TrialState.COMPLETE]
    lessons = cross_validation_data(gather(FRAMED, schema(bool)))
    spent = sum(trial.duration.total_seconds() for trial in before if trial.duration)
    said: list[str] = []
    tried = candidates(lessons.dataset.columns, "binary", SEED)
    found = search(lessons, tried, spent + 6, said.append)
    assert "going on with it" in said[0]
    assert found is not None
    after = trials()
    assert [trial.params for trial in after if trial.state == TrialState.COMPLETE][
        : len(whole)
    ] == whole
    assert len(after) > len(before)
    assert all(trial.state.is_finished() for trial in after)


def test_ctrl_c_ends_it_with_the_best_so_far(here: Path) -> None:
    out, err, code = stopped_by(signal.SIGINT)
    assert (err, code) == ("", 0)
    assert "the same command goes on" in out
    assert out.splitlines()[-1].startswith("True ")
    assert all(trial.state.is_finished() for trial in trials())


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("later", [0, 60, 90])
def test_ctrl_c_in_the_middle_of_a_transaction_leaves_no_lock_behind(
    here: Path, later: int
) -> None:
    lessons, asked = taught(), list[str]()

    def pressed(
        _connection: Connection, _cursor: object, statement: str, *_rest: object
    ) -> None:  # what this connection began is not committed yet
        if asked or statement.startswith("INSERT INTO trial_params"):
            asked.append(statement)
            if len(asked) == 1 + later:
                signal.raise_signal(signal.SIGINT)

    event.listen(Engine, "after_cursor_execute", pressed)
    try:
        tried = candidates(lessons.dataset.columns, "binary", SEED)
        found = search(lessons, tried, 300, QUIET.append)
    finally:
        event.remove(Engine, "after_cursor_execute", pressed)
    assert len(asked) > later
    assert found is None or found.stopped
    assert all(trial.state.is_finished() for trial in trials())
