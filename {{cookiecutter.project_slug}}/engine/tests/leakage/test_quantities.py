"""A quantity in other units, in ranges or in texts, and sums of a few columns."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, named, noise

Rng = np.random.Generator
Made = dict[str, Any]

QUANTITY: dict[str, Callable[[Rng, Any], Made]] = {
    "with a little noise": lambda rng, y: {"leak": y + rng.normal(0, 0.005 * y.std(), len(y))},
    "log1p": lambda rng, y: {"leak": np.log1p(y)},
    "one row in a hundred wrong": lambda rng, y: {
        "leak": np.where(rng.random(len(y)) < 0.01, rng.permutation(y), y)
    },
    "in ten ranges": lambda rng, y: {"leak": pd.qcut(y, 10, labels=False)},
    "in words": lambda rng, y: {
        "leak": pd.qcut(y, 4, labels=["low", "fair", "high", "top"]).astype(str)
    },
    "above the middle": lambda rng, y: {"leak": y > np.median(y)},
    "as text": lambda rng, y: {"leak": [f"{value:.1f} EUR" for value in y]},
    "the mean of a group": lambda rng, y: {
        "leak": pd.Series(y).groupby(rng.integers(0, 400, len(y))).transform("mean")
    },
}


@pytest.mark.parametrize("case", QUANTITY)
def test_find_reencoded_quantity_is_named(case: str) -> None:
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(4, 0.6, 1200))
    made = QUANTITY[case](rng, price)
    leaks = find(noise(rng, 1200, 4).assign(**made), price)
    assert named(leaks) == {"leak"}, leaks


def test_find_good_estimates_of_a_quantity_are_clean() -> None:
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(4, 0.6, 1200))
    off = price * np.exp(rng.normal(0, 0.05, 1200))  # R² 0.99
    made = {
        "estimate": off,
        "band": pd.qcut(off, 10, labels=False),
        "words": pd.qcut(off, 4, labels=["low", "fair", "high", "top"]).astype(str),
        "above": off > np.median(off),
        "text": [f"{value:.1f} EUR" for value in off],
    }
    assert find(noise(rng, 1200, 4).assign(**made), price) == []


# --- a sum of many, or with one of a few extras --------------------------------------------------

FEES = np.array([0.0, 5.0, 12.0])
SUMS: dict[str, tuple[int, Callable[[Any, Any], Any]]] = {
    "of four": (4, lambda p, fee: p[:, :4].sum(axis=1)),
    "of five, some less": (5, lambda p, fee: p[:, :5] @ np.array([1, 1, -1, 2, -1])),
    "one, and a fee": (1, lambda p, fee: p[:, 0] + fee),
    "of two, and a fee": (2, lambda p, fee: p[:, 0] + p[:, 1] + fee),
    "with tax, and a fee": (2, lambda p, fee: 1.19 * p[:, 0] + p[:, 1] + fee),
    "a product, and a fee": (2, lambda p, fee: p[:, 0] * p[:, 1] + fee),
    "a ratio in other units": (2, lambda p, fee: 60 * p[:, 0] / p[:, 1]),
}


@pytest.mark.parametrize("case", SUMS)
def test_find_sums_with_extras_are_named(case: str) -> None:
    count, compute = SUMS[case]
    for seed in range(2):
        rng = np.random.default_rng(seed)
        columns = rng.gamma(3, 10, (1200, 5)).round(2)
        frame = noise(rng, 1200, 4).assign(**{f"part {n}": columns[:, n] for n in range(count)})
        target = compute(columns, rng.choice(FEES, 1200))
        leaks = find(frame, target)
        assert named(leaks) == {f"part {n}" for n in range(count)}, leaks
        # The same with what nobody knew: neither exact nor a few extras.
        assert find(frame, target + rng.normal(0, 0.03 * target.std(), 1200)) == []


def test_find_counts_with_unknown_rest_are_clean() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        frame = pd.DataFrame({"a": rng.poisson(20, 800), "b": rng.poisson(9, 800)})
        assert find(frame, (frame.a + frame.b + rng.poisson(0.5, 800)).astype(float)) == []
