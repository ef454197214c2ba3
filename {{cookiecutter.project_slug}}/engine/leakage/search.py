"""Finds inputs that give the outcome away, each with the mechanism.

A high score alone is no proof: honest data can be perfect. So nothing here scores a model. Each
mechanism names columns and the exact relation that they have to the outcome.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage import views
from engine.leakage.categorical import Categories, class_mechanism
from engine.leakage.fit import (
    FEWEST_ROWS,
    is_class_with_noise,
    is_jittered,
    is_near_copy,
    is_transform,
)
from engine.leakage.late import late_class_mechanism, late_dates, missing_with_it
from engine.leakage.outcome import (
    Array,
    Leak,
    Outcome,
    as_numbers,
    read_columns,
    read_late,
    read_target,
    sample_rows,
)
from engine.leakage.relations.arithmetic import combinations
from engine.leakage.relations.joint import comparisons, pairs_of_categories, shared_missingness
from engine.leakage.statistics import of_groups
from engine.leakage.threshold_rules import cuts_quantity, threshold_rules
from engine.problem.spec import Problem


# Squares near the limits of a float overflow, and gaps divide by 0: no relation that is not finite
# counts.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def find(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> list[Leak]:
    """Every leak, the plainest mechanism first; a column is named once.

    Args:
        frame: rows with a known outcome: the target, the inputs and the columns kept out.
        columns: the model's inputs, as the contract or a guess describes them.
    """
    known_after = problem.columns.known_after
    leaks = [
        Leak((column.name,), f"it is known too late: {known_after[column.name]}", late=True)
        for column in columns
        if column.name in known_after
    ]
    target = read_target(problem, frame)
    rows = sample_rows(target)
    if problem.rows.time:
        rows = rows[np.argsort(frame[problem.rows.time].iloc[rows], kind="stable")]
    inputs = [column for column in columns if column.name not in known_after]
    sample = read_columns(frame.iloc[rows], inputs)
    outcome = target.take(rows)
    leaks += _alone(sample, outcome.classed())
    # An explanation in problem.toml covers the target, not a column that is known too late.
    refused = [leak for leak in leaks if not leak.answered(problem.columns.known_in_time)]
    for name, when in known_after.items():
        if name in frame:
            late = _of_late(name, frame[name].iloc[rows], _left(sample, refused), when)
            leaks, refused = leaks + late, refused + late
    leaks += of_groups(problem, frame, target, _left(sample, leaks), rows)
    leaks += _jointly(_left(sample, leaks), outcome)
    # The time of the decision is known by then, so it is never the column to exclude.
    rest = [tuple(n for n in leak.proposed if n != problem.rows.time) for leak in leaks]
    return [
        replace(leak, latest=latest) if latest and latest != leak.proposed else leak
        for leak, latest in zip(leaks, rest, strict=True)
    ]


def _left(columns: Mapping[str, pd.Series], leaks: list[Leak]) -> dict[str, pd.Series]:
    """The columns that no leak names."""
    named = {name for leak in leaks for name in leak.columns}
    return {name: values for name, values in columns.items() if name not in named}


def _alone(columns: Mapping[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that give the outcome away each by itself."""
    if not outcome.classes:
        mechanism_of = _quantity_mechanism
    else:
        mechanism_of = late_class_mechanism if outcome.late else _class_mechanism
    mechanisms = {name: mechanism_of(values, outcome) for name, values in columns.items()}
    return [Leak((name,), mechanism) for name, mechanism in mechanisms.items() if mechanism]


def _class_mechanism(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column alone gives classes away, or None."""
    for part, view in views.categories(values):
        if mechanism := class_mechanism(Categories.of(view, part=bool(part)), outcome):
            return part + mechanism
    for part, number in views.numbers(values):
        if is_class_with_noise(number, outcome):
            return f"{part}it is {outcome.name} as a number, with a little noise on it"
        if rules := threshold_rules(number, outcome):
            borders = [f"{rule.at:.6g}" for rule in rules]
            if not part and kind_of(values.dtype) == "date":
                times = [pd.Timestamp(0) + pd.Timedelta(days=rule.at) for rule in rules]
                borders = [str(time.round("s")) for time in times]
            mechanism = f"it orders {outcome.name}: its class changes exactly at "
            return part + mechanism + ", ".join(borders)
    return None


def _quantity_mechanism(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column alone gives a quantity away, or None."""
    is_date = pd.api.types.is_datetime64_any_dtype(values.dtype)
    for part, number in views.numbers(values):
        if is_date and not part:
            continue
        if is_transform(number, outcome):
            return f"{part}it is a transform of {outcome.name}: it puts all rows in the same order"
        is_copy = is_near_copy(number, outcome.values) or is_jittered(number, outcome.values)
        if is_copy and not outcome.late:
            return f"{part}it is {outcome.name} with a little noise on it"
    if outcome.late:
        return None
    for part, view in views.categories(values):
        if cuts_quantity(Categories.of(view, part=bool(part)), outcome.values):
            return f"{part}it is {outcome.name} in ranges: each of its values means one"
    return None


def _jointly(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that only together give the target away; few values are both classes and a number."""
    classed = outcome.classed()
    leaks = _classes_together(columns, classed) if classed.classes else []
    return leaks if outcome.classes else leaks + _quantity_together(_left(columns, leaks), outcome)


def _classes_together(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that only together give classes away."""
    leaks = list(comparisons(*_numbers(columns), outcome))
    left = _left(columns, leaks)
    mechanism = f"together they re-encode {outcome.name}: each pair of values maps to one class"
    leaks += [Leak(pair, mechanism) for pair in pairs_of_categories(left, outcome)]
    left = _left(left, leaks)
    missing = {name: values.isna().to_numpy() for name, values in left.items() if values.hasnans}
    if shared := shared_missingness(missing, outcome):
        names, state, label = shared
        mechanism = f"one of them is {state} exactly when {outcome.name} is {label!r}"
        leaks.append(Leak(tuple(names), mechanism))
    return leaks


def _quantity_together(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that a quantity is computed from."""
    formulas = combinations(*_numbers(columns), outcome)
    verbs = {1: "it gives"}
    return [
        Leak(names, f"{verbs.get(len(names), 'together they give')} {outcome.name}: {formula}")
        for names, formula in formulas
    ]


def _numbers(columns: Mapping[str, pd.Series]) -> tuple[dict[str, Array], set[str]]:
    """The columns that can be computed with, and which of them are dates."""
    kinds = {name: kind_of(values.dtype) for name, values in columns.items()}
    numeric = [name for name, kind in kinds.items() if kind in ("number", "integer", "date")]
    dates = {name for name in numeric if kinds[name] == "date"}
    return {name: as_numbers(columns[name]) for name in numeric}, dates


def _of_late(
    name: str, values: pd.Series, columns: Mapping[str, pd.Series], when: str
) -> list[Leak]:
    """Inputs that give away a column which is known too late, in the rows where it is filled."""
    filled = values.notna().to_numpy()
    if filled.sum() < FEWEST_ROWS:
        return []
    values, inputs = values[filled], {one: column[filled] for one, column in columns.items()}
    kind = kind_of(values.dtype)
    if kind == "date":
        leaks = list(late_dates(inputs, values))
    else:
        outcome = read_late(name, values, str(kind))
        leaks = _alone(inputs, outcome)
        if not outcome.classes:
            leaks += _quantity_together(_left(inputs, leaks), outcome)
    return [
        Leak(leak.columns, f"{leak.mechanism}; known too late: {when}",
             missing_with_it({name: columns[name] for name in leak.columns}, filled), late=True)
        for leak in leaks
    ]  # fmt: skip
