"""Columns that are a statistic of the target in groups of rows, the row's own outcome among it.

A statistic of the past or of the training rows comes near to that of all rows, as does a well
calibrated score; neither is exactly right in every group.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage.fit import FEWEST_ROWS
from engine.leakage.outcome import (
    Array,
    Codes,
    Leak,
    Outcome,
    as_numbers,
    read_columns,
    step_of,
)
from engine.leakage.partial_statistics import (
    FEWEST_GROUPS,
    OFF,
    ROWS,
    Groups,
    leaving_one_out,
    near_in_sample,
    so_far,
    targets,
)
from engine.problem.spec import Problem

# Columns that a statistic of the target may be grouped by.
GROUPINGS = 60
AMONG = ": the row's own is among them"
# The chance that an honest score, off by its own standard error, agrees as well in all groups.
CHANCE = 1e-9
WEIGHTS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


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
    partial = {"all rows": Groups(order[:ROWS], np.zeros(min(ROWS, len(frame)), dtype=np.intp))}
    partial |= {f"the rows with the same {name}": one for name, one in groups.items()}
    near = near_in_sample(frame, numeric, partial, target)
    leaks = []
    for place, name in enumerate(numeric):
        others = {f"the rows with the same {key}": groups[key] for key in groups if key != name}
        goes_with = _goes_with(as_numbers(columns[name]), target.take(rows))
        tested = [key for key in ("all rows", *others) if near[key][place]]
        if not (goes_with or tested):
            continue
        values = as_numbers(read_columns(frame, [Column(name, "number")])[name])
        whole = {}
        if goes_with:
            own = Groups.of(pd.Series(values), rows, position)
            whole = ({"the rows with this value": own} if own else {}) | others
        mechanisms = _mechanisms(values, whole, {key: partial[key] for key in tested}, target)
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
        if statistic := leaving_one_out(values, one, target):
            yield f"{statistic} over the others of {key}: only the row's own is missing"
        if statistic := so_far(values, one, target):
            yield f"{statistic} so far, of {key}{AMONG}"


def _goes_with(values: Array, outcome: Outcome) -> bool:
    """Whether the column correlates with the outcome at all; a statistic that does not is safe."""
    filled = np.isfinite(values)
    # A correlation of less than its standard error is none.
    return filled.sum() >= FEWEST_ROWS and any(
        abs(np.corrcoef(values[filled], target)[0, 1]) > 1 / np.sqrt(filled.sum())
        for _, target in targets(outcome.values[filled], outcome)
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
    everywhere = dict(targets(outcome.values, outcome))
    for label, target in targets(outcomes, outcome):
        for name, statistic, error in _statistics(codes, sizes, target, everywhere[label]):
            if _equals(first, statistic, error, sizes):
                return f"the {name} of {label}"
    return None


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
