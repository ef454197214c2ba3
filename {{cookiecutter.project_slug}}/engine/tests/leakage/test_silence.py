"""Honest columns are never refused for being good."""

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from engine.data.simulator import simulate
from engine.tests.leakage.honest import KINDS
from engine.tests.leakage.tables import SEEDS, find, noise, parts_of_target


@pytest.mark.parametrize("kind", KINDS)
def test_find_honest_tables_are_clean(kind: str) -> None:
    """Four of each kind, from a hundred rows on."""
    for seed, rows in enumerate((100, 150, 400, 1500)):
        rng = np.random.default_rng(seed)
        frame, target = KINDS[kind](rng, rows, (0.5, 0.3, 0.1, 0.01)[seed])
        assert find(frame, target) == [], (rows, seed)


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "diabetes"])
def test_find_scikit_learn_tables_are_clean(name: str) -> None:
    table = getattr(datasets, f"load_{name}")(as_frame=True)
    assert find(table.data, table.target) == []
    if name != "diabetes":
        for label in table.target.unique():
            assert find(table.data, table.target == label) == []


def test_find_pictures_of_two_digits_are_clean() -> None:
    table = datasets.load_digits(as_frame=True)
    for one, other in ((0, 1), (6, 7), (3, 8)):
        both = table.target.isin([one, other])
        assert find(table.data[both].reset_index(drop=True), table.target[both]) == []


def test_find_athletes_are_clean() -> None:
    table = datasets.load_linnerud(as_frame=True)
    many = pd.concat([table.frame] * 6, ignore_index=True)
    for name in table.target:
        assert find(many.drop(columns=list(table.target)), many[name].astype(float)) == []


@pytest.mark.parametrize(("rows", "seeds"), [(100, 20), (20_000, 1)])
def test_find_parcels_are_clean(rows: int, seeds: int) -> None:
    for seed in range(seeds):
        frame = simulate(rows, seed).drop(columns=["order_id", "customer_id", "delivery_days"])
        assert find(frame, frame.pop("late")) == []


def test_find_many_random_columns_are_clean() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(500, 300))).rename(columns="c{}".format)
    assert find(frame, rng.normal(size=500)) == []
    assert find(frame, pd.Series(rng.random(500) < 0.1)) == []


def test_find_many_flags_are_clean() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame(rng.random((600, 200)) < 0.05).rename(columns="is {}".format)
        assert find(frame, pd.Series(rng.random(600) < 0.04)) == []
        assert find(frame.astype(int), rng.poisson(9, 600).astype(float)) == []


def test_find_strong_honest_features_are_clean() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        late = pd.Series(rng.random(3000) < 0.3)
        frame = noise(rng, 3000).assign(strong=late * 3.3 + rng.normal(size=3000))  # AUC 0.99
        assert find(frame, late) == []
        outcome = rng.normal(size=3000)
        frame["strong"] = outcome + rng.normal(0, 0.02, 3000)  # R² 0.9996
        assert find(frame, outcome) == []


def test_find_line_of_totals_is_clean() -> None:
    """One row far out widens the spread, and with it what may pass for noise."""
    rng = np.random.default_rng(21)
    taken = rng.normal(50, 20, 900)
    frame = pd.DataFrame(
        {"planned": taken + rng.normal(0, 5, 900), "requested": rng.normal(9, 2, 900)}
    )
    frame["rest"] = taken - frame["requested"] + rng.normal(0, 5, 900)
    target = pd.Series(taken)
    assert find(frame, target) == []
    frame = pd.concat([frame, frame.sum().to_frame().T], ignore_index=True)
    assert find(frame, pd.concat([target, pd.Series([target.sum()])], ignore_index=True)) == []


def test_find_rare_outcome_with_rare_value_is_clean() -> None:
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        fraud = pd.Series(np.arange(20_000) % 1000 == 0)
        abroad = pd.Series(fraud | (rng.random(20_000) < 0.004))  # all fraud is abroad
        frame = noise(rng, 20_000).assign(abroad=abroad, always=False)
        assert find(frame, fraud) == []


def test_find_order_of_columns_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    table = parts_of_target(rng, 600)
    frame = pd.concat([noise(rng, 600), table], axis=1)
    for _ in range(3):
        shuffled = frame[rng.permutation(frame.columns)]
        [leak] = find(shuffled, (table.a + table.b).to_numpy())
        assert set(leak.columns) == {"a", "b"}


def test_find_without_numbers_is_clean() -> None:
    rng = np.random.default_rng(0)
    words = noise(rng, 200)[["shop", "flag"]]
    assert find(words, rng.normal(size=200)) == []
    assert find(words, pd.Series(rng.random(200) < 0.5)) == []
