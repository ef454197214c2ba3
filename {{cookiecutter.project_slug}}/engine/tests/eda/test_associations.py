"""Associations with the target, leakage suspects, bins and drift of tables with known truth."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats.contingency import association

from engine.contract.column import Column
from engine.eda.associations import CORRELATED, associations, correlated, missing, suspects
from engine.eda.bins import OTHER, SMALL_EFFECT, cramer, cut, drift, periods_of, read
from engine.eda.pictures import levels
from engine.eda.profile import measure
from engine.problem.errors import BadInput
from engine.tests.eda.frames import Task, columns, mixed, problem

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_associations_signal_is_first_noise_near_zero(task: Task) -> None:
    frame = mixed(task)
    result = associations(columns(frame), frame, read(problem(task), frame))
    assert next(iter(result)) == "signal"
    assert result["signal"] > 0.2
    # 500 names of 1,000 rows overfit; out of sample they explain nothing.
    assert max(result[name] for name in ("noise", "many", "few", "flag", "name", "made")) < 0.02


@pytest.mark.parametrize("task", TASKS)
def test_suspects_transformed_target_is_named(task: Task) -> None:
    frame = mixed(task)
    words = frame["outcome"] * 3 - 7 if task == "regression" else frame["outcome"].astype("str")
    frame["copy"] = words
    target = read(problem(task), frame)
    described = columns(frame)
    named = suspects(described, frame, target, associations(described, frame, target))
    assert [one.columns for one in named] == [("copy",)]


def test_suspects_number_orders_rare_outcome_is_named() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"late": rng.random(20_000) < 0.004})
    frame["days"] = frame["late"] * 1.0 + rng.random(20_000) * 0.99
    target = read(problem("binary", "late"), frame)
    described = columns(frame, "late")
    strengths = associations(described, frame, target)
    assert [one.columns for one in suspects(described, frame, target, strengths)] == [("days",)]


@pytest.mark.parametrize("lost", [0.1, 0.95])
def test_suspects_strong_features_none(lost: float) -> None:
    frame = mixed("binary", rows=100, lost=lost)
    target = read(problem("binary"), frame)
    assert not suspects(columns(frame), frame, target, associations(columns(frame), frame, target))


@pytest.mark.parametrize("task", TASKS)
def test_missing_depends_on_target_is_informative(task: Task) -> None:
    frame = mixed(task, lost=0.05)
    high = read(problem(task), frame).values > 0
    frame.loc[high & (np.arange(len(frame)) % 3 == 0), "noise"] = np.nan
    result = missing(columns(frame), frame, read(problem(task), frame))
    assert "noise" in [one.column for one in result]


@pytest.mark.parametrize("task", TASKS)
def test_missing_at_random_few_false_alarms(task: Task) -> None:
    alarms = 0
    for seed in range(20):
        frame = mixed(task, rows=400, seed=seed)
        alarms += bool(missing(columns(frame), frame, read(problem(task), frame)))
    # One page in twenty may; of twenty pages, five would be a fault in 1 case of 400.
    assert alarms < 5


def test_levels_share_interval_stays_within_0_and_1() -> None:
    mean, low, high = levels(np.array([1.0, 1.0, 0.0]), np.array([0, 0, 1]), 3)
    assert mean[:2].tolist() == [1.0, 0.0]
    assert low[1] == 0.0 < low[0] < 1.0 == high[0]
    assert np.isnan([mean[2], low[2], high[2]]).all()


def test_cut_mostly_zeros_has_several_bins() -> None:
    values = pd.Series([0.0] * 950 + list(range(1, 51)))
    bins = cut(Column("x", "number"), values, 10)
    assert len(bins.labels) > 1
    assert bins.codes[0] == 0
    assert bins.codes[-1] == len(bins.labels) - 1


@pytest.mark.parametrize("name", ["when", "signal", "few", "flag", "word", "name", "made"])
def test_cut_every_row_in_a_bin_or_missing(name: str) -> None:
    frame = mixed("binary")
    (column,) = columns(frame[[name]])
    bins = cut(column, frame[name], 10)
    assert len(bins.labels) <= 10
    assert ((bins.codes < 0) == frame[name].isna().to_numpy()).all()
    assert set(bins.codes[bins.codes >= 0]) == set(range(len(bins.labels)))


def test_cut_categories_keep_order_rare_ones_merged() -> None:
    days = pd.Series(["Tue"] * 3 + ["Mon"] + [None], dtype="str")
    closed = Column("day", "category", categories=("Mon", "Tue", "Wed"), closed=True)
    assert cut(closed, days, 5).labels == ("Mon", "Tue")
    names = pd.Series([f"n{i}" for i in range(20)], dtype="str")
    assert cut(Column("name", "category"), names, 4).labels[-1] == OTHER


@pytest.mark.parametrize("lost", [0.0, 0.3])
def test_correlated_pairs_are_those_of_each_pair_alone(lost: float) -> None:
    """Ranks as pandas compares them; Cramér's V as SciPy does, on the rows that both have."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(600, 12))
    numbers[:, 5] = numbers[:, 2] ** 3 + rng.normal(0, 0.01, 600)
    numbers[:, 7] = -numbers[:, 2]
    numbers[:, 8] = 1.0
    frame = pd.DataFrame(numbers, columns=[f"x{i}" for i in range(12)])
    for i, values in enumerate((3, 6, 6, 1, 40)):
        frame[f"word{i}"] = pd.Series(rng.integers(0, values, 600)).astype("str")
    frame["word2"] = (frame["word1"].astype("int") % 3).astype("str")
    frame["word5"] = frame["word1"].where(rng.random(600) < 0.99, "0")
    frame = frame.mask(rng.random(frame.shape) < lost)
    described = [
        Column(name, "number" if name[0] == "x" else "category") for name in map(str, frame)
    ]
    result = {(one.first, one.second): one.strength for one in correlated(described, frame)}
    expected = frame.iloc[:, :12].rank().corr(min_periods=10).abs()
    pairs = {(a, b): expected[a][b] for a, b in combinations(map(str, expected), 2)}
    for a, b in combinations([name for name in map(str, frame) if name[0] == "w"], 2):
        table = pd.crosstab(frame[a], frame[b])
        if min(table.shape) > 1:
            pairs[a, b] = association(table, method="cramer", correction=False)
    assert result.keys() == {pair for pair, strength in pairs.items() if strength >= CORRELATED}
    assert {("x2", "x5"), ("x2", "x7"), ("word1", "word2"), ("word1", "word5")} <= result.keys()
    assert result == pytest.approx({pair: pairs[pair] for pair in result}, abs=0.01)


