"""Columns of few categories, or with gaps, that only together give the classes."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from engine.leakage.categorical import WRONG, Categories, allowed, reencodes
from engine.leakage.outcome import Flags, Outcome, rows_of_each
from engine.leakage.relations.sets import cover

# Categories of a column, so that two of them make a table that rows can fill.
MOST_CATEGORIES, MOST_COLUMNS = 12, 200
# Rows of each class for a quick test of all pairs; fewer than the least could match by chance.
SAMPLE_SIZE, FEWEST = 200, 40
# Columns whose gaps may make up a class together; and the rows that each of them must bring.
MOST_GAPS, FEWEST_GAPS = 5, 5


def few_categories(values: "pd.Series[Any]") -> Categories:
    """A column as categories; if it has many, whether it is missing."""
    categories = Categories.of(values)
    is_short = len(categories.labels) <= MOST_CATEGORIES
    return categories if is_short else Categories.of(values.isna())


def pairs_of_categories(
    categories: Mapping[str, Categories], outcome: Outcome
) -> Iterator[tuple[str, str]]:
    """Two columns of few categories, each pair of which maps to one class: 'one, not both'."""
    few = {name: one for name, one in categories.items() if 1 < len(one.labels) <= MOST_CATEGORIES}
    rows = rows_of_each(outcome, SAMPLE_SIZE)
    sample = outcome.take(rows)
    sizes = sample.class_sizes
    if (sizes >= FEWEST).sum() < 2:
        return
    named: set[str] = set()
    for one, other in combinations(list(few)[:MOST_COLUMNS], 2):
        if {one, other} & named:
            continue
        codes = few[one].codes[rows] * MOST_CATEGORIES + few[other].codes[rows]
        table = np.bincount(
            codes * len(sizes) + sample.codes, minlength=MOST_CATEGORIES**2 * len(sizes)
        )
        wrong = len(rows) - table.reshape(-1, len(sizes)).max(axis=1).sum()
        if wrong <= 0.02 * len(rows) and reencodes(
            Categories.both(few[one], few[other]), outcome, strict=True
        ):
            named |= {one, other}
            yield one, other


def shared_missingness(
    missing: Mapping[str, Flags], outcome: Outcome
) -> tuple[list[str], str, object] | None:
    """Columns of which one at least is missing (or present) exactly in the rows of a class.

    Each of them is so in hardly another row, and together they are so in all of the class.

    Returns:
        The names, 'missing' or 'present', and the class; None if there are no such columns.
    """
    for label, size in enumerate(outcome.class_sizes):
        is_class = outcome.codes == label
        if min(size, len(is_class) - size) < 4 * FEWEST_GAPS:
            continue
        lacking, strange = allowed(np.array([size, len(is_class) - size]), WRONG / 2)
        for state in ("missing", "present"):
            flags = {name: gaps == (state == "missing") for name, gaps in missing.items()}
            pure = {
                name: flag & is_class
                for name, flag in flags.items()
                if (flag & is_class).sum() >= FEWEST_GAPS
                and (flag & ~is_class).sum() <= 0.02 * (flag & is_class).sum()
            }
            chosen, left = cover(pure, is_class, most=MOST_GAPS, fewest=FEWEST_GAPS, enough=lacking)
            wrong = np.any([flags[n] & ~is_class for n in chosen], axis=0).sum() if chosen else 0
            if len(chosen) > 1 and left <= lacking and wrong <= strange:
                return chosen, state, outcome.classes[label]
    return None
