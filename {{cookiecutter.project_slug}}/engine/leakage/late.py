"""Inputs that are a column known too late in other words: `delivery_hours` of `delivery_days`.

Honest inputs stand close to such columns: the date of the order to that of the delivery, a state to
the one after it. So a relation counts only where it is exact.
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from engine.leakage.categorical import Words, cuts_quantity, just_where, recoded
from engine.leakage.leak import Leak
from engine.leakage.outcome import Array, Outcome, as_numbers
from engine.leakage.threshold_rules import Flags
from engine.leakage.transforms import is_transform

# Rows that may break an exact relation.
BROKEN = 0.01
# Rows in which the late one is missing, for these to say what comes with it; and a share of gaps
# that have other reasons.
FEWEST_WITHOUT, BROKEN_GAPS = 20, 0.1
# What dates are cut off to, in days: nothing, seconds, minutes, hours, days.
UNITS = (0.0, 1 / 86_400, 1 / 1_440, 1 / 24, 1.0)
# Of different values so many at most: else each row has its own, and any two columns agree.
REPEATED = 0.8


def classes(columns: Mapping[str, pd.Series], outcome: Outcome) -> Iterator[Leak]:
    """Inputs that are a column of words or of few values in other words."""
    for name, values in columns.items():
        if said := _of_class(values, outcome):
            yield Leak((name,), said)


def _of_class(values: pd.Series, outcome: Outcome) -> str | None:
    words = Words.of(values)
    if recoded(words, outcome) or _one_to_one(words, outcome):
        return f"it is {outcome.name} in other words"
    if where := just_where(words, outcome):
        word, label = where
        said = "missing" if word is None else repr(word)
        return f"it is {said} just where {outcome.name} is {label!r}"
    if words.numeric and len(outcome.classes) > 2 and isinstance(outcome.classes[0], int | float):
        numbers = as_numbers(values)
        there = np.isfinite(numbers)
        ranges = Words(outcome.codes[there], outcome.classes)
        if there.mean() > 0.5 and cuts_quantity(ranges, numbers[there]):
            return f"{outcome.name} follows from it: each of its values is a range of this"
    return None


def dates(columns: Mapping[str, pd.Series], late: pd.Series) -> Iterator[Leak]:
    """Inputs that are a date which is known too late, or that give it with another date."""
    name, timestamp = f"'{late.name}'", as_numbers(late)
    is_date = {
        one: pd.api.types.is_datetime64_any_dtype(values.dtype) for one, values in columns.items()
    }
    for one in [one for one in columns if is_date[one]]:
        values = as_numbers(columns[one])
        if any(_same(values, timestamp, unit) for unit in UNITS):
            yield Leak((one,), f"it is {name}, or a part of it")
            continue
        since = Outcome(f"the time from {one} to {name}", timestamp - values, late=True)
        for other, inputs in columns.items():
            if pd.api.types.is_numeric_dtype(inputs.dtype) and is_transform(
                as_numbers(inputs), since
            ):
                yield Leak((other,), f"it is {since.name}")


def come_with_it(columns: Mapping[str, pd.Series], known: Flags) -> tuple[str, ...]:
    """The columns that are missing where the late one is, and there alone: they come with it."""
    if (~known).sum() < FEWEST_WITHOUT:
        return ()
    there = {name: values.notna().to_numpy() for name, values in columns.items()}
    return tuple(
        name
        for name, flags in there.items()
        if flags[~known].mean() <= BROKEN_GAPS and flags[known].mean() >= 1 - BROKEN_GAPS
    )


def _same(values: Array, timestamp: Array, unit: float) -> bool:
    cut = np.floor(timestamp / unit + 1e-6) * unit if unit else timestamp
    there = np.isfinite(values) & np.isfinite(cut)
    if there.mean() < 0.5:
        return False
    off = (values - cut)[there]
    return bool((np.abs(off - np.median(off)) < 1e-7).mean() >= 1 - BROKEN)


def _one_to_one(words: Words, outcome: Outcome) -> bool:
    """Does each of many words stand for one of many others?"""
    if not 1 < len(words.labels) < REPEATED * len(words.codes):
        return False
    pairs = len(np.unique(words.codes * len(outcome.classes) + outcome.codes))
    return pairs == len(words.labels) == len(outcome.classes)
