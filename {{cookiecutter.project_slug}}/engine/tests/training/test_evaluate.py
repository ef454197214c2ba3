"""What is said of a model is what a patient person would work out by hand."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from engine.problem.errors import BadInput
from engine.problem.known_metrics import metrics_of
from engine.problem.metrics import METRICS
from engine.problem.spec import Task, Value
from engine.tests.training.made import problem
from engine.training.evaluate import (
    NEVER,
    best_threshold,
    calibration,
    measures,
    money,
    slices,
    targets_of,
    worth,
)
from engine.training.fit_final import bootstrap

COSTS = problem("binary").value


def outcomes(*values: Any) -> pd.DataFrame:
    return pd.DataFrame({"outcome": list(values)})


# --- truth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("positive", "negative"),
    [(True, False), (False, True), ("yes", "no"), ("a", "b"), (1, 0), (0, 1)],
)
def test_the_positive_outcome_is_1_whatever_it_is_called(positive: Any, negative: Any) -> None:
    known = targets_of(
        problem("binary", positive=positive), outcomes(positive, negative, negative, positive)
    )
    assert known.values.tolist() == [1, 0, 0, 1]
    assert known.classes == (negative, positive)
    assert known.labels.tolist() == [positive, negative, negative, positive]


def test_classes_are_in_order_and_keep_their_names() -> None:
    known = targets_of(problem("multiclass"), outcomes("b", "c", "a", "b"))
    assert known.classes == ("a", "b", "c")
    assert known.values.tolist() == [1, 2, 0, 1]
    assert known.labels.tolist() == ["b", "c", "a", "b"]


def test_numbers_are_themselves() -> None:
    known = targets_of(problem("regression"), outcomes(1, 2, 3))
    assert known.classes == ()
    assert known.labels.tolist() == [1.0, 2.0, 3.0]


def test_the_classes_of_training_are_those_of_the_test() -> None:
    framed = problem("binary")
    assert targets_of(framed, outcomes(True, True), (False, True)).values.tolist() == [1, 1]
    with pytest.raises(BadInput, match="no row to learn from has"):
        targets_of(problem("multiclass"), outcomes("a", "z"), ("a", "b"))


@pytest.mark.parametrize(
    ("task", "positive", "values", "words"),
    [
        ("binary", "yes", ["no", "nay"], r"positive is 'yes', but 'outcome' holds"),
        ("binary", True, [True, True], "holds 1 different values"),
        ("binary", "a", ["a", "b", "c"], "holds 3 different values"),
        ("regression", None, [1.0, np.nan], "1 values that are no finite number"),
        ("regression", None, [1.0, np.inf, -np.inf], "2 values that are no finite number"),
    ],
)
def test_outcomes_that_do_not_fit_are_refused(
    task: Task, positive: Any, values: list[Any], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        targets_of(problem(task, positive=positive), outcomes(*values))


# --- money ---------------------------------------------------------------------------------------


def test_money_by_hand() -> None:
    # A hit, a miss, a false alarm and a row rightly let go, by the costs in made.py.
    outcome, score = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.2, 0.8, 0.1])
    assert money(COSTS, "binary", outcome, score, 0.5).tolist() == [8, -1, -2, 0.5]
    shares = np.array([[0.7, 0.2, 0.1], [0.1, 0.2, 0.7]])
    classes = problem("multiclass").value
    assert money(classes, "multiclass", np.array([0.0, 1]), shares, None).tolist() == [1, -4]
    number = problem("regression").value
    assert money(number, "regression", np.array([3.0]), np.array([5.0]), None).tolist() == [-1]


def test_what_a_model_is_worth_is_held_against_never_acting() -> None:
    outcome, score = np.array([1.0, 0] * 50), np.array([0.9, 0.1] * 50)
    said = worth(problem("binary"), outcome, score, score, 0.5)
    assert said["per_1000_rows"] == pytest.approx(1000 * (8 + 0.5) / 2)
    assert said["do_nothing"] == pytest.approx(1000 * (-1 + 0.5) / 2)
    assert said["low"] == said["high"] == said["per_1000_rows"]  # each class counts the same


@pytest.mark.parametrize("seed", range(30))
def test_no_threshold_earns_more_than_the_best(seed: int) -> None:
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


def test_where_acting_never_pays_even_certainty_is_no_reason() -> None:
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
def test_every_metric_that_fits_is_measured_with_its_interval(task: Task) -> None:
    rng = np.random.default_rng(0)
    outcome = rng.integers(0, 2 if task == "binary" else 3, 200).astype(float)
    score = rng.random(200) if task != "multiclass" else rng.dirichlet([1, 1, 1], 200)
    found = measures(problem(task), outcome, score)
    assert set(found) == set(metrics_of(task))
    for name, one in found.items():
        assert one.value == METRICS[name].compute(outcome, score)
        assert one.low <= one.value <= one.high


def test_groups_with_too_few_rows_say_nothing() -> None:
    framed = problem("binary", slices='slices = [{ column = "shop", floor = 0.3 }]')
    shop = ["large"] * 100 + ["small"] * 29 + [None] * 40 + ["one-sided"] * 50
    outcome = np.array([0.0, 1.0] * 110)[:219]
    outcome[-50:] = 1
    score = np.full(219, 0.5)
    frame = pd.DataFrame({"shop": pd.Series(shop, dtype="str")})
    found = {one["value"]: one for one in slices(framed, frame, outcome, score)}
    assert {name: one["rows"] for name, one in found.items()} == {
        **{"large": 100, "small": 29},
        **{"(missing)": 40, "one-sided": 50},
    }
    assert found["large"]["metric"] == found["(missing)"]["metric"] == pytest.approx(0.25)
    assert found["small"]["metric"] is None
    assert found["one-sided"]["metric"] is None
    assert all(one["floor"] == 0.3 for one in found.values())


def test_a_column_of_many_values_has_no_groups() -> None:
    framed = problem("binary", slices='slices = [{ column = "id", floor = 0.3 }]')
    frame = pd.DataFrame({"id": range(100)})
    with pytest.raises(BadInput, match="'id', which has 100 values"):
        slices(framed, frame, np.zeros(100), np.zeros(100))


def test_calibration_counts_every_row_once_and_in_order() -> None:
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


def test_rows_of_one_unit_are_known_as_such_and_units_of_one_row_are_none() -> None:
    framed = problem("regression", rows='unit = "house"')
    frame = pd.DataFrame({"outcome": [1.0, 2.0, 3.0], "house": ["a", "b", "a"]})
    units = targets_of(framed, frame).units
    assert units is not None
    assert units.tolist() == [0, 1, 0]
    assert targets_of(framed, frame.iloc[:2]).units is None
    assert targets_of(problem("regression"), frame).units is None


def test_of_many_units_enough_are_drawn_for_a_rare_class() -> None:
    rng, rows = np.random.default_rng(1), 40_000
    outcome, units = np.zeros(rows), np.arange(rows) // 4
    outcome[rng.choice(rows, 4, replace=False)] = 1
    said = 0.1 * outcome + rng.random(rows)
    for name in ("roc_auc", "average_precision"):
        metric = METRICS[name].compute
        found = bootstrap(metric, outcome, said, is_value=False, units=units)
        assert found.low < found.value < found.high


def test_few_large_units_are_all_drawn() -> None:
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(8), 5_000)
    paid = rng.normal(size=8)[units]
    found = bootstrap(lambda _, part: float(part.mean()), paid, paid, is_value=True, units=units)
    assert found.high - found.low > 0.5


def test_every_interval_hears_of_units() -> None:
    """Nine equal rows of each unit: what is said of them is as unsure as of one row each."""
    rng = np.random.default_rng(0)
    outcome, framed = (
        rng.normal(size=300),
        problem("regression", slices='slices = [{ column = "carrier", floor = 0.3 }]'),
    )
    said, units = outcome + rng.normal(size=300), np.repeat(np.arange(300), 9)
    outcome, said = np.repeat(outcome, 9), np.repeat(said, 9)
    frame = pd.DataFrame({"carrier": ["one"] * len(said)})

    def widths(units: NDArray[np.intp] | None) -> list[float]:
        [group] = slices(framed, frame, outcome, said, units)
        money = worth(framed, outcome, said, 0 * said, None, units)
        whole = measures(framed, outcome, said, units)["r2"]
        part = bootstrap(METRICS["r2"].compute, outcome, said, is_value=True, units=units)
        ends = [(one["low"], one["high"]) for one in (group, money)]
        ends += [(one.low, one.high) for one in (whole, part)]
        return [high - low for low, high in ends]

    ratios = np.divide(widths(units), widths(None))
    assert ratios == pytest.approx([3.0] * 4, rel=0.3)
