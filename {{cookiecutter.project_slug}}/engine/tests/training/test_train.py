"""Training never uses the test rows, is repeatable, and refuses bad input with a message."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.bundle.build import TrainedRun
from engine.contract.column import Column
from engine.data.load import inputs
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, problem, refused
from engine.tests.training.training import (
    ROWS,
    definition,
    fetch_run,
    schema,
    table,
    train_here,
    write_project,
)
from engine.training.candidates import Candidate, ModelDefinition
from engine.training.dataset import gather
from engine.training.folds import Trial, select
from poc.model import candidates
from poc.train import train


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_train_every_task_selects_a_candidate(here: Path, task: Task) -> None:
    messages: list[str] = []
    run = train_here(problem(task), table(task), messages)
    rows = len(run.data.table)
    assert rows == pytest.approx(0.8 * ROWS, abs=3)
    assert (run.threshold is None) == (task != "binary")
    assert list(run.scores) == ["dummy", "rule", "linear", "gradient_boosting"]
    assert run.chosen in ("rule", "linear", "gradient_boosting")
    assert messages[0].startswith(f"{rows} training rows, 6 inputs")
    assert any(line.startswith(f"Selected: {run.chosen}") for line in messages)


def decided(run: TrainedRun) -> dict[str, Any]:
    """The run's metadata without what a clock measured."""
    clock = dict.fromkeys(("fit_seconds", "latency_ms"))
    trials = [trial | clock for trial in run.metadata["trials"]]
    return run.metadata | {"trials": trials}


def test_train_again_gives_the_same_model(here: Path) -> None:
    frame = table("binary")
    one, other = (train_here(problem("binary"), frame) for _ in range(2))
    for name, scores in one.scores.items():
        assert np.array_equal(scores, other.scores[name], equal_nan=True)
    first, second = fetch_run(one), fetch_run(other)
    assert decided(first) == decided(second)
    rows = inputs(frame, COLUMNS)
    assert np.array_equal(first.model.predict_proba(rows), second.model.predict_proba(rows))


