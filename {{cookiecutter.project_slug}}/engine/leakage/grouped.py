"""Columns that are a statistic of the target in groups of rows, the row's own outcome among it."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage.outcome import Array, Codes, Leak, Outcome, as_numbers, read_columns
from engine.leakage.statistics import ROWS, Groups, goes_with, leaving_one_out, of_group, running
from engine.problem.spec import Problem

# Columns that a statistic of the target may be grouped by.
GROUPINGS = 60
AMONG = ": the row's own is among them"


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
    numeric = [name for name, values in columns.items()
               if kind_of(values.dtype) in ("number", "integer")]  # fmt: skip
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
        others = {
            f"the rows with the same {key}": one for key, one in groups.items() if key != name
        }
        whole = {}
        if goes_with(as_numbers(columns[name]), target.take(rows)):
            own = Groups.of(values, rows, position)
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
        if statistic := of_group(values, one, target):
            yield f"{statistic}, of {key}{AMONG}"
    for key, one in partial.items():
        if statistic := leaving_one_out(values, one, target):
            yield f"{statistic} over the others of {key}: only the row's own is missing"
        if statistic := running(values, one, target):
            yield f"{statistic} so far, of {key}{AMONG}"
