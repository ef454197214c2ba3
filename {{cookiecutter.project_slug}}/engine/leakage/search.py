"""Finds inputs that give the outcome away, each by the mechanism it does so with.

A high score alone is no proof: honest data can be perfect. So nothing here looks at how well a
model does; each mechanism names columns and the exact relation that they have to the outcome. What
a strong honest feature lacks of it stands in the README beside this file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage import late, views
from engine.leakage.categorical import (
    Words,
    cuts_quantity,
    just_where,
    recoded,
    recoded_where_filled,
)
from engine.leakage.fit import FEWEST_ROWS
from engine.leakage.grouped import of_groups
from engine.leakage.leak import Leak
from engine.leakage.outcome import (
    Array,
    Outcome,
    as_numbers,
    read_columns,
    read_late,
    read_target,
    sample_rows,
)
from engine.leakage.relations.arithmetic import combinations
from engine.leakage.relations.comparisons import comparisons
from engine.leakage.relations.together import few_words, gaps, pairs_of_words
from engine.leakage.threshold_rules import borders
from engine.leakage.transforms import is_class_with_noise, is_jittered, is_near_copy, is_transform
from engine.problem.spec import Problem


# Squares of values near the limits of a float overflow: a relation that is not finite is none.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def find(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> list[Leak]:
    """Every leak that is found, the plainest mechanism first; a column is named once.

    Args:
        frame: rows with a known outcome: the target, the inputs and the columns kept out.
        columns: the model's inputs, as the contract or a guess describes them.
    """
    known_after = problem.columns.known_after
    found = [
        Leak((column.name,), f"it is known too late: {known_after[column.name]}", late=True)
        for column in columns
        if column.name in known_after
    ]
    rest = [column for column in columns if column.name not in known_after]
    target = read_target(problem, frame)
    rows = sample_rows(target)
    if problem.rows.time:
        rows = rows[np.argsort(frame[problem.rows.time].iloc[rows], kind="stable")]
    sample = read_columns(frame.iloc[rows], rest)
    seen = target.take(rows)
    found += _alone(sample, seen.classed())
    # What a person said of the target does not answer for a column that is known too late.
    open_ones = [leak for leak in found if not leak.answered(problem.columns.known_in_time)]
    for name, when in known_after.items():
        if name in frame:
            late_ones = _of_late(name, frame[name].iloc[rows], _left(sample, open_ones), when)
            found, open_ones = found + late_ones, open_ones + late_ones
    found += of_groups(problem, frame, target, _left(sample, found), rows)
    found += _together(_left(sample, found), seen)
    return [_known_in_time(leak, problem.rows.time) for leak in found]


def _known_in_time(leak: Leak, time: str | None) -> Leak:
    """When the decision is due is known by then, whatever comes of it later."""
    rest = tuple(name for name in leak.proposed if name != time)
    return replace(leak, latest=rest) if rest != leak.proposed and rest else leak


def _left(columns: Mapping[str, pd.Series], found: list[Leak]) -> dict[str, pd.Series]:
    """The columns that no leak names."""
    named = {name for leak in found for name in leak.columns}
    return {name: values for name, values in columns.items() if name not in named}


def _alone(columns: Mapping[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that give the outcome away each by itself."""
    judge = _class_alone if outcome.classes else _quantity_alone
    said = {name: judge(values, outcome) for name, values in columns.items()}
    return [Leak((name,), mechanism) for name, mechanism in said.items() if mechanism]