def test_train_with_other_test_rows_gives_the_same_model(here: Path) -> None:
    frame, spec = table("binary"), problem("binary", rows='time = "day"')
    poisoned = frame.copy()
    test = poisoned.index[-ROWS // 5 :]
    poisoned.loc[test, "number"] = -8.0
    poisoned.loc[test, "word"] = "poison"
    poisoned.loc[test, "outcome"] = ~poisoned.loc[test, "outcome"]
    one, other = train_here(spec, frame), train_here(spec, poisoned)
    first, second = fetch_run(one), fetch_run(other)
    assert first.metadata["data_digest"] != second.metadata["data_digest"]
    # The description of the split counts test rows that repeat training rows.
    apart = dict.fromkeys(("data_digest", "test_digest", "code", "split"))
    assert decided(first) | apart == decided(second) | apart
    rows = inputs(frame, COLUMNS)
    assert np.array_equal(first.model.predict_proba(rows), second.model.predict_proba(rows))


# --- the choice ----------------------------------------------------------------------------------


def trial(name: str, *folds: float, baseline: bool = False) -> Trial:
    model = candidates(COLUMNS, "binary", 0)[0].model
    return Trial(Candidate(name, model, is_baseline=baseline), folds, np.array([]))


def test_select_takes_the_simplest_within_one_standard_error() -> None:
    better = problem("binary", metric="roc_auc")
    simple, wide = trial("simple", 0.78, 0.80), trial("complex", 0.75, 0.87)
    assert select(better, (simple, wide)).candidate.name == "simple"
    assert select(better, (simple, trial("complex", 0.84, 0.85))).candidate.name == "complex"


def test_select_where_lower_is_better_takes_the_lowest() -> None:
    spec = problem("binary", metric="log_loss")
    simple, best = trial("simple", 0.30, 0.31), trial("complex", 0.20, 0.21)
    assert select(spec, (simple, best)).candidate.name == "complex"
    assert select(spec, (best, simple)).candidate.name == "complex"


def test_select_never_takes_a_baseline() -> None:
    spec = problem("binary", metric="roc_auc")
    baseline = trial("dummy", 0.9, 0.9, baseline=True)
    assert select(spec, (baseline, trial("linear", 0.5, 0.5))).candidate.name == "linear"


# --- rows that are difficult ---------------------------------------------------------------------


def test_gather_excludes_rows_without_an_outcome(here: Path) -> None:
    frame = table("regression")
    frame.loc[:99, "outcome"] = np.nan
    write_project(problem("regression"), frame)
    assert len(gather(problem("regression"), schema(float)).frame) == ROWS - 100


@pytest.mark.parametrize(
    ("task", "value"), [("regression", 1.0), ("multiclass", "low"), ("binary", True)]
)
def test_train_with_one_outcome_is_refused(here: Path, task: Task, value: float | str) -> None:
    with pytest.raises(BadInput):
        train_here(problem(task), table(task).assign(outcome=value))


Made = tuple[Candidate, ...]


def _names_repeat(data: Sequence[Column], task: Task, seed: int, rows: int) -> Made:
    made = candidates(data, task, seed, rows)
    return (*made, replace(made[0], name=made[-1].name))


def _no_model_for_nan(data: Sequence[Column], task: Task, seed: int, rows: int) -> Made:
    [first, *others] = candidates(data, task, seed, rows)
    blind = make_pipeline(FunctionTransformer(lambda frame: frame[["number"]]), LinearRegression())
    return (first, *others, Candidate("blind", blind))


def _crash(frame: pd.DataFrame) -> pd.DataFrame:
    raise ZeroDivisionError("no items")


def _feature_that_crashes(data: Sequence[Column], task: Task, seed: int, rows: int) -> Made:
    return (Candidate("careless", make_pipeline(FunctionTransformer(_crash), Ridge())),)


@pytest.mark.parametrize(
    ("made", "code", "details"),
    [
        (_names_repeat, "repeated-candidate", ["'gradient_boosting'"]),
        (_no_model_for_nan, "feature-not-finite", ["'features'", "missing"]),
        (_feature_that_crashes, "feature-failed", ["ZeroDivisionError (no items)"]),
    ],
)
def test_train_a_failing_candidate_names_it(
    here: Path, made: Callable[..., Made], code: str, details: list[str]
) -> None:
    """A traceback of a library would name neither candidate nor feature."""
    write_project(problem("regression"), table("regression"))
    with refused(code, *details):
        train(problem("regression"), ModelDefinition(schema(float), made), lambda _: None)


LATE = pd.Timestamp("2026-01-13")


@pytest.mark.parametrize(
    ("feature", "code", "detail"),
    [
        (
            lambda rows: rows[["integer"]].astype(float).where(rows["day"] < LATE, np.inf),
            *("feature-not-finite", "infinite"),
        ),
        (
            lambda rows: rows.loc[rows["day"] < LATE, ["integer"]],
            *("candidate-failed", "have features of"),
        ),
    ],
    ids=["infinite", "dropped"],
)
def test_train_a_feature_that_fails_on_the_latest_rows_only_is_refused(
    here: Path, feature: Callable[[pd.DataFrame], pd.DataFrame], code: str, detail: str
) -> None:
    """The last fold predicts these rows, and no fold is fitted on them."""

    def made(data: Sequence[Column], task: Task, seed: int, rows: int) -> Made:
        return (Candidate("mine", make_pipeline(FunctionTransformer(feature), Ridge())),)

    spec = problem("regression", rows='time = "day"')
    write_project(spec, table("regression"))
    with refused(code, detail):
        train(spec, ModelDefinition(schema(float), made), lambda _: None)


def test_train_without_positive_outcomes_is_refused(here: Path) -> None:
    frame = table("multiclass").query("outcome != 'high'")
    frame.to_parquet("data.parquet", index=False)
    with refused("unknown-positive-class", "'yes'"):
        train(problem("binary", positive="yes"), definition(str), print)


def test_train_a_class_of_three_rows_is_trained(here: Path) -> None:
    frame = table("multiclass")
    frame.loc[frame.sample(3, random_state=0).index, "outcome"] = "rare"
    run = train_here(problem("multiclass"), frame)
    assert "rare" in run.metadata["classes"]
    assert all(np.isfinite(trial["folds"]).all() for trial in run.metadata["trials"])


def test_train_a_class_of_one_row_is_refused(here: Path) -> None:
    frame = table("multiclass")
    frame.loc[0, "outcome"] = "rare"
    with pytest.raises(BadInput, match="'outcome'"):
        train_here(problem("multiclass"), frame)


# --- what a team changes -------------------------------------------------------------------------


def test_train_with_a_replaced_step_records_its_result(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another rule of choice and no calibration: the run, its record and its model follow."""
    monkeypatch.setattr("poc.train.select", lambda _, trials: trials[1])
    monkeypatch.setattr("poc.train.should_calibrate", lambda *_: None)
    run = train_here(problem("binary"), table("binary"))
    assert run.chosen == "rule"
    recorded = run.metadata
    assert (recorded["candidate"], recorded["calibrated"], recorded["calibration"]) == (
        "rule",
        False,
        None,
    )