def test_cramer_is_that_of_each_grouping_alone() -> None:
    """−1 belongs to no group; of one group, or of no rows in common, it is 0."""
    rng = np.random.default_rng(0)
    first = rng.integers(-1, 4, 90)
    others = np.column_stack([first, rng.integers(-1, 5, 90), np.full(90, -1), np.zeros(90)])
    others = np.column_stack([others, np.where(first < 0, 1, -1)]).astype(np.intp)
    result = cramer(first, others)
    alone = [cramer(first, others[:, [i]])[0] for i in range(others.shape[1])]
    assert result.tolist() == alone
    assert result[0] == pytest.approx(1)
    assert result[1] < 0.3
    assert result[2:].tolist() == [0, 0, 0]


def test_drift_only_changing_features_are_large() -> None:
    frame = mixed("binary", rows=600)
    rows = np.arange(len(frame))
    frame["rising"] = frame["noise"].fillna(0) + rows / 300
    frame["fading"] = frame["few"].mask(rows > 400)
    periods = periods_of(frame["when"])
    assert periods is not None
    strength = drift(columns(frame), frame, periods)
    assert {name for name, value in strength.items() if value > SMALL_EFFECT} == {
        "rising",
        "fading",
    }
    assert "when" not in strength


def test_periods_of_single_time_none() -> None:
    assert periods_of(pd.Series([pd.Timestamp("2026-01-01")] * 5)) is None


def test_measure_positive_not_in_target_is_refused() -> None:
    frame = mixed("binary")
    frame["outcome"] = frame["outcome"].map({True: "ja", False: "nein"}).astype("str")
    with pytest.raises(BadInput, match=r"True.*'outcome'") as caught:
        measure(problem("binary"), frame, columns(frame))
    assert caught.value.code == "unknown-positive"
