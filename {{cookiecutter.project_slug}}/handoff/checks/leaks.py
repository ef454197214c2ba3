"""Finds inputs that give the target away, each by the mechanism it does so with.

A high score alone is no proof: honest data can be perfect. So nothing here looks at how well a
model does; each function names columns and the exact relation that they have to the target.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from poc.evaluate import Truth
from problem.columns import Column

Array = NDArray[np.float64]

# A relation holds if it does for all but a few rows in a thousand, in each class.
HOLDS = 0.995
FEWEST = 10
# A re-coding has about as many values as the target has classes; more is a feature.
MOST_VALUES = 12
MOST_COLUMNS = 3
# What rounding to cents or whole numbers leaves of an exact sum, against the target's spread.
RESIDUAL = 2e-3
SAMPLE = 20_000


@dataclass(frozen=True)
class Leak:
    """Columns that together give the target, and how."""

    columns: tuple[str, ...]
    mechanism: str


def leaks(frame: pd.DataFrame, columns: Sequence[Column], known: Truth) -> list[Leak]:
    """Every leak that is found, the plainest mechanism first; `frame` holds the inputs."""
    rows = np.arange(len(frame))
    if len(frame) > SAMPLE:
        rows = np.sort(np.random.default_rng(0).choice(rows, SAMPLE, replace=False))
    sample, target = frame.iloc[rows], known.values[rows]
    found = [
        leak
        for column in columns
        if (leak := _recoding(sample[column.name], column, target, bool(known.classes)))
    ]
    named = {name for leak in found for name in leak.columns}
    left = [column for column in columns if column.name not in named]
    if known.classes:
        return found + (_comparison(sample, left, target) if len(known.classes) == 2 else [])
    return found + _arithmetic(sample, left, target)


def _recoding(values: pd.Series, column: Column, target: Array, classes: bool) -> Leak | None:
    """One column that is the target in other words."""
    if not classes:
        return _monotone(values, column, target)
    codes, labels = pd.factorize(values.astype(object), use_na_sentinel=False)
    if len(labels) > MOST_VALUES:
        return None
    counts = np.zeros((len(labels), int(target.max()) + 1))
    np.add.at(counts, (codes, target.astype(int)), 1)
    # Each value stands for the class that is most surprising to find there: a rare class counts
    # as much as a common one, or a column that is always 'no' would re-code a rare 'yes'.
    shares = counts / counts.sum(axis=0)
    stands_for = shares.argmax(axis=1)
    told = [
        shares[stands_for == label, label].sum() for label in range(counts.shape[1])
    ]
    if min(told) < HOLDS or counts.sum(axis=0).min() < FEWEST:
        return None
    return Leak((column.name,), "it is the target in other words: each of its values means one class")


def _monotone(values: pd.Series, column: Column, target: Array) -> Leak | None:
    if column.type not in ("number", "integer"):
        return None
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    there = np.isfinite(numbers)
    if there.sum() < max(FEWEST, len(target) / 2) or len(np.unique(numbers[there])) <= MOST_VALUES:
        return None
    order = abs(stats.spearmanr(numbers[there], target[there]).statistic)
    if not order > 1 - 1e-4:
        return None
    return Leak((column.name,), "it is a transform of the target: it puts all rows in the same order")


def _comparison(frame: pd.DataFrame, columns: Sequence[Column], target: Array) -> list[Leak]:
    """Two numbers or dates of which one is larger exactly in the rows of one class."""
    positive = target == 1
    if min(positive.sum(), (~positive).sum()) < FEWEST:
        return []
    numbers = {
        column.name: _as_number(frame[column.name], column)
        for column in columns
        if column.type in ("number", "integer", "date")
    }
    found: list[Leak] = []
    named: set[str] = set()
    for first, second in permutations(numbers, 2):
        if first in named or second in named:
            continue
        for sign, above in ((">", np.greater), (">=", np.greater_equal)):
            said = above(numbers[first], numbers[second])
            if said[positive].mean() >= HOLDS and said[~positive].mean() <= 1 - HOLDS:
                found.append(Leak((first, second), f"the target is whether {first} {sign} {second}"))
                named |= {first, second}
                break
    return found


def _as_number(values: pd.Series, column: Column) -> Array:
    if column.type == "date":
        seconds = (values - pd.Timestamp(0)).dt.total_seconds()
        return seconds.to_numpy(np.float64, na_value=np.nan)
    return values.to_numpy(np.float64, na_value=np.nan)


def _arithmetic(frame: pd.DataFrame, columns: Sequence[Column], target: Array) -> list[Leak]:
    """A few numbers whose sum, difference, product or ratio is the target."""
    names = [column.name for column in columns if column.type in ("number", "integer")]
    if not names:
        return []
    table = frame[names].to_numpy(np.float64, na_value=np.nan)
    if parts := _combination(table, target):
        weights = [f"{weight:+.3g} × {names[number]}" for number, weight in parts]
        chosen = tuple(names[number] for number, _ in parts)
        return [Leak(chosen, f"together they give the target: {' '.join(weights)}")]
    with np.errstate(divide="ignore", invalid="ignore"):
        logs, log_target = np.log(table), np.log(target)
    usable = np.isfinite(logs).mean(axis=0) > 0.5
    numbers = np.flatnonzero(usable)
    if len(numbers) and (parts := _combination(logs[:, numbers], log_target)):
        powers = [f"{names[numbers[at]]}^{weight:.3g}" for at, weight in parts]
        chosen = tuple(names[numbers[at]] for at, _ in parts)
        return [Leak(chosen, f"multiplied they give the target: {' × '.join(powers)}")]
    return []


def _combination(table: Array, target: Array) -> list[tuple[int, float]]:
    """Up to three columns of `table` of which `target` is a linear combination; else none.

    Least squares over all columns first: only where that is exact can a few of them be. Then the
    column that matters least is dropped as long as the rest stays exact (backward elimination).
    """
    left = list(range(table.shape[1]))
    exact, weights = _fit(table, left, target)
    while exact and len(left) > 1:
        rows = np.isfinite(table[:, left]).all(axis=1)
        matter = np.abs(weights) * table[rows][:, left].std(axis=0)
        for worst in np.argsort(matter):
            fewer = [column for number, column in enumerate(left) if number != worst]
            still, weighed = _fit(table, fewer, target)
            if still:
                left, weights = fewer, weighed
                break
        else:
            break
    if not exact or len(left) > MOST_COLUMNS:
        return []
    return [(column, float(weight)) for column, weight in zip(left, weights, strict=True)]


def _fit(table: Array, chosen: list[int], target: Array) -> tuple[bool, Array]:
    """Is `target` a linear combination of the `chosen` columns, and with which weights?"""
    rows = np.isfinite(target) & np.isfinite(table[:, chosen]).all(axis=1)
    if rows.sum() < max(50, 5 * len(chosen)) or rows.mean() < 0.5:
        return False, np.zeros(len(chosen))
    part, outcome = table[rows][:, chosen], target[rows]
    spread = outcome.std()
    if not spread:
        return False, np.zeros(len(chosen))
    centre, scale = part.mean(axis=0), part.std(axis=0)
    scale[scale == 0] = 1
    weights, *_ = np.linalg.lstsq((part - centre) / scale, outcome - outcome.mean(), rcond=None)
    rest = outcome - outcome.mean() - (part - centre) / scale @ weights
    return bool(rest.std() <= RESIDUAL * spread), weights / scale
