"""Targets, money, metrics and slices equal what one computes by hand."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from engine.problem.known_metrics import metrics_of
from engine.problem.metrics import METRICS
from engine.problem.spec import Task, Value
from engine.tests.training.made import problem, refused
from engine.training.evaluate import (
    bootstrap,
    calibration,
    measures,
    predict,
    slices,
    targets_of,
)
from engine.training.money import NEVER, best_threshold, money, worth

COSTS = problem("binary").value


def outcomes(*values: Any) -> pd.DataFrame:
    return pd.DataFrame({"outcome": list(values)})


class Answers:
    """A fitted model that returns these values, whatever the rows."""

    def __init__(self, *values: float) -> None:
        self._values = values

    def predict(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        return np.array(self._values)


@pytest.mark.parametrize("values", [(1.0,), (1.0, np.nan), (1.0, np.inf), (1.0, 2.0, 3.0)])
def test_predict_other_than_a_finite_number_for_each_row_is_refused(values: Any) -> None:
    rows = pd.DataFrame({"number": [1.0, 2.0]})
    assert predict(Answers(1.0, 2.0), rows, "regression", ()).tolist() == [1.0, 2.0]
    with refused("candidate-failed", "Answers"):
        predict(Answers(*values), rows, "regression", ())


# --- targets --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positive", "negative"),
    [(True, False), (False, True), ("yes", "no"), ("a", "b"), (1, 0), (0, 1)],
)
def test_targets_of_binary_positive_is_1(positive: Any, negative: Any) -> None:
    targets = targets_of(
        problem("binary", positive=positive), outcomes(positive, negative, negative, positive)
    )
    assert targets.values.tolist() == [1, 0, 0, 1]
    assert targets.classes == (negative, positive)
    assert targets.labels.tolist() == [positive, negative, negative, positive]


def test_targets_of_multiclass_are_in_order() -> None:
    targets = targets_of(problem("multiclass"), outcomes("b", "c", "a", "b"))
    assert targets.classes == ("a", "b", "c")
    assert targets.values.tolist() == [1, 2, 0, 1]
    assert targets.labels.tolist() == ["b", "c", "a", "b"]


def test_targets_of_regression_are_the_values() -> None:
    targets = targets_of(problem("regression"), outcomes(1, 2, 3))
    assert targets.classes == ()
    assert targets.labels.tolist() == [1.0, 2.0, 3.0]


def test_targets_of_test_use_the_classes_of_training() -> None:
    spec = problem("binary")
    assert targets_of(spec, outcomes(True, True), (False, True)).values.tolist() == [1, 1]
    with refused("unknown-class", "z"):
        targets_of(problem("multiclass"), outcomes("a", "z"), ("a", "b"))


@pytest.mark.parametrize(
    ("task", "positive", "values", "code", "fact"),
    [
        ("binary", "yes", ["no", "nay"], "unknown-positive-class", "'yes'"),
        ("binary", True, [True, True], "target-not-binary", " 1 "),
        ("binary", "a", ["a", "b", "c"], "target-not-binary", " 3 "),
        ("regression", None, [1.0, np.nan], "target-not-finite", " 1 "),
        ("regression", None, [1.0, np.inf, -np.inf], "target-not-finite", " 2 "),
    ],
)
def test_targets_of_unfit_outcomes_are_refused(
    task: Task, positive: Any, values: list[Any], code: str, fact: str
) -> None:
    with refused(code, fact):
        targets_of(problem(task, positive=positive), outcomes(*values))


# --- money ---------------------------------------------------------------------------------------


def test_money_equals_the_costs_by_hand() -> None:
    # A hit, a miss, a false alarm and a correct rejection, by the costs in made.py.
    outcome, score = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.2, 0.8, 0.1])
    assert money(COSTS, "binary", outcome, score, 0.5).tolist() == [8, -1, -2, 0.5]
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    classes = problem("multiclass").value
    assert money(classes, "multiclass", np.array([0.0, 1]), shares, None).tolist() == [1, -4]
    number = problem("regression").value
    assert money(number, "regression", np.array([3.0]), np.array([5.0]), None).tolist() == [-1]


def test_worth_is_compared_with_acting_never_and_always() -> None:
    outcome, score = np.array([1.0, 0] * 50), np.array([0.9, 0.1] * 50)
    result = worth(problem("binary"), outcome, score, score, 0.5)
    assert result["per_1000_rows"] == pytest.approx(1000 * (8 + 0.5) / 2)
    assert result["do_nothing"] == pytest.approx(1000 * (-1 + 0.5) / 2)
    assert result["act_always"] == pytest.approx(1000 * (8 - 2) / 2)
    assert result["low"] == result["high"] == result["per_1000_rows"]  # classes keep their counts


def test_worth_of_a_value_knows_no_acting_always() -> None:
    outcome = np.array([1.0, 2.0, 3.0])
    assert worth(problem("regression"), outcome, outcome, outcome, None)["act_always"] is None


@pytest.mark.parametrize("seed", range(30))
def test_best_threshold_earns_most(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(2, 40))
    score = rng.choice([rng.random(rows), rng.integers(0, 4, rows) / 4, np.full(rows, 0.3)])
    outcome = (rng.random(rows) < rng.choice([0.05, 0.5])).astype(float)
    amounts = sorted(rng.normal(size=2))
    costs = Value(
        currency="EUR",
        true_positive=amounts[1],
        false_negative=amounts[0],
        false_positive=float(rng.normal()),
        true_negative=float(rng.normal()),
    )

    def earned(threshold: float) -> float:
        return float(money(costs, "binary", outcome, score, threshold).sum())

    best = max(earned(threshold) for threshold in [*score, 0.0, NEVER])
    assert earned(best_threshold(costs, outcome, score)) == pytest.approx(best)


def test_best_threshold_where_acting_never_pays_is_never() -> None:
    costs = Value(
        currency="EUR",
        true_positive=1.0,
        false_negative=0.0,
        false_positive=-1000.0,
        true_negative=0.0,
    )
    outcome, score = np.array([1.0, 0.0]), np.array([1.0, 1.0])
    assert best_threshold(costs, outcome, score) == NEVER
    assert not (score >= NEVER).any()


# --- measures ------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_measures_hold_every_metric_of_the_task(task: Task) -> None:
    rng = np.random.default_rng(0)
    outcome = rng.integers(0, 2 if task == "binary" else 3, 200).astype(float)
    score = rng.random(200) if task != "multiclass" else rng.dirichlet([1, 1, 1], 200)
    result = measures(problem(task), outcome, score)
    assert set(result) == set(metrics_of(task))
    for name, one in result.items():
        assert one.value == METRICS[name].compute(outcome, score)
        assert one.low <= one.value <= one.high


def test_slices_with_too_few_rows_have_no_metric() -> None:
    spec = problem("binary", slices='slices = [{ column = "shop", floor = 0.3 }]')
    shop = ["large"] * 100 + ["small"] * 29 + [None] * 40 + ["one-class"] * 50
    outcome = np.array([0.0, 1.0] * 110)[:219]
    outcome[-50:] = 1
    score = np.full(219, 0.5)
    frame = pd.DataFrame({"shop": pd.Series(shop, dtype="str")})
    result = {one["value"]: one for one in slices(spec, frame, outcome, score)}
    assert {name: one["rows"] for name, one in result.items()} == {
        **{"large": 100, "small": 29},
        **{"(missing)": 40, "one-class": 50},
    }
    assert result["large"]["metric"] == result["(missing)"]["metric"] == pytest.approx(0.25)
    assert result["small"]["metric"] is None
    assert result["one-class"]["metric"] is None
    assert all(one["floor"] == 0.3 for one in result.values())


def test_slices_of_a_column_with_many_values_are_refused() -> None:
    spec = problem("binary", slices='slices = [{ column = "id", floor = 0.3 }]')
    frame = pd.DataFrame({"id": range(100)})
    with refused("too-many-slices", "'id'", "100"):
        slices(spec, frame, np.zeros(100), np.zeros(100))


def test_calibration_counts_every_row_once() -> None:
    rng = np.random.default_rng(0)
    score = rng.random(1003)
    outcome = (rng.random(1003) < score).astype(float)
    groups = calibration(outcome, score)
    assert len(groups) == 10
    assert sum(group["rows"] for group in groups) == 1003
    assert sum(group["rows"] * group["share"] for group in groups) == pytest.approx(outcome.sum())
    for one, other in itertools.pairwise(groups):
        assert one["mean_score"] < other["mean_score"]
    assert all(abs(group["mean_score"] - group["share"]) < 0.15 for group in groups)
    assert len(calibration(outcome[:3], score[:3])) == 3


def test_targets_of_rows_with_one_unit_have_groups() -> None:
    spec = problem("regression", rows='unit = "house"')
    frame = pd.DataFrame({"outcome": [1.0, 2.0, 3.0], "house": ["a", "b", "a"]})
    groups = targets_of(spec, frame).groups
    assert groups is not None
    assert groups.tolist() == [0, 1, 0]
    assert targets_of(spec, frame.iloc[:2]).groups is None
    assert targets_of(problem("regression"), frame).groups is None


def test_bootstrap_draws_enough_groups_for_a_rare_class() -> None:
    rng, rows = np.random.default_rng(1), 40_000
    outcome, groups = np.zeros(rows), np.arange(rows) // 4
    outcome[rng.choice(rows, 4, replace=False)] = 1
    scores = 0.1 * outcome + rng.random(rows)
    for name in ("roc_auc", "average_precision"):
        metric = METRICS[name].compute
        result = bootstrap(metric, outcome, scores, "binary", groups)
        assert result.low < result.value < result.high


def test_bootstrap_draws_all_of_few_large_groups() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(8), 5_000)
    paid = rng.normal(size=8)[groups]
    result = bootstrap(lambda _, part: float(part.mean()), paid, paid, "regression", groups)
    assert result.high - result.low > 0.5


def test_every_interval_is_wider_with_groups() -> None:
    """Nine equal rows of a unit carry as much information as one."""
    rng = np.random.default_rng(0)
    outcome, spec = (
        rng.normal(size=300),
        problem("regression", slices='slices = [{ column = "carrier", floor = 0.3 }]'),
    )
    scores, groups = outcome + rng.normal(size=300), np.repeat(np.arange(300), 9)
    outcome, scores = np.repeat(outcome, 9), np.repeat(scores, 9)
    frame = pd.DataFrame({"carrier": ["one"] * len(scores)})

    def widths(groups: NDArray[np.intp] | None) -> list[float]:
        [group] = slices(spec, frame, outcome, scores, groups)
        money = worth(spec, outcome, scores, 0 * scores, None, groups)
        whole = measures(spec, outcome, scores, groups)["r2"]
        part = bootstrap(METRICS["r2"].compute, outcome, scores, "regression", groups)
        ends = [(one["low"], one["high"]) for one in (group, money)]
        ends += [(one.low, one.high) for one in (whole, part)]
        return [high - low for low, high in ends]

    ratios = np.divide(widths(groups), widths(None))
    assert ratios == pytest.approx([3.0] * 4, rel=0.3)
