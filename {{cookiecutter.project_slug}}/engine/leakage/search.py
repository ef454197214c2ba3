"""Finds inputs that give the outcome away, each with the mechanism.

A high score alone is no proof: honest data can be perfect. So nothing here scores a model. Each
mechanism names columns and the exact relation that they have to the outcome. Honest inputs come
close to a column that is known too late: the date of the order to that of the delivery, a state to
the one after it. So a relation to such a column counts only where it is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from engine.contract.column import Column, kind_of
from engine.leakage import fit
from engine.leakage.categorical import Categories, class_mechanism
from engine.leakage.outcome import (
    Array,
    Flags,
    Leak,
    Outcome,
    as_numbers,
    category_views,
    number_views,
    read_columns,
    read_outcome,
    read_target,
    sample_rows,
)
from engine.leakage.ranges import in_ranges
from engine.leakage.relations.arithmetic import combinations
from engine.leakage.relations.equality import equalities
from engine.leakage.relations.joint import comparisons, pairs_of_categories, shared_missingness
from engine.leakage.relations.planes import thresholds_on_sums
from engine.leakage.statistics import of_groups
from engine.leakage.threshold_rules import cuts_quantity, threshold_rules
from engine.problem.spec import Problem

# Rows that may break an exact relation.
BROKEN = 0.01
# Rows in which the late column must be missing to show what is missing with it; and a share of
# gaps that have other reasons.
FEWEST_MISSING, BROKEN_GAPS = 20, 0.1
# What dates are cut off to, in days: nothing, seconds, minutes, hours, days.
STEPS = (0.0, 1 / 86_400, 1 / 1_440, 1 / 24, 1.0)
# Of different values so many at most: else each row has its own, and any two columns agree.
REPEATED = 0.8


# Squares near the limits of a float overflow, and gaps divide by 0: no relation that is not finite
# counts.
@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def find(problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]) -> list[Leak]:
    """Every leak, the plainest mechanism first; a column is named once.

    `frame` holds rows with a known outcome, and the columns kept out too; `columns` are the inputs.
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
    leaks += in_ranges(problem, frame.iloc[rows], _left(sample, leaks), outcome.classed())
    leaks += _jointly(_left(sample, leaks), outcome)
    # The time of the decision is known by then, so it is never the column to exclude.
    latest = [tuple(n for n in leak.proposed if n != problem.rows.time) for leak in leaks]
    pairs = zip(leaks, latest, strict=True)
    return [replace(leak, latest=names or leak.latest) for leak, names in pairs]


def _left(columns: Mapping[str, pd.Series], leaks: list[Leak]) -> dict[str, pd.Series]:
    """The columns that no leak names."""
    named = {name for leak in leaks for name in leak.columns}
    return {name: values for name, values in columns.items() if name not in named}


