"""What tells the target is found, and what does not is not made up."""

import numpy as np
import pandas as pd
import pytest

from engine.contract.column import Column
from engine.eda.associations import associations, missing, suspects
from engine.eda.bins import OTHER, cut
from engine.eda.profile import measure
from engine.eda.stability import SMALL_EFFECT, drift, periods_of
from engine.eda.target import levels, read
from engine.problem.errors import BadInput
from engine.tests.eda.frames import Task, columns, mixed, problem

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_the_feature_that_tells_comes_first_and_noise_tells_nothing(task: Task) -> None:
    frame = mixed(task)
    result = associations(columns(frame), frame, read(problem(task), frame))
    assert next(iter(result)) == "signal"
    assert result["signal"] > 0.2
    # 500 different names fit a thousand rows by heart; out of sample they are worth nothing.
    assert max(result[name] for name in ("noise", "many", "few", "flag", "name", "made")) < 0.02


@pytest.mark.parametrize("task", TASKS)
def test_the_target_in_other_words_is_suspect(task: Task) -> None:
    frame = mixed(task)
    words = frame["outcome"] * 3 - 7 if task == "regression" else frame["outcome"].astype("str")
    frame["copy"] = words
    target = read(problem(task), frame)
    described = columns(frame)
    named = suspects(described, frame, target, associations(described, frame, target))
    assert [one.columns for one in named] == [("copy",)]


def test_a_number_that_orders_a_rare_outcome_is_suspect() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"late": rng.random(20_000) < 0.004})
    frame["days"] = frame["late"] * 1.0 + rng.random(20_000) * 0.99
    target = read(problem("binary", "late"), frame)
    described = columns(frame, "late")
    strengths = associations(described, frame, target)
    assert [one.columns for one in suspects(described, frame, target, strengths)] == [("days",)]


@pytest.mark.parametrize("lost", [0.1, 0.95])
def test_strong_honest_features_are_no_suspects(lost: float) -> None:
    frame = mixed("binary", rows=100, lost=lost)
    target = read(problem("binary"), frame)
    assert not suspects(columns(frame), frame, target, associations(columns(frame), frame, target))


@pytest.mark.parametrize("task", TASKS)
def test_a_gap_that_tells_is_found(task: Task) -> None:
    frame = mixed(task, lost=0.05)
    high = read(problem(task), frame).values > 0
    frame.loc[high & (np.arange(len(frame)) % 3 == 0), "noise"] = np.nan
    result = missing(columns(frame), frame, read(problem(task), frame))
    assert "noise" in [one.column for one in result if one.is_informative]


@pytest.mark.parametrize("task", TASKS)
def test_gaps_by_chance_seldom_seem_to_tell(task: Task) -> None:
    alarms = 0
    for seed in range(20):
        frame = mixed(task, rows=400, seed=seed)
        result = missing(columns(frame), frame, read(problem(task), frame))
        alarms += any(one.is_informative for one in result)
    # One page in twenty may; of twenty pages, five would be a fault in 1 case of 400.
    assert alarms < 5


def test_a_share_has_an_interval_that_stays_a_share() -> None:
    mean, low, high = levels(np.array([1.0, 1.0, 0.0]), np.array([0, 0, 1]), 3)
    assert mean[:2].tolist() == [1.0, 0.0]
    assert low[1] == 0.0 < low[0] < 1.0 == high[0]
    assert np.isnan([mean[2], low[2], high[2]]).all()


def test_zeros_in_most_rows_do_not_hide_the_rest() -> None:
    values = pd.Series([0.0] * 950 + list(range(1, 51)))
    bins = cut(Column("x", "number"), values, 10)
    assert len(bins.labels) > 1
    assert bins.codes[0] == 0
    assert bins.codes[-1] == len(bins.labels) - 1


@pytest.mark.parametrize("name", ["when", "signal", "few", "flag", "word", "name", "made"])
def test_every_row_is_in_a_bin_or_missing(name: str) -> None:
    frame = mixed("binary")
    (column,) = columns(frame[[name]])
    bins = cut(column, frame[name], 10)
    assert len(bins.labels) <= 10
    assert ((bins.codes < 0) == frame[name].isna().to_numpy()).all()
    assert set(bins.codes[bins.codes >= 0]) == set(range(len(bins.labels)))


def test_words_of_a_closed_list_keep_its_order_and_rare_ones_are_taken_together() -> None:
    days = pd.Series(["Tue"] * 3 + ["Mon"] + [None], dtype="str")
    closed = Column("day", "category", categories=("Mon", "Tue", "Wed"), closed=True)
    assert cut(closed, days, 5).labels == ("Mon", "Tue")
    names = pd.Series([f"n{i}" for i in range(20)], dtype="str")
    assert cut(Column("name", "category"), names, 4).labels[-1] == OTHER


def test_what_moves_is_found_and_what_does_not_is_not() -> None:
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


def test_one_moment_is_no_span() -> None:
    assert periods_of(pd.Series([pd.Timestamp("2026-01-01")] * 5)) is None


def test_a_positive_outcome_that_no_row_has_is_refused() -> None:
    """Every share would read 0 %, and no feature would tell anything."""
    frame = mixed("binary")
    frame["outcome"] = frame["outcome"].map({True: "ja", False: "nein"}).astype("str")
    with pytest.raises(BadInput, match=r"positive is True, but 'outcome' holds .*name one of them"):
        measure(problem("binary"), frame, columns(frame))
