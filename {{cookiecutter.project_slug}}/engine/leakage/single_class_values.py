"""Values that occur in rows of one class alone: after the fact, or honest and strong."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from engine.contract.column import Column
from engine.leakage.categorical import MOST_CATEGORIES, MOST_NUMBERS, Categories, reencodes
from engine.leakage.outcome import (
    Flags,
    Leak,
    Outcome,
    as_numbers,
    read_columns,
    read_target,
    sample_rows,
)
from engine.problem.spec import Problem

# Of an honest value that goes with a class at least this part of the others' usual share is left.
# How unlikely the observed share must be then, and which part wrong entries may leave.
LEFT, LUCK, OTHERS = 0.1, 1e-4, 0.01
# Of a number a pile at zero in so many rows makes 'other than 0' a value of its own.
PILE = 0.05


def single_class_values(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]
) -> list[Leak]:
    """Columns with a value in rows of one class alone, more than luck explains.

    Or with such values only, in the few rows where the column is filled. That may be honest: it is
    a question to people, when the column becomes known. `frame` and `columns` are those of `find`.
    A regression has no classes, and no such column.
    """
    if problem.target.task == "regression":
        return []
    target = read_target(problem, frame)
    rows = sample_rows(target)
    sample, outcome = read_columns(frame.iloc[rows], columns), target.take(rows)
    mechanisms = {name: _one_class(values, outcome) for name, values in sample.items()}
    return [Leak((name,), mechanism) for name, mechanism in mechanisms.items() if mechanism]


def _one_class(values: "pd.Series[Any]", outcome: Outcome) -> str | None:
    """The value that most rows of one class alone have, described; None if there is none."""
    categories, filled = Categories.of(values).filled()
    if len(filled) < len(values) and reencodes(categories, outcome.take(filled)):
        return f"each of its values maps to one class in the {len(filled):,} rows that have one"
    sizes = outcome.class_sizes
    results = []
    for value, flags in _values(values):
        counts = np.bincount(outcome.codes[flags], minlength=len(sizes))
        rows, label = int(counts.sum()), int(counts.argmax())
        others, usual = rows - int(counts[label]), 1 - sizes[label] / sizes.sum()
        luck = binom.cdf(others, rows, LEFT * usual)
        if others <= OTHERS * usual * rows and luck <= LUCK:
            but = f" but {others}" if others else ""
            mechanism = (
                f"it is {value} in {rows:,} rows, and all{but} of them are of the class "
                f"{outcome.classes[label]!r}, as {1 - usual:.0%} of all rows are"
            )
            results.append((rows, mechanism))
    return max(results)[1] if results else None


def _values(values: "pd.Series[Any]") -> Iterator[tuple[str, Flags]]:
    """What a cell may hold, and the rows in which it does."""
    blank = values.isna().to_numpy()
    if blank.any():
        yield "filled", ~blank
        yield "blank", blank
    categories = Categories.of(values)
    most = MOST_NUMBERS if categories.numeric else MOST_CATEGORIES
    if 1 < len(categories.labels) <= most:
        for code, label in enumerate(categories.labels):
            if label is not None:
                yield repr(label), categories.codes == code
    elif categories.numeric:
        numbers = as_numbers(values)
        if (numbers == 0).mean() >= PILE:
            yield "0", numbers == 0
            yield "other than 0", ~blank & (numbers != 0)
