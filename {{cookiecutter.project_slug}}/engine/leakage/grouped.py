"""Columns that are a statistic of the target in groups of rows, the row's own outcome among it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage.leak import Leak
from engine.leakage.outcome import Array, Codes, Outcome, as_numbers, read_columns
from engine.leakage.running import leaving_one_out, running
from engine.leakage.statistics import Groups, goes_with, of_group
from engine.problem.spec import Problem

# Columns that a statistic of the target may be grouped by, and rows of the table as one group.
GROUPINGS, ROWS = 60, 20_000
AMONG = ": the row's own is among them"


def of_groups(
    problem: Problem,
    frame: pd.DataFrame,
    target: Outcome,
    columns: Mapping[str, pd.Series],
    rows: Codes,
) -> list[Leak]:
    """Columns that are a statistic of the target: exact in whole groups, so asked of all rows.

    `columns` are those of the sample, of these `rows`. A mean or a sum that tells nothing there is
    left alone; the mean of the other rows tells only those who know the group.
    """
    numeric = [name for name, values in columns.items()
               if kind_of(values.dtype) in ("number", "integer")]  # fmt: skip
    if not numeric:
        return []
    named = [str(name) for name in frame if name != problem.target.column]
    words = [name for name in named if kind_of(frame[name].dtype) != "number"][:GROUPINGS]
    place = _place(problem, frame)
    groups = {
        f"the rows with the same {name}": one.in_order(place)
        for name in words
        if (one := Groups.of(frame[name], rows))
    }
    everything = Groups(np.argsort(place)[:ROWS], np.zeros(min(ROWS, len(frame)), dtype=np.intp))
    found = []
    for name in numeric:
        values = as_numbers(read_columns(frame, [Column(name, "number")])[name])
        own = Groups.of(values, rows)
        others = {by: one for by, one in groups.items() if by != f"the rows with the same {name}"}
        if not goes_with(as_numbers(columns[name]), target.take(rows)):
            said = None
        elif said := own and of_group(values, own, target):
            said = f"{said}, of the rows with this value{AMONG}"
        else:
            asked = ((by, of_group(values, one, target)) for by, one in others.items())
            said = next((f"{stat}, of {by}{AMONG}" for by, stat in asked if stat), None)
        said = said or _with_the_others(values, {"all rows": everything, **others}, target)
        if said:
            found.append(Leak((name,), f"it is {said}"))
    return found


def _with_the_others(values: Array, groups: Mapping[str, Groups], target: Outcome) -> str | None:
    """A statistic that tells the row's own outcome to those who know the rest of the group's."""
    for by, one in groups.items():
        if stat := leaving_one_out(values, one, target):
            return f"{stat} over the others of {by}: they leave just the row's own open"
        if stat := running(values, one, target):
            return f"{stat} so far, of {by}{AMONG}"
    return None


def _place(problem: Problem, frame: pd.DataFrame) -> Codes:
    """When each row came, by its time or as the rows stand."""
    place = np.arange(len(frame))
    if problem.rows.time:
        place[np.argsort(frame[problem.rows.time], kind="stable")] = place.copy()
    return place
