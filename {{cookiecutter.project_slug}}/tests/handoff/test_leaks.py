"""Leakage: refused by a named mechanism, and never for being good."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from data.parcels import simulate
from handoff.checks.leaks import Leak, leaks
from poc.evaluate import Truth
from problem.columns import Column, ColumnType

SEEDS = range(3)


def find(frame: pd.DataFrame, target: "pd.Series[Any] | np.ndarray[Any, Any]") -> list[Leak]:
    """What is found in `frame`; a target of floats is a number, any other has classes."""
    values = pd.Series(target).reset_index(drop=True)
    if values.dtype == float:
        known = Truth(values.to_numpy(), ())
    else:
        codes, classes = values.factorize(sort=True)
        known = Truth(codes.astype(float), tuple(classes.tolist()))
    return leaks(frame, [Column(str(name), kind(frame[name])) for name in frame], known)


def kind(values: pd.Series) -> ColumnType:
    if pd.api.types.is_bool_dtype(values.dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(values.dtype) else "category"


def noise(rng: np.random.Generator, rows: int, columns: int = 12) -> pd.DataFrame:
    """Honest columns of each type, some with missing values."""
    numbers = rng.normal(size=(rows, columns))
    numbers[rng.random((rows, columns)) < 0.03] = np.nan
    frame = pd.DataFrame(numbers, columns=[f"noise {number}" for number in range(columns)])
    frame["shop"] = pd.Series(rng.choice(["a", "b", "c"], rows), dtype="str")
    frame["flag"] = pd.array(rng.random(rows) < 0.3, dtype="boolean")
    frame["items"] = rng.integers(0, 9, rows)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D")
    return frame


def missing(rng: np.random.Generator, values: Any, share: float = 0.1) -> pd.Series:
    """`values` with some of them gone."""
    return pd.Series(values).mask(rng.random(len(values)) < share)


# --- the target in other words -------------------------------------------------------------------

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


@pytest.mark.parametrize("how", RECODED)
@pytest.mark.parametrize("share", [0.5, 0.03])
def test_the_target_in_other_words_is_named(how: str, share: float) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        late = pd.Series(rng.random(800) < share)
        frame = noise(rng, 800).assign(leak=RECODED[how](rng, late))
        found = find(frame, late)
        assert [leak.columns for leak in found] == [("leak",)], found


def test_classes_in_other_words_are_named_even_with_a_class_of_three_rows() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        target = pd.Series(rng.choice(["red", "green", "blue"], 500))
        target[:3] = "ultraviolet"
        words = {"red": 1, "green": 2, "blue": 3, "ultraviolet": 9}
        frame = noise(rng, 500).assign(leak=target.map(words))
        assert [leak.columns for leak in find(frame, target)] == [("leak",)]


def test_a_few_wrong_entries_hide_nothing() -> None:
    rng = np.random.default_rng(0)
    late = pd.Series(rng.random(4000) < 0.5)
    leak = late.copy()
    leak[rng.choice(4000, 6, False)] ^= True
    assert [one.columns for one in find(noise(rng, 4000).assign(leak=leak), late)] == [("leak",)]


# --- one column larger than another --------------------------------------------------------------


def test_a_comparison_of_two_numbers_is_named_the_right_way_round() -> None:
    frame = simulate(3000).drop(columns=["order_id", "customer_id"])
    late = frame.pop("late")
    [leak] = find(frame, late)
    assert leak.columns == ("delivery_days", "promised_days")
    assert leak.mechanism == "the target is whether delivery_days > promised_days"


def test_a_comparison_of_two_dates_is_named_with_some_missing() -> None:
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


@pytest.mark.parametrize("how", TRANSFORMED)
def test_a_transform_of_the_target_is_named(how: str) -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        price = np.exp(rng.normal(4, 1, 700)) + 1
        leak = missing(rng, TRANSFORMED[how](price))
        if leak.nunique() > 12:
            found = find(noise(rng, 700).assign(leak=leak), price)
            assert [one.columns for one in found] == [("leak",)], found


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


def parts(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Columns to compute a target from."""
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), "s")
    a = rng.gamma(2, 30, rows) + 1
    return pd.DataFrame(
        {
            "a": a,
            "b": rng.gamma(3, 10, rows) + 1,
            "c": rng.gamma(3, 20, rows) + 1,
            "near a": a + rng.gamma(2, 0.1, rows),
            "from": start,
            "until": start + pd.to_timedelta(rng.integers(3600, 10**6, rows), "s"),
            "m": rng.integers(0, 200, rows),
            "n": rng.integers(0, 300, rows),
        }
    )


