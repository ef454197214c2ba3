"""Statistics of the target that were worked out on all rows, and stand in the table as a column.

A mean of the outcome by customer, of all rows, gives itself away: where it is 0.3, the outcome's
mean is 0.3, exactly. A statistic of the past or of the rows to learn from alone is near to that, a
well calibrated score too; exactly right in every group is neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.leakage.outcome import Array, Codes, Outcome

Flags = NDArray[np.bool_]

# Fewer groups could be right by chance; and a group of one row has no statistic.
FEWEST_GROUPS, FEWEST_ROWS = 4, 50
# Groups that may be off, such as those that rows were dropped from.
OFF = 0.01
# The chance that an honest score, off by its own standard error, agrees as well in all groups.
CHANCE = 1e-9
MOST_CLASSES = 20
ROWS = 20_000
# A correlation of less than its standard error is none.
FEWEST_ERRORS = 1.0
WEIGHTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


@dataclass(frozen=True)
class Groups:
    """Whole groups of rows, as many as are needed: the rows, (m,), and the group of each."""

    rows: Codes
    codes: Codes

    @classmethod
    def of(cls, values: "pd.Series[Any] | Array", glance: Codes) -> "Groups | None":
        """Rows of the same value as groups; None if there are too few of them, or no repeats.

        Of values that mostly repeat, a `glance` at a sample of rows would show some that do.
        """
        few = pd.Series(values[glance] if isinstance(values, np.ndarray) else values.iloc[glance])
        if few.is_unique:
            return None
        codes, known = pd.factorize(values)
        if not FEWEST_GROUPS <= len(known) <= (codes >= 0).sum() / 1.5:
            return None
        # Codes come in the order of the rows: every so manieth group, whole.
        rows = np.flatnonzero((codes >= 0) & (codes % max(1, len(codes) // ROWS) == 0))
        return cls(rows, pd.factorize(codes[rows])[0])

    def in_order(self, place: Codes) -> "Groups":
        """The same, group after group and in each as the rows came: `place` of each row, (n,)."""
        order = np.lexsort((place[self.rows], self.codes))
        return Groups(self.rows[order], self.codes[order])


def goes_with(values: Array, outcome: Outcome) -> bool:
    """Does the column hang together with the outcome at all? A statistic that does not is none to
    worry about.
    """
    there = np.isfinite(values)
    if there.sum() < FEWEST_ROWS:
        return False
    least = FEWEST_ERRORS / np.sqrt(there.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        return any(
            abs(float(np.corrcoef(values[there], target)[0, 1])) > least
            for _, target in targets(outcome.values[there], outcome)
        )


def of_group(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which statistic of the outcome in groups of rows the column is, or None."""
    column, codes = values[groups.rows], groups.codes
    there = np.isfinite(column)
    if there.sum() < max(FEWEST_ROWS, 0.9 * len(column)):
        return None
    if not there.all():
        column, codes = column[there], pd.factorize(codes[there])[0]
    sizes, seen = np.bincount(codes), outcome.values[groups.rows[there]]
    first = np.empty(len(sizes))
    first[codes[::-1]] = column[::-1]
    if len(sizes) < FEWEST_GROUPS:
        return None
    if (column == first[codes]).mean() < 1 - OFF:
        return None
    whole = dict(targets(outcome.values, outcome))
    for said, target in targets(seen, outcome):
        for name, statistic, error in _statistics(codes, sizes, target, whole[said]):
            if _is(first, statistic, error, sizes):
                return f"the {name} of {said}"
    return None


def targets(values: Array, outcome: Outcome) -> Iterator[tuple[str, Array]]:
    """What can be averaged: the outcome as a number, and whether it is a class."""
    yield outcome.name, values
    for number, label in enumerate(outcome.classes[:MOST_CLASSES]):
        if (number, len(outcome.classes)) != (1, 2):
            yield f"{outcome.name} = {label!r}", (values == number).astype(np.float64)


def _statistics(
    codes: Codes, sizes: Codes, target: Array, whole: Array
) -> Iterator[tuple[str, Any, Any]]:
    """Name, value in each group, and the standard error that an honest estimate of it has.

    `whole` is the target of all rows: what a mean of few is drawn to.
    """
    overall, spread = whole.mean(), whole.var()
    sums = np.bincount(codes, target)
    means = sums / sizes
    within = np.bincount(codes, (target - means[codes]) ** 2)
    # By what the groups leave open: a good forecast in whole numbers is right in most of its own.
    errors = np.sqrt(within.sum() / max(len(target) - len(sizes), 1) / sizes)
    yield "mean", means, errors
    yield "sum", sums, errors * sizes
    for weight in WEIGHTS:
        smooth = (sums + weight * overall) / (sizes + weight)
        yield "smoothed mean", smooth, errors * sizes / (sizes + weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        # As scikit-learn's TargetEncoder weighs it: by the spread in the group.
        share = spread * sizes / (spread * sizes + within / sizes)
        yield "shrunken mean", share * means + (1 - share) * overall, errors * share
        if target.min() == 0 and target.max() == 1:
            error = errors / (means * (1 - means))
            odds = means / (1 - means)
            yield "log odds", np.log(odds), error
            yield "weight of evidence", np.log(odds * (1 - overall) / overall), error
        elif target.min() > 0:
            yield "logarithm of the mean", np.log(means), errors / means
    if len(np.unique(target)) > 2:
        middle = pd.Series(target).groupby(codes).median().to_numpy()
        yield "median", middle, 1.25 * errors


def _is(known: Array, statistic: Array, errors: Array, sizes: Codes) -> bool:
    """Is the statistic what the column says, and closer than an honest estimate would be?"""
    judged = np.isfinite(statistic)
    if judged.sum() < max(FEWEST_GROUPS, 0.5 * len(known)):
        return False
    known, statistic = known[judged], statistic[judged]
    errors, sizes = errors[judged], sizes[judged]
    rounding = rounding_of(known)
    off = np.abs(known - statistic) > 1e-7 * np.abs(known).max() + rounding
    if sizes[off].sum() > OFF * sizes.sum():
        return False
    # A group whose rows all agree, or which is a single row, is no evidence for a mean.
    told = ~off & (sizes > 1) & (errors > 0)
    near = 2 * (rounding + 1e-7 * np.abs(known).max())
    chance = np.minimum(1.0, near / (np.sqrt(2 * np.pi) * errors[told]))
    return bool(told.sum() >= FEWEST_GROUPS and np.log(chance).sum() < np.log(CHANCE))


def rounding_of(values: Array) -> float:
    """Half of what the values are rounded to, 0 where they are not."""
    for decimals in range(7):
        if np.allclose(values, values.round(decimals), rtol=0, atol=1e-10):
            return float(0.5 * 10.0**-decimals)
    return 0.0
