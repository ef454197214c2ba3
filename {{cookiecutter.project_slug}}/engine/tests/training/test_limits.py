"""Intervals, errors and shares have their textbook size, and limits their stated end."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.problem.metrics import METRICS, interval
from engine.tests.training.made import COLUMNS, problem
from engine.tests.training.training import KINDS, schema, table
from engine.training import insight
from engine.training.candidates import Candidate
from engine.training.dataset import CrossValidationData, cross_validation_data, gather
from engine.training.evaluate import bootstrap, slices, t_interval
from engine.training.folds import Trial, cross_validate, select
from poc.model import candidates


def data_here() -> CrossValidationData:
    table("regression", 600).to_parquet("data.parquet", index=False)
    spec = problem("regression", metric="mean_absolute_error")
    return cross_validation_data(gather(spec, schema(KINDS["regression"])))


def trial(name: str, *folds: float) -> Trial:
    model = candidates(COLUMNS, "binary", 0)[0].model
    return Trial(Candidate(name, model), folds, np.array([]))


# Mean 0.9; the sample deviation of two folds is 0.1 · √2, so the standard error of the mean 0.1.
@pytest.mark.parametrize(
    ("metric", "simple", "chosen"),
    [
        ("roc_auc", 0.801, "simple"),
        ("roc_auc", 0.799, "complex"),
        ("log_loss", 0.999, "simple"),
        ("log_loss", 1.001, "complex"),
    ],
)
def test_select_one_standard_error_of_the_mean_is_the_limit(
    metric: str, simple: float, chosen: str
) -> None:
    tried = (trial("simple", simple, simple), trial("complex", 0.8, 1.0))
    assert select(problem("binary", metric=metric), tried).candidate.name == chosen


def test_t_interval_equals_that_of_the_table() -> None:
    """Student's t of three degrees of freedom: 3.182 at 97.5 %."""
    result = t_interval(np.array([1.0, 2.0, 3.0, 4.0]))
    reach = 3.182 * np.sqrt(5 / 3) / 2
    assert (result.low, result.value, result.high) == pytest.approx(
        (2.5 - reach, 2.5, 2.5 + reach), abs=1e-3
    )


def test_interval_ends_at_the_percentiles_of_95_percent() -> None:
    result = interval(np.arange(1001.0), 500.0)
    assert (result.low, result.value, result.high) == (25, 500, 975)


@pytest.mark.parametrize("rows", [500, 40_000])
def test_bootstrap_of_a_mean_is_as_wide_as_its_standard_error(rows: int) -> None:
    """Of many rows a part is drawn; the interval is that of all of them."""
    paid = np.random.default_rng(0).normal(size=rows)
    result = bootstrap(lambda _, part: float(part.mean()), paid, paid, "regression", None)
    width = 2 * 1.96 * paid.std() / np.sqrt(rows)
    assert result.high - result.low == pytest.approx(width, rel=0.2)
    assert result.value == pytest.approx(paid.mean())


@pytest.mark.parametrize(("rows", "measured"), [(29, False), (30, True)])
def test_slices_of_thirty_rows_are_measured(rows: int, measured: bool) -> None:
    spec = problem("regression", slices='slices = [{ column = "shop", floor = 0.3 }]')
    outcome = np.arange(float(rows))
    [one] = slices(spec, pd.DataFrame({"shop": ["a"] * rows}), outcome, outcome)
    assert (one["metric"] is not None) == measured


def test_importance_is_the_loss_without_an_input(here: Path) -> None:
    """Of a metric where lower is better too: what the outcome depends on comes first."""
    data = data_here()
    [tried] = cross_validate(data, [candidates(COLUMNS, "regression", 0)[2]])
    ranked = insight.importance(data, tried)
    assert {one.column for one in ranked[:2]} == {"integer", "flag"}
    assert ranked[0].drop > 0.5


def test_shap_summary_ranks_what_the_outcome_depends_on(here: Path) -> None:
    data = data_here()
    own = candidates(COLUMNS, "regression", 0)
    dummy, linear, boosting = cross_validate(data, [own[0], own[2], own[3]])
    assert insight.shap_summary(data, dummy) is None
    for tried, method in ((linear, "linear SHAP"), (boosting, "tree SHAP")):
        made = insight.shap_summary(data, tried)
        assert made is not None
        assert (made["method"], made["scale"]) == (method, "value")
        assert {one["input"] for one in made["inputs"][:2]} == {"integer", "flag"}
        assert {one["input"] for one in made["inputs"]} == {column.name for column in COLUMNS}


@pytest.mark.parametrize(
    ("folds", "gain", "verdict"),
    [
        ((0.4, 0.41, 0.39, 0.4, 0.4), 0.1, "still rising"),
        ((0.3, 0.5, 0.5, 0.5, 0.5), 0.04, "flat"),  # better on average, by chance
        ((0.6, 0.61, 0.59, 0.6, 0.6), -0.1, "flat"),  # surely worse
    ],
)
def test_learning_curve_rises_where_the_gain_is_more_than_chance(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    folds: tuple[float, ...],
    gain: float,
    verdict: str,
) -> None:
    """The error on every smaller share is 0.5; lower is better."""
    data = data_here()
    monkeypatch.setattr(insight, "parallel_map", lambda _, jobs: [0.5] * len(jobs))
    curve = insight.learning_curve(data, replace(trial("linear"), folds=folds))
    assert curve is not None
    assert curve.gain == pytest.approx(gain)
    assert curve.verdict == verdict
    assert curve.rows[-1] == pytest.approx(0.8 * len(data.table), abs=2)
    assert curve.rows[-2] == pytest.approx(curve.rows[-1] / 3, abs=1)


@pytest.mark.parametrize(("score", "is_right"), [(0.5, 1.0), (np.nextafter(0.5, 0), 0.0)])
def test_accuracy_a_half_is_a_yes(score: float, is_right: float) -> None:
    given: Any = np.array([score])
    assert METRICS["accuracy"].compute(np.array([1.0]), given) == is_right
