"""Columns that are a statistic of the target in groups of rows, the row's own outcome among it.

A statistic of the past or of the training rows comes near to that of all rows, as does a well
calibrated score; neither is exactly right in every group. A mean of the other rows is lower where
the outcome is high, and a total so far has just grown by it. The total before the row is honest.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage.fit import FEWEST_ROWS
from engine.leakage.outcome import Array, Codes, Leak, Outcome, as_numbers, read_columns, step_of
from engine.problem.spec import Problem

# Columns that a statistic of the target may be grouped by.
GROUPINGS = 60
AMONG = ": the row's own is among them"
# Fewer groups could be right by chance.
FEWEST_GROUPS = 4
# Groups that may be off, such as those that rows were dropped from.
OFF = 0.01
# The chance that an honest score, off by its own standard error, agrees as well in all groups.
CHANCE = 1e-9
MOST_CLASSES = 20
ROWS = 20_000
# Rows for a quick test, of whole groups and of the first ones, that only such a statistic passes;
# and how near one must be, in spreads.
SAMPLE_SIZE, START, NEAR = 400, 1_000, 0.02
# Rows in which the outcome changes: only there a total so far differs from the total before.
FEWEST_CHANGES = 20
WEIGHTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


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


def of_groups(
    problem: Problem,
    frame: pd.DataFrame,
    target: Outcome,
    columns: Mapping[str, pd.Series],
    rows: Codes,
) -> list[Leak]:
    """Columns that are a statistic of the target: exact in whole groups, so tested on all rows.

    `columns` hold the sample, of these `rows`. A mean or a sum that does not correlate there is no
    leak; the mean of the other rows is one all the same, for those who know the group.
    """
    kinds = {name: kind_of(values.dtype) for name, values in columns.items()}
    numeric = [name for name, kind in kinds.items() if kind in ("number", "integer")]
    if not numeric:
        return []
    named = [str(name) for name in frame if name != problem.target.column]
    keys = [name for name in named if kind_of(frame[name].dtype) != "number"][:GROUPINGS]
    time = problem.rows.time
    order = np.argsort(frame[time].to_numpy(), kind="stable") if time else np.arange(len(frame))
    position = np.argsort(order)
    groups = {name: one for name in keys if (one := Groups.of(frame[name], rows, position))}
    everything = Groups(order[:ROWS], np.zeros(min(ROWS, len(frame)), dtype=np.intp))
    leaks = []
    for name in numeric:
        values = as_numbers(read_columns(frame, [Column(name, "number")])[name])
        others = {f"the rows with the same {key}": groups[key] for key in groups if key != name}
        whole = {}
        if _goes_with(as_numbers(columns[name]), target.take(rows)):
            own = Groups.of(pd.Series(values), rows, position)
            whole = ({"the rows with this value": own} if own else {}) | others
        mechanisms = _mechanisms(values, whole, {"all rows": everything, **others}, target)
        if mechanism := next(mechanisms, None):
            leaks.append(Leak((name,), f"it is {mechanism}"))
    return leaks


def _mechanisms(
    values: Array, whole: Mapping[str, Groups], partial: Mapping[str, Groups], target: Outcome
) -> Iterator[str]:
    """Statistics of `whole` groups, and of what gives a row's outcome with the rest of a group."""
    for key, one in whole.items():
        if statistic := _of_group(values, one, target):
            yield f"{statistic}, of {key}{AMONG}"
    for key, one in partial.items():
        rows = len(one.rows)
        if _leaving_one_out(values, one, target, min(SAMPLE_SIZE, rows)) and (
            statistic := _leaving_one_out(values, one, target, rows)
        ):
            yield f"{statistic} over the others of {key}: only the row's own is missing"
        if rows < FEWEST_ROWS or not _so_far(values, one, target, START, 1):
            continue
        if statistic := _so_far(values, one, target, rows, FEWEST_CHANGES):
            yield f"{statistic} so far, of {key}{AMONG}"


def _goes_with(values: Array, outcome: Outcome) -> bool:
    """Whether the column correlates with the outcome at all; a statistic that does not is safe."""
    filled = np.isfinite(values)
    # A correlation of less than its standard error is none.
    return filled.sum() >= FEWEST_ROWS and any(
        abs(np.corrcoef(values[filled], target)[0, 1]) > 1 / np.sqrt(filled.sum())
        for _, target in _targets(outcome.values[filled], outcome)
    )