@pytest.mark.parametrize("how", COMPUTED)
@pytest.mark.parametrize("gone", [0.0, 0.08])
def test_what_the_target_is_computed_from_is_named(how: str, gone: float) -> None:
    names, compute = COMPUTED[how]
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        table = parts(rng, 1500)
        target = np.asarray(compute(table), dtype=float)
        table = pd.DataFrame({name: missing(rng, table[name], gone) for name in table})
        if "near a" not in names:
            table = table.drop(columns="near a")
        found = find(pd.concat([noise(rng, 1500), table], axis=1), target)
        assert [set(one.columns) for one in found] == [names], found


def test_two_ways_to_compute_the_target_are_both_named() -> None:
    rng = np.random.default_rng(0)
    table = parts(rng, 1000)[["a", "b"]]
    total = (table.a + table.b).to_numpy()
    table["net"] = total / 1.2 + rng.normal(0, 5, 1000)
    table["tax"] = total - table["net"]
    found = find(pd.concat([noise(rng, 1000), table], axis=1), total)
    assert {leak.columns for leak in found} == {("a", "b"), ("net", "tax")}


# --- silence -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_the_tables_of_scikit_learn_are_clean(name: str) -> None:
    table = getattr(datasets, f"load_{name}")(as_frame=True)
    assert find(table.data, table.target) == []
    if name != "diabetes":
        for label in table.target.unique():
            assert find(table.data, table.target == label) == []


def test_pictures_of_two_digits_are_clean() -> None:
    table = datasets.load_digits(as_frame=True)
    for one in range(10):
        for other in range(one):
            both = table.target.isin([one, other])
            assert find(table.data[both].reset_index(drop=True), table.target[both]) == []


def test_athletes_are_clean() -> None:
    table = datasets.load_linnerud(as_frame=True)
    many = pd.concat([table.frame] * 6, ignore_index=True)
    for name in table.target:
        assert find(many.drop(columns=list(table.target)), many[name].astype(float)) == []


@pytest.mark.parametrize("rows", [100, 20_000])
def test_parcels_are_clean(rows: int) -> None:
    for seed in range(3):
        frame = simulate(rows, seed).drop(columns=["order_id", "customer_id", "delivery_days"])
        assert find(frame, frame.pop("late")) == []


def test_many_random_columns_are_clean() -> None:
    for seed in range(2):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.normal(size=(500, 300))).rename(columns="c{}".format)
        assert find(frame, rng.normal(size=500)) == []
        assert find(frame, pd.Series(rng.random(500) < 0.1)) == []


def test_many_flags_are_clean() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.random((600, 200)) < 0.05).rename(columns="is {}".format)
        assert find(frame, pd.Series(rng.random(600) < 0.04)) == []
        assert find(frame.astype(int), rng.poisson(9, 600).astype(float)) == []


def test_a_strong_honest_feature_is_no_leak() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        late = pd.Series(rng.random(3000) < 0.3)
        frame = noise(rng, 3000).assign(strong=late * 3.3 + rng.normal(size=3000))  # AUC 0.99
        assert find(frame, late) == []
        outcome = rng.normal(size=3000)
        frame["strong"] = outcome + rng.normal(0, 0.02, 3000)  # R² 0.9996
        assert find(frame, outcome) == []


def test_a_rare_outcome_makes_no_leak_of_a_rare_value() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        fraud = pd.Series(np.arange(20_000) % 1000 == 0)
        abroad = pd.Series(fraud | (rng.random(20_000) < 0.004))  # all fraud is abroad
        frame = noise(rng, 20_000).assign(abroad=abroad, always=False)
        assert find(frame, fraud) == []


def test_the_order_of_columns_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    table = parts(rng, 600)
    frame = pd.concat([noise(rng, 600), table], axis=1)
    for _ in range(5):
        shuffled = frame[rng.permutation(frame.columns)]
        [leak] = find(shuffled, (table.a + table.b).to_numpy())
        assert set(leak.columns) == {"a", "b"}


def test_no_column_and_no_number_are_fine() -> None:
    rng = np.random.default_rng(0)
    words = noise(rng, 200)[["shop", "flag"]]
    assert find(words, rng.normal(size=200)) == []
    assert find(words, pd.Series(rng.random(200) < 0.5)) == []
