"""What a model earns, and the threshold that earns most, equal what one computes by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.problem.metrics import Array
from engine.problem.spec import Task, Value
from engine.tests.training.made import problem
from engine.tests.training.test_calibrate import data_of
from engine.training.dataset import CrossValidationData
from engine.training.evaluate import mean_interval
from engine.training.money import (
    NEVER,
    best_threshold,
    fold_thresholds,
    money,
    threshold_of,
    worth,
)

OUTCOME, SCORE = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.2, 0.8, 0.1])
COSTS = {"true_positive": 8.0, "false_negative": -1.0}
COSTS |= {"false_positive": -2.0, "true_negative": 0.5}


def costs(**changes: float | None) -> Value:
    return Value(currency="EUR", **{**COSTS, **changes})


@pytest.mark.parametrize("amount", [0.0, None])
@pytest.mark.parametrize("at", range(4))
def test_money_an_outcome_without_a_price_earns_nothing(at: int, amount: float | None) -> None:
    name = ("true_positive", "false_negative", "false_positive", "true_negative")[at]
    expected = [8, -1, -2, 0.5]
    expected[at] = 0
    assert money(costs(**{name: amount}), "binary", OUTCOME, SCORE, 0.5).tolist() == expected


@pytest.mark.parametrize(
    ("task", "value", "score"),
    [
        ("multiclass", {"correct": 0.0, "wrong": 0.0}, np.eye(4)),
        ("multiclass", {}, np.eye(4)),
        ("regression", {"per_unit_error": 0.0}, SCORE),
        ("regression", {}, SCORE),
    ],
)
def test_money_without_prices_is_nothing(task: Task, value: dict[str, Any], score: Array) -> None:
    assert money(Value(currency="EUR", **value), task, OUTCOME, score, None).tolist() == [0] * 4


def test_money_acts_from_the_threshold_on() -> None:
    outcome, score = np.array([1.0, 1, 1]), np.array([0.49, 0.5, 0.51])
    assert money(costs(), "binary", outcome, score, None).tolist() == [-1, 8, 8]
    assert money(costs(), "binary", outcome, score, 0.51).tolist() == [-1, -1, 8]
    assert money(costs(), "binary", outcome, score, np.array([0.1, 0.6, 0.5])).tolist() == [
        8,
        -1,
        8,
    ]
    assert money(costs(), "binary", outcome, score, np.inf).tolist() == [-1, -1, -1]


def test_worth_equals_the_mean_of_the_money_and_its_interval() -> None:
    rng = np.random.default_rng(0)
    outcome, score = (rng.random(300) < 0.4).astype(float), rng.random(300)
    spec, groups = problem("binary"), np.repeat(np.arange(100), 3)
    for own in (None, groups):
        result = worth(spec, outcome, score, score, 0.3, own)
        paid = 1000 * money(spec.value, "binary", outcome, score, 0.3)
        earned = mean_interval(paid, outcome, "binary", own)
        assert result["currency"] == "EUR"
        assert (result["per_1000_rows"], result["low"], result["high"]) == (
            earned.value, earned.low, earned.high,
        )  # fmt: skip
        assert result["low"] < paid.mean() < result["high"]


def test_worth_without_a_model_follows_the_baseline_or_never_acts() -> None:
    labels = np.array([0.0, 1, 1, 1])
    usual, other = np.eye(2)[[1, 1, 1, 1]], np.eye(2)[[0, 1, 1, 1]]
    result = worth(problem("multiclass"), labels, other, usual, None)
    assert (result["per_1000_rows"], result["do_nothing"]) == (1000, 1000 * (3 - 4) / 4)
    values = np.array([1.0, 3, 5, 7])
    result = worth(problem("regression"), values, values + 1, np.full(4, 4.0), None)
    assert (result["per_1000_rows"], result["do_nothing"]) == (-500, -1000)
    # A baseline that acts in each row is not what happens without a model.
    result = worth(problem("binary"), OUTCOME, SCORE, np.ones(4), 0.5)
    assert result["do_nothing"] == 1000 * (-1 - 1 + 0.5 + 0.5) / 4


def test_best_threshold_lies_midway_between_two_scores() -> None:
    outcome, score = np.array([0.0, 1, 0, 1]), np.array([0.1, 0.5, 0.2, 0.9])
    assert best_threshold(costs(), outcome, score) == pytest.approx(0.35)
    assert best_threshold(costs(), outcome[::-1], score[::-1]) == pytest.approx(0.35)


def test_best_threshold_where_acting_always_pays_is_below_every_score() -> None:
    outcome, score = np.ones(3), np.array([0.4, 0.2, 0.3])
    assert best_threshold(costs(), outcome, score) == pytest.approx(0.1)


def test_best_threshold_never_separates_equal_scores() -> None:
    """Of three rows with one score the first two would pay; with the third they do not."""
    outcome, score = np.array([1.0, 1, 0, 0, 0, 0]), np.array([0.5, 0.5, 0.5, 0.5, 0.5, 0.1])
    price = costs(false_positive=-9.0)
    assert best_threshold(price, outcome, score) == NEVER
    # The best of two that earn the same is the higher: it acts less.
    outcome, score = np.array([1.0, 1, 0]), np.array([0.8, 0.4, 0.6])
    even = costs(true_positive=1.0, false_negative=0.0, false_positive=-1.0, true_negative=0.0)
    assert best_threshold(even, outcome, score) == pytest.approx(0.7)


@pytest.mark.parametrize(("gain", "acts"), [(1.0, False), (1.001, True)])
def test_best_threshold_acts_where_that_earns_more_than_nothing(gain: float, acts: bool) -> None:
    even = costs(true_positive=gain, false_negative=0.0, false_positive=-1.0, true_negative=0.0)
    best = best_threshold(even, np.array([1.0, 0]), np.array([0.5, 0.5]))
    assert (best < 1) == acts
    assert acts or best == NEVER


def test_threshold_of_uses_the_given_rows_alone(here: Path) -> None:
    data, scores, rows = scored(data_of("binary"))
    half = rows[::2]
    expected = best_threshold(data.problem.value, data.outcomes(half), scores[half])
    assert threshold_of(data, scores, half) == expected
    assert threshold_of(data, scores, rows) != expected


@pytest.mark.parametrize("rows", ["", 'time = "day"'])
def test_fold_thresholds_are_set_on_other_folds(here: Path, rows: str) -> None:
    """The first fold by time has no others: it gets the threshold of all rows."""
    data, scores, all_rows = scored(data_of("binary", rows=rows))
    result = fold_thresholds(data, scores)
    assert result is not None
    assert len(result) == len(all_rows)
    for number, (_, validation) in enumerate(data.folds):
        others = data.calibration_rows(number)
        assert (number == 0 and bool(rows)) == (not len(others))
        expected = threshold_of(data, scores, others if len(others) else all_rows)
        assert set(result[np.isin(all_rows, validation)]) == {expected}


def test_thresholds_of_other_tasks_are_none(here: Path) -> None:
    data = data_of("multiclass")
    scores = np.random.default_rng(0).dirichlet(np.ones(3), len(data.table))
    assert threshold_of(data, scores, data.out_of_fold_rows) is None
    assert fold_thresholds(data, scores) is None


def scored(data: CrossValidationData) -> tuple[CrossValidationData, Array, np.ndarray]:
    """The data, a score for each row that knows its outcome in part, and the out-of-fold rows."""
    rng = np.random.default_rng(0)
    outcomes = data.outcomes(np.arange(len(data.table)))
    return data, rng.random(len(outcomes)) * 0.8 + 0.2 * outcomes, data.out_of_fold_rows
