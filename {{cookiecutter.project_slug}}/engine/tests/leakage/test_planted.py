"""Leakage is refused by a named mechanism."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.simulator import simulate
from engine.tests.leakage.tables import SEEDS, find, missing, noise, parts_of_target

# --- the target re-encoded ------------------------------------------------------------------------

RECODED: dict[str, Callable[[np.random.Generator, "pd.Series[Any]"], Any]] = {
    "a copy": lambda rng, late: late,
    "a copy, flipped": lambda rng, late: ~late,
    "as words": lambda rng, late: late.map({True: "yes", False: "no"}).astype("str"),
    "as numbers": lambda rng, late: late.map({True: 2, False: 1}),
    "missing means no": lambda rng, late: late.map({True: 1.0, False: np.nan}),
    "missing means yes": lambda rng, late: late.map({True: None, False: "fine"}).astype("str"),
    "a nullable flag": lambda rng, late: late.map({True: True, False: pd.NA}).astype("boolean"),
    "a few words a class": lambda rng, late: pd.Series(
        np.where(
            late, rng.choice(["lost", "back"], len(late)), rng.choice(["ok", "early"], len(late))
        ),
        dtype="str",
    ),
    "a date only one class has": lambda rng, late: missing(
        rng, pd.Timestamp("2026-03-01") + pd.to_timedelta(rng.random(len(late)) * 90, "D"), 0
    ).where(late),
    "zero in one class, anything in the other": lambda rng, late: (
        late * rng.exponential(20, len(late))
    ),
    "text only one class has": lambda rng, late: pd.Series(
        [f"note {n}" if yes else None for n, yes in enumerate(late)], dtype="str"
    ),
}


@pytest.mark.parametrize("case", RECODED)
@pytest.mark.parametrize("share", [0.5, 0.03])
def test_find_reencoded_target_is_named(case: str, share: float) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        late = pd.Series(rng.random(800) < share)
        frame = noise(rng, 800).assign(leak=RECODED[case](rng, late))
        leaks = find(frame, late)
        assert [leak.columns for leak in leaks] == [("leak",)], leaks


def test_find_reencoded_classes_with_a_tiny_class_are_named() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        target = pd.Series(rng.choice(["red", "green", "blue"], 500))
        target[:3] = "ultraviolet"
        words = {"red": 1, "green": 2, "blue": 3, "ultraviolet": 9}
        frame = noise(rng, 500).assign(leak=target.map(words))
        assert [leak.columns for leak in find(frame, target)] == [("leak",)]


def test_find_copy_with_few_wrong_entries_is_named() -> None:
    rng = np.random.default_rng(0)
    late = pd.Series(rng.random(4000) < 0.5)
    leak = late.copy()
    leak[rng.choice(4000, 6, False)] ^= True
    assert [one.columns for one in find(noise(rng, 4000).assign(leak=leak), late)] == [("leak",)]


def test_find_reencoded_number_of_few_values_is_named() -> None:
    rng = np.random.default_rng(0)
    stars = pd.Series(rng.integers(1, 6, 400).astype(float))
    frame = noise(rng, 400)
    assert find(frame, stars) == []
    assert [one.columns for one in find(frame.assign(leak=stars * 10), stars)] == [("leak",)]


# --- one column larger than another --------------------------------------------------------------


def test_find_comparison_of_two_numbers_has_the_right_direction() -> None:
    frame = simulate(3000).drop(columns=["order_id", "customer_id"])
    late = frame.pop("late")
    [leak] = find(frame, late)
    assert leak.columns == ("delivery_days", "promised_days")
    assert leak.mechanism == "the target is whether delivery_days > promised_days"
    assert leak.proposed == ("delivery_days",)  # what was promised is known in time


def test_find_two_honest_features_on_few_rows_are_clean() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        positive = rng.random(100) < 0.5
        shifts = dict.fromkeys("abcde", 1.2) | dict.fromkeys("vwxyz", -1.2)
        made = {name: rng.normal(positive * by, 1) for name, by in shifts.items()}
        assert find(pd.DataFrame(made), pd.Series(positive)) == []


def test_find_comparison_of_two_dates_with_gaps_is_named() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        due = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.random(900) * 200, "D")
        paid = pd.Series(due + pd.to_timedelta(rng.normal(0, 9, 900), "D"))
        in_time = pd.Series(paid <= due)
        frame = noise(rng, 900).assign(due=missing(rng, due), paid=missing(rng, paid))
        [leak] = find(frame, in_time)
        assert leak.columns == ("due", "paid")
        assert ">=" in leak.mechanism or ">" in leak.mechanism


# --- a transform of the target -------------------------------------------------------------------

TRANSFORMED: dict[str, Callable[["np.ndarray[Any, Any]"], "np.ndarray[Any, Any]"]] = {
    "a copy": lambda y: y,
    "other units": lambda y: y * 1.8 + 32,
    "turned round": lambda y: 100 - y,
    "its logarithm": np.log,
    "its square": np.square,
    "its rank": lambda y: pd.Series(y).rank().to_numpy(),
    "rounded to cents": lambda y: y.round(2),
    "rounded to whole numbers": lambda y: y.round(0),
    "in bands of ten": lambda y: y // 10,
}


@pytest.mark.parametrize("case", TRANSFORMED)
def test_find_transform_of_the_target_is_named(case: str) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        price = np.exp(rng.normal(4, 1, 700)) + 1
        leak = missing(rng, TRANSFORMED[case](price))
        if leak.nunique() > 12:
            leaks = find(noise(rng, 700).assign(leak=leak), price)
            assert [one.columns for one in leaks] == [("leak",)], leaks


# --- computed from a few columns -----------------------------------------------------------------

COMPUTED: dict[str, tuple[set[str], Callable[[pd.DataFrame], Any]]] = {
    "sum of two": ({"a", "b"}, lambda t: t.a + t.b),
    "sum in other units": ({"a", "b"}, lambda t: 100 * t.a + 2.54 * t.b + 7),
    "difference": ({"a", "near a"}, lambda t: t["near a"] - t.a),
    "sum of three": ({"a", "b", "c"}, lambda t: t.a + t.b - t.c),
    "product": ({"a", "b"}, lambda t: t.a * t.b),
    "product of three": ({"a", "b", "c"}, lambda t: t.a * t.b * t.c),
    "ratio": ({"a", "b"}, lambda t: t.a / t.b),
    "ratio of a product": ({"a", "b", "c"}, lambda t: t.a * t.b / t.c),
    "area of a circle, by two": ({"a", "b"}, lambda t: np.pi * t.a**2 * t.b),
    "sum, rounded to cents": ({"a", "b"}, lambda t: (t.a + t.b).round(2)),
    "product, rounded to cents": ({"a", "b"}, lambda t: (t.a * t.b).round(2)),
    "difference of dates": ({"from", "until"}, lambda t: (t.until - t["from"]).dt.total_seconds()),
    "whole numbers": ({"m", "n"}, lambda t: (t.m + t.n).astype(float)),
}


@pytest.mark.parametrize("case", COMPUTED)
@pytest.mark.parametrize("missing_share", [0.0, 0.08])
def test_find_columns_that_compute_the_target_are_named(case: str, missing_share: float) -> None:
    names, compute = COMPUTED[case]
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        table = parts_of_target(rng, 1500)
        target = np.asarray(compute(table), dtype=float)
        table = pd.DataFrame({name: missing(rng, table[name], missing_share) for name in table})
        if "near a" not in names:
            table = table.drop(columns="near a")
        leaks = find(pd.concat([noise(rng, 1500), table], axis=1), target)
        assert [set(one.columns) for one in leaks] == [names], leaks


def test_find_two_formulas_are_both_named() -> None:
    rng = np.random.default_rng(0)
    table = parts_of_target(rng, 1000)[["a", "b"]]
    total = (table.a + table.b).to_numpy()
    table["net"] = total / 1.2 + rng.normal(0, 5, 1000)
    table["tax"] = total - table["net"]
    leaks = find(pd.concat([noise(rng, 1000), table], axis=1), total)
    assert {leak.columns for leak in leaks} == {("a", "b"), ("net", "tax")}
    assert all(
        leak.proposed == leak.columns for leak in leaks
    )  # the data does not show which came last
