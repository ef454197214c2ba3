"""Statistics of a part of a group: a mean over the other rows, a total or a mean so far.

A mean of the other rows is lower where the outcome is high, and a total so far has just grown by
it. The total before the row is honest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.leakage.fit import FEWEST_ROWS, spread_of
from engine.leakage.outcome import Array, Codes, Flags, Outcome, as_numbers, read_columns, step_of

# Fewer groups could be right by chance.
FEWEST_GROUPS = 4
# Groups, or rows, that may be off, such as those that rows were dropped from.
OFF = 0.01
MOST_CLASSES = 20
ROWS = 20_000
# Rows for a quick test; how near a statistic must be there, in spreads, and in which share of the
# rows. A mean of many rows is rounded: it shows the last row's outcome only at the start.
SAMPLE_SIZE, NEAR, OFTEN, SELDOM = 400, 0.02, 0.4, 0.1
# Rows in which the outcome changes: only there a total so far differs from the total before.
FEWEST_CHANGES = 20
# The error of a sum of many floats, in parts of the sum.
SUM_ERROR = 1e-12


@dataclass(frozen=True)
class Groups:
    """Whole groups of rows, as many as are needed: the rows, (m,), and the group of each."""

    rows: Codes
    codes: Codes

    @classmethod
    def of(cls, values: "pd.Series[Any]", sample: Codes, position: Codes) -> "Groups | None":
        """Rows of the same value, one group after the other; None if hardly a value repeats.

        Values that mostly repeat do so in the `sample`; `position` orders the rows of a group.
        """
        if values.iloc[sample].is_unique:
            return None
        codes, labels = pd.factorize(values)
        if not FEWEST_GROUPS <= len(labels) <= (codes >= 0).sum() / 1.5:
            return None
        # Codes come in the order of the rows: every n-th group, whole.
        rows = np.flatnonzero((codes >= 0) & (codes % max(1, len(codes) // ROWS) == 0))
        codes = pd.factorize(codes[rows])[0]
        order = np.lexsort((position[rows], codes))
        return cls(rows[order], codes[order])

    def position(self) -> tuple[Flags, Array, Codes]:
        """Of each row: whether one of its group precedes it, its number there, the group's size."""
        follows = np.append(False, self.codes[1:] == self.codes[:-1])
        place = np.arange(len(self.codes))
        number = place - np.maximum.accumulate(np.where(follows, 0, place)) + 1
        return follows, number.astype(np.float64), np.bincount(self.codes)[self.codes]


def targets(values: Array, outcome: Outcome) -> Iterator[tuple[str, Array]]:
    """What can be averaged: the outcome as a number, and whether it is a class."""
    yield outcome.name, values
    for number, label in enumerate(outcome.classes[:MOST_CLASSES]):
        if (number, len(outcome.classes)) != (1, 2):
            yield f"{outcome.name} = {label!r}", (values == number).astype(np.float64)


def near_in_sample(
    frame: pd.DataFrame, names: Sequence[str], groups: Mapping[str, Groups], target: Outcome
) -> dict[str, Flags]:
    """Which columns may be a mean over the others, or a statistic so far, by group: a quick test.

    On the first rows of each group, for all columns at once.
    """
    rows = np.unique(np.concatenate([one.rows[:SAMPLE_SIZE] for one in groups.values()]))
    columns = read_columns(frame.iloc[rows], [Column(name, "number") for name in names])
    table = np.column_stack([as_numbers(values) for values in columns.values()])
    near = {}
    for key, one in groups.items():
        sample = table[np.searchsorted(rows, one.rows[:SAMPLE_SIZE])]
        follows, number, sizes = one.position()
        follows = follows[: len(sample)]
        near[key] = np.zeros(len(names), bool)
        for _, outcomes in targets(target.values[one.rows], target):
            means = (np.bincount(one.codes, outcomes)[one.codes] - outcomes) / (sizes - 1)
            off = sample - means[: len(sample), None]
            near[key] |= _is_near(off, NEAR * spread_of(means[np.isfinite(means)]), OFTEN)
            for times, share in ((1.0, OFTEN), (number[: len(sample), None], SELDOM)):
                grown = np.diff(sample * times, axis=0, prepend=0)[follows]
                off = grown - outcomes[: len(sample)][follows, None]
                near[key] |= _is_near(off, NEAR * spread_of(outcomes), share)
    return near


def _is_near(off: Array, limit: float, share: float) -> Flags:
    """Which columns are off by no more in this share of the rows where they are filled."""
    return np.asarray((np.abs(off) <= limit).sum(axis=0) > share * np.isfinite(off).sum(axis=0))


def leaving_one_out(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which mean over the other rows of a row's group the column is."""
    _, _, sizes = groups.position()
    column = values[groups.rows]
    others = (sizes > 1) & np.isfinite(column)
    if others.sum() < max(FEWEST_ROWS, 0.5 * len(column)) or groups.codes[-1] == 0:
        return None
    rounding = step_of(column[others], decimals=6) / 2
    for label, target in targets(outcome.values[groups.rows], outcome):
        sums = np.bincount(groups.codes, target)[groups.codes]
        means = (sums - target)[others] / (sizes[others] - 1)
        off, spread = np.abs(means - column[others]), spread_of(means)
        if np.quantile(off, 1 - OFF) <= 1e-6 * spread + rounding and rounding < NEAR * spread:
            return f"the mean of {label}"
    return None


def so_far(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which statistic of the rows so far the column is, where the outcome changes."""
    column = values[groups.rows]
    follows, number, _ = groups.position()
    if len(column) < FEWEST_ROWS:
        return None
    steps = step_of(column[np.isfinite(column)], decimals=6)
    for label, target in targets(outcome.values[groups.rows], outcome):
        spread = spread_of(target)
        for name, times in (("total", np.ones(len(column))), ("mean", number)):
            total = column * times
            wrong = np.abs(np.diff(total, prepend=0) - target)
            # Sums of values with the same number of decimals are exact.
            exact = name == "total" and steps <= step_of(target, decimals=6)
            off = times * (0.0 if exact else steps / 2) + SUM_ERROR * np.abs(total)
            tested = follows & (off < NEAR * spread)
            changes = tested & (target != np.roll(target, 1))
            far = ~(wrong <= 2 * off + 1e-6 * spread)
            # Of two classes, the total before is right of the other one where they change.
            enough = changes.sum() >= FEWEST_CHANGES
            if enough and max(far[changes].mean(), far[tested].mean()) <= OFF:
                return f"the {name} of {label}"
    return None