def _of_group(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which statistic of the outcome in groups of rows the column is, or None."""
    filled = np.isfinite(values[groups.rows])
    if filled.sum() < max(FEWEST_ROWS, 0.9 * len(filled)):
        return None
    column, codes = values[groups.rows[filled]], pd.factorize(groups.codes[filled])[0]
    sizes, outcomes = np.bincount(codes), outcome.values[groups.rows[filled]]
    first = np.empty(len(sizes))
    first[codes[::-1]] = column[::-1]
    if len(sizes) < FEWEST_GROUPS or (column == first[codes]).mean() < 1 - OFF:
        return None
    everywhere = dict(_targets(outcome.values, outcome))
    for label, target in _targets(outcomes, outcome):
        for name, statistic, error in _statistics(codes, sizes, target, everywhere[label]):
            if _equals(first, statistic, error, sizes):
                return f"the {name} of {label}"
    return None


def _targets(values: Array, outcome: Outcome) -> Iterator[tuple[str, Array]]:
    """What can be averaged: the outcome as a number, and whether it is a class."""
    yield outcome.name, values
    for number, label in enumerate(outcome.classes[:MOST_CLASSES]):
        if (number, len(outcome.classes)) != (1, 2):
            yield f"{outcome.name} = {label!r}", (values == number).astype(np.float64)


def _statistics(
    codes: Codes, sizes: Codes, target: Array, everywhere: Array
) -> Iterator[tuple[str, Any, Any]]:
    """Name, value by group and an honest estimate's error; means are drawn to that `everywhere`."""
    overall, spread = everywhere.mean(), everywhere.var()
    sums = np.bincount(codes, target)
    means = sums / sizes
    within = np.bincount(codes, (target - means[codes]) ** 2)
    # A good forecast in whole numbers is right in most of its groups: pool what groups leave open.
    errors = np.sqrt(within.sum() / max(len(target) - len(sizes), 1) / sizes)
    yield "mean", means, errors
    yield "sum", sums, errors * sizes
    for weight in WEIGHTS:
        smooth = (sums + weight * overall) / (sizes + weight)
        yield "smoothed mean", smooth, errors * sizes / (sizes + weight)
    # As scikit-learn's TargetEncoder weighs it: by the spread in the group.
    share = spread * sizes / (spread * sizes + within / sizes)
    yield "shrunken mean", share * means + (1 - share) * overall, errors * share
    if target.min() == 0 and target.max() == 1:
        error, odds = errors / (means * (1 - means)), means / (1 - means)
        yield "log odds", np.log(odds), error
        yield "weight of evidence", np.log(odds * (1 - overall) / overall), error
    elif target.min() > 0:
        yield "logarithm of the mean", np.log(means), errors / means
    if len(np.unique(target)) > 2:
        yield "median", pd.Series(target).groupby(codes).median().to_numpy(), 1.25 * errors


def _equals(column: Array, statistic: Array, errors: Array, sizes: Codes) -> bool:
    """Whether the column is the statistic in each group, closer than an honest estimate is."""
    finite = np.isfinite(statistic)
    if finite.sum() < max(FEWEST_GROUPS, 0.5 * len(column)):
        return False
    column, statistic = column[finite], statistic[finite]
    errors, sizes = errors[finite], sizes[finite]
    near = step_of(column, decimals=6) / 2 + 1e-7 * np.abs(column).max()
    off = np.abs(column - statistic) > near
    if sizes[off].sum() > OFF * sizes.sum():
        return False
    # A group whose rows all agree, or which is a single row, is no evidence for a mean.
    evidence = ~off & (sizes > 1) & (errors > 0)
    chance = np.minimum(1.0, 2 * near / (np.sqrt(2 * np.pi) * errors[evidence]))
    return bool(evidence.sum() >= FEWEST_GROUPS and np.log(chance).sum() < np.log(CHANCE))


def _leaving_one_out(values: Array, groups: Groups, outcome: Outcome, rows: int) -> str | None:
    """Which mean over the other rows of a row's group the column is, in groups of about `rows`."""
    sizes = np.bincount(groups.codes)
    rows = int(np.searchsorted(groups.codes, groups.codes[rows - 1], "right"))
    codes, column = groups.codes[:rows], values[groups.rows[:rows]]
    others = (sizes[codes] > 1) & np.isfinite(column)
    if others.sum() < min(FEWEST_ROWS, 0.5 * rows) or len(sizes) < 2:
        return None
    for label, target in _targets(outcome.values[groups.rows[:rows]], outcome):
        sums = np.bincount(codes, target, minlength=len(sizes))[codes]
        means = (sums - target)[others] / (sizes[codes][others] - 1)
        off, spread = np.abs(means - column[others]), means.std()
        if np.median(off) > NEAR * spread:
            continue
        rounding = step_of(column[others], decimals=6) / 2
        if np.quantile(off, 1 - OFF) <= 1e-6 * spread + rounding and rounding < NEAR * spread:
            return f"the mean of {label}"
    return None


def _so_far(values: Array, groups: Groups, outcome: Outcome, rows: int, fewest: int) -> str | None:
    """Which statistic so far the column is in the first `rows`; the outcome changes at `fewest`."""
    codes, column = groups.codes[:rows], values[groups.rows[:rows]]
    follows = np.append(False, codes[1:] == codes[:-1])
    position = np.arange(len(codes))
    number = position - np.maximum.accumulate(np.where(follows, 0, position)) + 1
    if not follows.any():
        return None
    for label, target in _targets(outcome.values[groups.rows[:rows]], outcome):
        for name, times in (("total", np.ones(len(codes))), ("mean", number)):
            total = column * times
            wrong = np.abs(np.diff(total, prepend=0) - target)
            few = follows.sum() // 10
            if np.partition(wrong[follows], few)[few] > NEAR * target.std():
                continue
            rounding = step_of(column[np.isfinite(column)], decimals=6) / 2
            if name == "total" and rounding <= step_of(target, decimals=6) / 2:
                rounding = 0.0  # sums of what is rounded alike are exact
            off = times * rounding
            tested = follows & (off < NEAR * target.std())
            changes = tested & (target != np.roll(target, 1))
            far = ~(wrong <= 2 * off + 1e-6 * target.std() + 1e-9 * np.abs(total))
            # Of two classes, the total before is right of the other one where they change.
            if changes.sum() >= fewest and max(far[changes].mean(), far[tested].mean()) <= OFF:
                return f"the {name} of {label}"
    return None
