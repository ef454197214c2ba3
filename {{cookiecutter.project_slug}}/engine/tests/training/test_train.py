"""Training is honest about the test, gives the same model again, and says no in a sentence."""

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

from engine.bundle.run import TrainedRun
from engine.contract.column import Column
from engine.data.load import inputs
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, problem
from engine.tests.training.training import (
    ROWS,
    definition,
    fetched,
    framed_here,
    schema,
    table,
    trained,
)
from engine.training.candidates import Candidate, ModelDefinition
from engine.training.dataset import gather
from engine.training.folds import Trial
from engine.training.selection import select
from poc.model import candidates
from poc.train import train


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_every_task_is_learned(here: Path, task: Task) -> None:
    said: list[str] = []
    run = trained(problem(task), table(task), said)
    assert run.rows == pytest.approx(0.8 * ROWS, abs=3)
    assert (run.threshold is None) == (task != "binary")
    assert [trial.candidate.name for trial in run.trials] == [
        *("dummy", "rule", "linear", "gradient_boosting")
    ]
    assert run.chosen in ("rule", "linear", "gradient_boosting")
    assert said[0].startswith(f"{run.rows} rows to learn from, 6 inputs")
    assert any(line.startswith(f"chosen: {run.chosen}") for line in said)


def decided(run: TrainedRun) -> dict[str, Any]:
    """The run's facts without what a clock said."""
    clock = dict.fromkeys(("fit_seconds", "latency_ms"))
    trials = [trial | clock for trial in run.metadata["trials"]]
    return run.metadata | {"trials": trials, "frontier": None}


def test_training_again_gives_the_same_model(here: Path) -> None:
    frame = table("binary")
    one, other = (trained(problem("binary"), frame) for _ in range(2))
    for before, after in zip(one.trials, other.trials, strict=True):
        assert before.folds == after.folds
        assert np.array_equal(before.scores, after.scores, equal_nan=True)
    first, second = fetched(one), fetched(other)
    assert decided(first) == decided(second)
    rows = inputs(frame, COLUMNS)
    assert np.array_equal(first.model.predict_proba(rows), second.model.predict_proba(rows))


def test_the_test_rows_change_nothing(here: Path) -> None:
    frame, framed = table("binary"), problem("binary", rows='time = "day"')
    poisoned = frame.copy()
    test = poisoned.index[-ROWS // 5 :]
    poisoned.loc[test, "number"] = -8.0
    poisoned.loc[test, "word"] = "poison"
    poisoned.loc[test, "outcome"] = ~poisoned.loc[test, "outcome"]
    one, other = trained(framed, frame), trained(framed, poisoned)
    first, second = fetched(one), fetched(other)
    assert first.metadata["data_digest"] != second.metadata["data_digest"]
    apart = dict.fromkeys(("data_digest", "test_digest", "code"))
    assert decided(first) | apart == decided(second) | apart
    rows = inputs(frame, COLUMNS)
    assert np.array_equal(first.model.predict_proba(rows), second.model.predict_proba(rows))


# --- the choice ----------------------------------------------------------------------------------


def trial(name: str, *folds: float, baseline: bool = False) -> Trial:
    model = candidates(COLUMNS, "binary", 0)[0].model
    return Trial(Candidate(name, model, is_baseline=baseline), folds, np.array([]))


def test_the_simplest_within_one_standard_error_of_the_best_is_chosen() -> None:
    better = problem("binary", metric="roc_auc")
    simple, wide = trial("simple", 0.78, 0.80), trial("complex", 0.75, 0.87)
    assert select(better, (simple, wide)).candidate.name == "simple"
    assert select(better, (simple, trial("complex", 0.84, 0.85))).candidate.name == "complex"


def test_where_less_is_better_the_least_is_best() -> None:
    framed = problem("binary", metric="log_loss")
    simple, best = trial("simple", 0.30, 0.31), trial("complex", 0.20, 0.21)
    assert select(framed, (simple, best)).candidate.name == "complex"
    assert select(framed, (best, simple)).candidate.name == "complex"


def test_a_baseline_is_never_the_choice() -> None:
    framed = problem("binary", metric="roc_auc")
    baseline = trial("dummy", 0.9, 0.9, baseline=True)
    assert select(framed, (baseline, trial("linear", 0.5, 0.5))).candidate.name == "linear"


# --- rows that are difficult ---------------------------------------------------------------------


def test_rows_without_an_outcome_are_left_out(here: Path) -> None:
    frame = table("regression")
    frame.loc[:99, "outcome"] = np.nan
    framed_here(problem("regression"), frame)
    assert len(gather(problem("regression"), schema(float)).frame) == ROWS - 100


@pytest.mark.parametrize(
    ("task", "value"), [("regression", 1.0), ("multiclass", "low"), ("binary", True)]
)
def test_one_outcome_only_is_refused(here: Path, task: Task, value: float | str) -> None:
    with pytest.raises(BadInput):
        trained(problem(task), table(task).assign(outcome=value))


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
    ("made", "message"),
    [
        (_names_repeat, "'gradient_boosting' twice"),
        (_no_model_for_nan, "cannot train blind: ValueError: .*NaN"),
        (_feature_that_crashes, "cannot train careless: ZeroDivisionError: no items"),
    ],
)
def test_candidates_that_cannot_be_trained_are_named(
    here: Path, made: Callable[..., Made], message: str
) -> None:
    """Not a traceback of a library, which names neither candidate nor feature."""
    framed_here(problem("regression"), table("regression"))
    with pytest.raises(BadInput, match=message):
        train(problem("regression"), ModelDefinition(schema(float), made), lambda _: None)


def test_a_positive_outcome_that_never_comes_is_refused(here: Path) -> None:
    frame = table("multiclass").query("outcome != 'high'")
    frame.to_parquet("data.parquet", index=False)
    with pytest.raises(BadInput, match=r"target\.positive is 'yes'"):
        train(problem("binary", positive="yes"), definition(str), print)


def test_a_class_of_a_few_rows_is_learned_where_both_sides_have_it(here: Path) -> None:
    frame = table("multiclass")
    frame.loc[frame.sample(3, random_state=0).index, "outcome"] = "rare"
    run = trained(problem("multiclass"), frame)
    assert "rare" in fetched(run).metadata["classes"]
    assert all(np.isfinite(trial.folds).all() for trial in run.trials)


def test_a_class_of_one_row_is_refused_in_a_sentence(here: Path) -> None:
    frame = table("multiclass")
    frame.loc[0, "outcome"] = "rare"
    with pytest.raises(BadInput, match="'outcome'"):
        trained(problem("multiclass"), frame)


# --- what a team changes -------------------------------------------------------------------------


def test_a_step_of_the_program_that_is_replaced_decides(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another rule of choice and no calibration: the run, its record and its model follow."""
    monkeypatch.setattr("poc.train.select", lambda _, trials: trials[1])
    monkeypatch.setattr("poc.train.should_calibrate", lambda *_: None)
    run = trained(problem("binary"), table("binary"))
    assert run.chosen == "rule"
    facts = fetched(run).metadata
    assert (facts["candidate"], facts["calibrated"], facts["calibration"]) == ("rule", False, None)
