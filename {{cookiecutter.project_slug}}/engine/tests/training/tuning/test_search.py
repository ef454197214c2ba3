"""A search ends in time, loses only the running trial, and continues where it was stopped."""

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
from engine.tests.project import PYTHONPATH
from engine.tests.training.made import problem, refused
from engine.tests.training.training import definition, fetch_run, schema, table, write_project
from engine.training.candidates import TUNED
from engine.training.dataset import SEED, CrossValidationData, cross_validation_data, gather
from engine.training.tuning.fitting import (
    DEFAULTS,
    STEP,
    Deadline,
    TimeIsUpError,
    file_lock,
    prepare_folds,
)
from engine.training.tuning.search import SEARCHES, key, search
from poc.model import candidates
from poc.train import train

SPEC = problem("binary", metric="log_loss")
QUIET: list[str] = []


def data_of(rows: int = 400) -> CrossValidationData:
    write_project(SPEC, table("binary", rows))
    return cross_validation_data(gather(SPEC, schema(bool)))


def search_key(data: CrossValidationData) -> str:
    """The key of a search of gradient boosting on these rows."""
    return key(data, candidates(data.dataset.columns, "binary", SEED)[-1].model)


def trials() -> list[optuna.trial.FrozenTrial]:
    """The trials in the only search file of the working directory."""
    [file] = SEARCHES.glob("*.db")
    storage = f"sqlite:///{file}"
    [name] = optuna.get_all_study_names(storage)
    return optuna.load_study(study_name=name, storage=storage).trials


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial is over soon, on a busy machine too."""
    monkeypatch.setattr("engine.training.tuning.fitting.MOST_TREES", STEP)


@pytest.mark.usefixtures("few_trees")
def test_search_result_is_a_candidate_and_can_be_reused(here: Path) -> None:
    write_project(SPEC, table("binary"))
    messages: list[str] = []
    run = train(SPEC, definition(bool), messages.append, search_seconds=6)
    assert list(run.scores)[-1] == TUNED
    metadata = fetch_run(run).metadata
    assert metadata["search"]["trials"] >= 1
    assert metadata["search"]["seconds_allowed"] == 6
    tuned = metadata["trials"][-1]
    assert tuned["parameters"] | metadata["search"]["parameters"] == tuned["parameters"]
    number = len(trials())
    again = train(SPEC, definition(bool), messages.append, parameters_of=run.run_id)
    assert again.metadata["trials"][-1]["folds"] == run.metadata["trials"][-1]["folds"]
    assert len(trials()) == number
    latest = fetch_run(train(SPEC, definition(bool), messages.append, parameters_of="latest"))
    assert latest.metadata["search"] == metadata["search"]


@pytest.mark.usefixtures("few_trees")
def test_search_without_time_left_returns_its_result(here: Path) -> None:
    data = data_of()
    tried = candidates(data.dataset.columns, "binary", SEED)
    first = search(data, tried, 3, QUIET.append)
    number = len(trials())
    again = search(data, tried, 3, QUIET.append)
    assert first is not None
    assert again == first
    assert len(trials()) == number


def test_search_starts_no_trial_that_would_end_late(here: Path) -> None:
    data = data_of()
    tried = candidates(data.dataset.columns, "binary", SEED)
    first = search(data, tried, 6, QUIET.append)
    assert first is not None
    before = trials()
    whole = [one.duration for one in before if one.state == TrialState.COMPLETE and one.duration]
    shortest = min(whole).total_seconds()
    more = first.seconds_spent + shortest / 2
    search(data, tried, more, QUIET.append)
    assert len(trials()) == len(before)


def test_search_result_and_messages_count_the_same_trials(here: Path) -> None:
    data, messages = data_of(), list[str]()
    tried = candidates(data.dataset.columns, "binary", SEED)
    result = search(data, tried, 4, messages.append)
    assert result is not None
    evaluated = [one for one in trials() if one.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    pruned = [one for one in evaluated if one.state == TrialState.PRUNED]
    assert (result.trials, result.pruned) == (len(evaluated), len(pruned))
    assert f"{count(len(evaluated), 'trial')}, {len(pruned)} of them pruned" in messages[-1]
    search(data, tried, 4, messages.append)
    assert f"{count(len(evaluated), 'trial')} so far" in messages[-2]


@pytest.mark.usefixtures("few_trees")
def test_search_reports_progress(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.training.tuning.search.PROGRESS_SECONDS", 0.2)
    data, messages = data_of(), list[str]()
    search(data, candidates(data.dataset.columns, "binary", SEED), 4, messages.append)
    assert re.fullmatch(r"  Search: \d+ trials?(, best [\d.]+)?, \d+ s left\.", messages[0])
    assert "Searched" in messages[-1]


def test_search_key_depends_on_rows_problem_and_code(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = {search_key(data_of()), search_key(data_of(380))}
    write_project(SPEC, table("binary"))
    other = problem("binary", metric="log_loss", rows='time = "day"')
    targets.add(search_key(cross_validation_data(gather(other, schema(bool)))))
    monkeypatch.setattr("engine.training.tuning.search.CODE", ("folds.py",))
    targets.add(search_key(data_of()))
    assert len(targets) == 4


def test_search_without_enough_time_changes_nothing(here: Path) -> None:
    write_project(SPEC, table("binary"))
    messages: list[str] = []
    run = train(SPEC, definition(bool), messages.append, search_seconds=1e-6)
    assert any("Increase --search-seconds" in line for line in messages)
    assert TUNED not in run.scores
    assert fetch_run(run).metadata["search"] is None


def test_parameters_of_a_run_without_search_are_refused(here: Path) -> None:
    write_project(SPEC, table("binary"))
    run = train(SPEC, definition(bool), QUIET.append)
    for run_id, code in ((run.run_id, "no-search"), ("0" * 32, "no-such-run")):
        with refused(code):
            train(SPEC, definition(bool), QUIET.append, parameters_of=run_id)


@pytest.mark.usefixtures("few_trees")
def test_search_that_runs_already_is_refused(here: Path) -> None:
    data = data_of()
    tried = candidates(data.dataset.columns, "binary", SEED)
    search(data, tried, 2, QUIET.append)
    before = trials()
    [lock] = SEARCHES.glob("*.lock")
    with file_lock(lock), refused("search-running"):
        search(data, tried, 60, QUIET.append)
    assert trials() == before
    search(data, tried, 2, QUIET.append)  # and once it is free, it may go on


def test_evaluate_ends_at_the_deadline_and_does_not_depend_on_it(here: Path) -> None:
    data = data_of()
    model = candidates(data.dataset.columns, "binary", SEED)[-1].model
    fold = prepare_folds(data, model, Deadline())[-1]
    slow = DEFAULTS | {"learning_rate": 0.01}
    result = fold.evaluate(slow, Deadline())
    assert fold.evaluate(slow, Deadline(monotonic() + 600)) == result
    assert result[1] > STEP
    for over in (Deadline(monotonic() - 1), Deadline(stopped=True)):
        with pytest.raises(TimeIsUpError):
            fold.evaluate(slow, over)


SEARCHING = """
from engine.training.dataset import SEED, gather
from engine.training.dataset import cross_validation_data
from poc.model import candidates
from engine.training.tuning import fitting
from engine.training.tuning.search import search
from engine.problem.spec import read
from engine.tests.project import PYTHONPATH
from engine.tests.training.training import definition, schema
fitting.MOST_TREES = fitting.STEP
data = cross_validation_data(gather(read(), schema(bool)))
result = search(data, candidates(data.dataset.columns, "binary", SEED), 300, print)
print(result.stopped, result.trials)
"""


def finished() -> int:
    """The number of complete trials in the search's file, which is only read."""
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
    """Output, errors and exit code of a search in a child process, stopped after a trial."""
    write_project(SPEC, table("binary"))
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
def test_search_after_sigkill_continues(here: Path) -> None:
    *_, code = stopped_by(signal.SIGKILL)
    assert code == -signal.SIGKILL
    before = trials()
    whole = [trial.params for trial in before if trial.state == TrialState.COMPLETE]
    data = cross_validation_data(gather(SPEC, schema(bool)))
    spent = sum(trial.duration.total_seconds() for trial in before if trial.duration)
    messages: list[str] = []
    tried = candidates(data.dataset.columns, "binary", SEED)
    result = search(data, tried, spent + 6, messages.append)
    assert "Continuing the search" in messages[0]
    assert result is not None
    after = trials()
    assert [trial.params for trial in after if trial.state == TrialState.COMPLETE][
        : len(whole)
    ] == whole
    assert len(after) > len(before)
    assert all(trial.state.is_finished() for trial in after)