def _alone(columns: Mapping[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that give the outcome away each by itself."""
    if not outcome.classes:
        mechanism_of = _quantity_mechanism
    else:
        mechanism_of = _late_class_mechanism if outcome.late else _class_mechanism
    mechanisms = {name: mechanism_of(values, outcome) for name, values in columns.items()}
    return [Leak((name,), mechanism) for name, mechanism in mechanisms.items() if mechanism]


def _class_mechanism(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column alone gives classes away, or None."""
    for part, view in category_views(values):
        if mechanism := class_mechanism(Categories.of(view, part=bool(part)), outcome):
            return part + mechanism
    for part, number in number_views(values):
        if fit.is_class_with_noise(number, outcome):
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
    for part, number in number_views(values):
        if is_date and not part:
            continue
        if fit.is_transform(number, outcome):
            return f"{part}it is a transform of {outcome.name}: it puts all rows in the same order"
        is_copy = fit.is_near_copy(number, outcome.values) or fit.is_jittered(
            number, outcome.values
        )
        if is_copy and not outcome.late:
            return f"{part}it is {outcome.name} with a little noise on it"
    if outcome.late:
        return None
    for part, view in category_views(values):
        if cuts_quantity(Categories.of(view, part=bool(part)), outcome.values):
            return f"{part}it is {outcome.name} in ranges: each of its values means one"
    return None


def _jointly(columns: dict[str, pd.Series], outcome: Outcome) -> list[Leak]:
    """Columns that only together give the target away; few values are both classes and a number."""
    classed, leaks = outcome.classed(), list[Leak]()
    if classed.classes:
        leaks += equalities(columns, classed)
        leaks += comparisons(*_numbers(_left(columns, leaks)), classed)
        leaks += thresholds_on_sums(_numbers(_left(columns, leaks))[0], classed)
        leaks += pairs_of_categories(_left(columns, leaks), classed)
        leaks += shared_missingness(_left(columns, leaks), classed)
    if not outcome.classes:
        leaks += combinations(*_numbers(_left(columns, leaks)), outcome)
    return leaks


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
    if filled.sum() < fit.FEWEST_ROWS:
        return []
    values, inputs = values[filled], {one: column[filled] for one, column in columns.items()}
    kind = kind_of(values.dtype)
    if kind == "date":
        leaks = list(_late_dates(inputs, values))
    else:
        late = replace(read_outcome(f"'{name}'", values, str(kind)), late=True).classed()
        leaks = _alone(inputs, late)
        if not late.classes:
            leaks += combinations(*_numbers(_left(inputs, leaks)), late)
    return [
        Leak(leak.columns, f"{leak.mechanism}; known too late: {when}",
             _missing_with_it({name: columns[name] for name in leak.columns}, filled), late=True)
        for leak in leaks
    ]  # fmt: skip


def _late_class_mechanism(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column gives away a late one of categories or of few values, or None."""
    categories = Categories.of(values)
    if mechanism := class_mechanism(categories, outcome):
        return mechanism
    if 1 < len(categories.labels) == len(outcome.classes) < REPEATED * len(values):
        pairs = len(np.unique(categories.codes * len(outcome.classes) + outcome.codes))
        if pairs == len(outcome.classes):
            return f"it re-encodes {outcome.name}: each value maps to one value"
    if categories.numeric and len(outcome.classes) > 2 and not isinstance(outcome.classes[0], str):
        numbers = as_numbers(values)
        filled = np.isfinite(numbers)
        ranges = Categories(outcome.codes[filled], outcome.classes)
        if filled.mean() > 0.5 and cuts_quantity(ranges, numbers[filled]):
            return f"{outcome.name} follows from it: each of its values is a range of this"
    return None


def _late_dates(columns: Mapping[str, pd.Series], late: pd.Series) -> Iterator[Leak]:
    """Inputs that are a date which is known too late, or that give it with another date."""
    name, timestamp = f"'{late.name}'", as_numbers(late)
    for date, values in columns.items():
        if not pd.api.types.is_datetime64_any_dtype(values.dtype):
            continue
        days = as_numbers(values)
        if any(_is_same(days, timestamp, step) for step in STEPS):
            yield Leak((date,), f"it is {name}, or a part of it")
            continue
        since = Outcome(f"the time from {date} to {name}", timestamp - days, late=True)
        for other, inputs in columns.items():
            is_number = pd.api.types.is_numeric_dtype(inputs.dtype)
            if is_number and fit.is_transform(as_numbers(inputs), since):
                yield Leak((other,), f"it is {since.name}")


def _missing_with_it(columns: Mapping[str, pd.Series], filled: Flags) -> tuple[str, ...]:
    """The columns that are missing where the late one is, and hardly elsewhere."""
    if (~filled).sum() < FEWEST_MISSING:
        return ()
    present = {name: values.notna().to_numpy() for name, values in columns.items()}
    return tuple(
        name
        for name, flags in present.items()
        if flags[~filled].mean() <= BROKEN_GAPS and flags[filled].mean() >= 1 - BROKEN_GAPS
    )


def _is_same(values: Array, timestamp: Array, step: float) -> bool:
    cut = np.floor(timestamp / step + 1e-6) * step if step else timestamp
    filled = np.isfinite(values) & np.isfinite(cut)
    if filled.mean() < 0.5:
        return False
    off = (values - cut)[filled]
    return bool((np.abs(off - np.median(off)) < 1e-7).mean() >= 1 - BROKEN)