def _together(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that only together give the target away; few values are both classes and a number."""
    classed = outcome.classed()
    found = _classes_together(columns, classed) if classed.classes else []
    if outcome.classes:
        return found
    return found + _quantity_together(_left(columns, found), outcome)


def _class_alone(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column alone gives classes away, or None."""
    for part, seen in views.words(values):
        words = Words.of(seen, part=bool(part))
        if recoded(words, outcome):
            return f"{part}it is {outcome.name} in other words: each value means one class"
        if where := just_where(words, outcome):
            word, label = where
            said = "missing" if word is None or pd.isna(word) else f"'{word}'"
            return f"{part}it is {said} just where {outcome.name} is {label!r}"
        if rows := recoded_where_filled(words, outcome):
            said = f"{part}it is {outcome.name} in other words where it is filled, in {rows:,} rows"
            return f"{said}: each value means one class"
    for part, number in views.numbers(values):
        if is_class_with_noise(number, outcome):
            return f"{part}it is {outcome.name} as a number, with a little noise on it"
        if found := borders(number, outcome):
            ats = ", ".join(_written(border.at, values, part) for border in found)
            return f"{part}it orders {outcome.name}: that changes just where it reaches {ats}"
    return None


def _written(at: float, values: pd.Series, part: str) -> str:
    if not part and pd.api.types.is_datetime64_any_dtype(values.dtype):
        return str((pd.Timestamp(0) + pd.Timedelta(days=at)).round("s"))
    return f"{at:.6g}"


def _quantity_alone(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column alone gives a quantity away, or None."""
    is_date = pd.api.types.is_datetime64_any_dtype(values.dtype)
    for part, number in views.numbers(values):
        if is_date and not part:
            continue
        if is_transform(number, outcome):
            said = f"it is a transform of {outcome.name}: it puts all rows in the same order"
            return part + said
        is_copy = is_near_copy(number, outcome.values) or is_jittered(number, outcome.values)
        if is_copy and not outcome.late:
            return f"{part}it is {outcome.name} with a little noise on it"
    if outcome.late:
        return None
    for part, seen in views.words(values):
        if cuts_quantity(Words.of(seen, part=bool(part)), outcome.values):
            return f"{part}it is {outcome.name} in ranges: each of its values means one"
    return None


def _numbers(columns: Mapping[str, pd.Series]) -> tuple[dict[str, Array], set[str]]:
    """The columns that can be computed with, and which of them are dates."""
    numeric = {
        name: as_numbers(values)
        for name, values in columns.items()
        if kind_of(values.dtype) in ("number", "integer", "date")
    }
    return numeric, {name for name in numeric if kind_of(columns[name].dtype) == "date"}


def _classes_together(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that only together give classes away."""
    numbers, dates = _numbers(columns)
    found = list(comparisons(numbers, dates, outcome))
    left = _left(columns, found)
    words = {name: few_words(values) for name, values in left.items()}
    for pair in pairs_of_words(words, outcome):
        said = f"together they are {outcome.name}: each two of their values mean one class"
        found.append(Leak(pair, said))
    left = _left(left, found)
    missing = {name: values.isna().to_numpy() for name, values in left.items() if values.hasnans}
    if here := gaps(missing, outcome):
        names, how, label = here
        said = f"one of them is {how} just where {outcome.name} is {label!r}"
        found.append(Leak(tuple(names), said))
    return found


def _quantity_together(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that a quantity is computed from."""
    numbers, dates = _numbers(columns)
    return [
        Leak(names, f"together they give {outcome.name}: {formula}"
             if len(names) > 1 else f"it gives {outcome.name}: {formula}")
        for names, formula in combinations(numbers, dates, outcome)
    ]  # fmt: skip


def _of_late(
    name: str, values: pd.Series, columns: Mapping[str, pd.Series], when: str
) -> list[Leak]:
    """Inputs that give away a column which is known too late, in the rows where it is known."""
    known = values.notna().to_numpy()
    if known.sum() < FEWEST_ROWS:
        return []
    values, inputs = values[known], {one: column[known] for one, column in columns.items()}
    kind = kind_of(values.dtype)
    found: list[Leak] = []
    if kind == "date":
        found = list(late.dates(inputs, values))
    elif outcome := read_late(name, values, str(kind)):
        if outcome.classes:
            found = list(late.classes(inputs, outcome))
        else:
            found = _alone(inputs, outcome)
            found += _quantity_together(_left(inputs, found), outcome)
    return [
        Leak(one.columns, f"{one.mechanism}; known too late: {when}",
             late.come_with_it({name: columns[name] for name in one.columns}, known), late=True)
        for one in found
    ]  # fmt: skip