def test_search_after_ctrl_c_returns_the_best_so_far(here: Path) -> None:
    out, err, code = stopped_by(signal.SIGINT)
    assert (err, code) == ("", 0)
    assert "the same command continues" in out
    assert out.splitlines()[-1].startswith("True ")
    assert all(trial.state.is_finished() for trial in trials())


@pytest.mark.usefixtures("few_trees")
@pytest.mark.parametrize("later", [0, 60, 90])
def test_search_after_ctrl_c_in_a_transaction_leaves_no_lock(here: Path, later: int) -> None:
    data, statements = data_of(), list[str]()

    def pressed(
        _connection: Connection, _cursor: object, statement: str, *_rest: object
    ) -> None:  # what this connection began is not committed yet
        if statements or statement.startswith("INSERT INTO trial_params"):
            statements.append(statement)
            if len(statements) == 1 + later:
                signal.raise_signal(signal.SIGINT)

    event.listen(Engine, "after_cursor_execute", pressed)
    try:
        tried = candidates(data.dataset.columns, "binary", SEED)
        result = search(data, tried, 300, QUIET.append)
    finally:
        event.remove(Engine, "after_cursor_execute", pressed)
    assert len(statements) > later
    assert result is None or result.stopped
    assert all(trial.state.is_finished() for trial in trials())
