"""Inputs that re-encode a column known too late: `delivery_hours` of `delivery_days`.

Honest inputs come close to such columns: the date of the order to that of the delivery, a state to
the one after it. So a relation counts only where it is exact.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from engine.leakage.categorical import Categories, class_mechanism
from engine.leakage.fit import is_transform
from engine.leakage.outcome import Array, Flags, Leak, Outcome, as_numbers
from engine.leakage.threshold_rules import cuts_quantity

# Rows that may break an exact relation.
BROKEN = 0.01
# Rows in which the late column must be missing to show what is missing with it; and a share of
# gaps that have other reasons.
FEWEST_MISSING, BROKEN_GAPS = 20, 0.1
# What dates are cut off to, in days: nothing, seconds, minutes, hours, days.
STEPS = (0.0, 1 / 86_400, 1 / 1_440, 1 / 24, 1.0)
# Of different values so many at most: else each row has its own, and any two columns agree.
REPEATED = 0.8


def late_class_mechanism(values: pd.Series, outcome: Outcome) -> str | None:
    """How a column gives away a late one of categories or of few values, or None."""
    categories = Categories.of(values)
    if mechanism := class_mechanism(categories, outcome):
        return mechanism
    if _is_one_to_one(categories, outcome):
        return f"it re-encodes {outcome.name}: each value maps to one value"
    if categories.numeric and len(outcome.classes) > 2 and not isinstance(outcome.classes[0], str):
        numbers = as_numbers(values)
        filled = np.isfinite(numbers)
        ranges = Categories(outcome.codes[filled], outcome.classes)
        if filled.mean() > 0.5 and cuts_quantity(ranges, numbers[filled]):
            return f"{outcome.name} follows from it: each of its values is a range of this"
    return None


def late_dates(columns: Mapping[str, pd.Series], late: pd.Series) -> Iterator[Leak]:
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
            if is_number and is_transform(as_numbers(inputs), since):
                yield Leak((other,), f"it is {since.name}")


def missing_with_it(columns: Mapping[str, pd.Series], filled: Flags) -> tuple[str, ...]:
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


def _is_one_to_one(categories: Categories, outcome: Outcome) -> bool:
    """Whether each of many categories stands for one of many others."""
    if not 1 < len(categories.labels) < REPEATED * len(categories.codes):
        return False
    pairs = len(np.unique(categories.codes * len(outcome.classes) + outcome.codes))
    return pairs == len(categories.labels) == len(outcome.classes)
