"""Values that stand in rows of one class alone: after the fact, or honest and strong."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from engine.contract.column import Column
from engine.leakage.categorical import MOST_NUMBERS, MOST_WORDS, Words, recoded
from engine.leakage.leak import Leak
from engine.leakage.outcome import Outcome, as_numbers, read_columns, read_target, sample_rows
from engine.leakage.threshold_rules import Flags
from engine.problem.spec import Problem

# Of an honest value that goes with a class at least this part of the others' usual share is left.
# How unlikely that must be by what is seen, and which part may be left, of wrong entries.
LEFT, LUCK, OTHERS = 0.1, 1e-4, 0.01
# Of a number a pile at zero in so many rows makes 'other than 0' a value of its own.
PILE = 0.05


def single_class_values(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]
) -> list[Leak]:
    """Columns of which a value stands in rows of one class alone, more than luck explains; or all
    of them do, in the few rows where it is filled.

    That may be honest: it is a question to people, when the column becomes known. `frame` and
    `columns` are those of `find`. A regression has no classes, and no such column.
    """
    if problem.target.task == "regression":
        return []
    target = read_target(problem, frame)
    rows = sample_rows(target)
    outcome = target.take(rows)
    said = {
        name: _one_class(values, outcome)
        for name, values in read_columns(frame.iloc[rows], columns).items()
    }
    return [Leak((name,), one) for name, one in said.items() if one]


def _one_class(values: "pd.Series[Any]", outcome: Outcome) -> str | None:
    """The value that most rows of one class alone have, in words; None if there is none."""
    words, filled = Words.of(values).filled()
    if len(filled) < len(values) and recoded(words, outcome.take(filled)):
        return f"each of its values means one class in the {len(filled):,} rows where it is filled"
    sizes = np.bincount(outcome.codes, minlength=len(outcome.classes))
    found = []
    for said, flags in _values(values):
        counts = np.bincount(outcome.codes[flags], minlength=len(sizes))
        rows, label = int(counts.sum()), int(counts.argmax())
        others, usual = rows - int(counts[label]), 1 - sizes[label] / sizes.sum()
        luck = binom.cdf(others, rows, LEFT * usual)
        if others <= OTHERS * usual * rows and luck <= LUCK:
            but = f" but {others}" if others else ""
            found.append(
                (
                    rows,
                    f"it is {said} in {rows:,} rows, and all{but} of them are of the "
                    f"class {outcome.classes[label]!r}, as {1 - usual:.0%} of all rows are",
                )
            )
    return max(found)[1] if found else None


def _values(values: "pd.Series[Any]") -> Iterator[tuple[str, Flags]]:
    """What may stand in a cell, and the rows in which it does."""
    blank = values.isna().to_numpy()
    if blank.any():
        yield "filled", ~blank
        yield "blank", blank
    words = Words.of(values)
    if 1 < len(words.labels) <= (MOST_NUMBERS if words.numeric else MOST_WORDS):
        for code, label in enumerate(words.labels):
            if label is not None:
                yield repr(label), words.codes == code
    elif words.numeric:
        numbers = as_numbers(values)
        if (numbers == 0).mean() >= PILE:
            yield "0", numbers == 0
            yield "other than 0", ~blank & (numbers != 0)
