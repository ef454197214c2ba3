"""Columns whose values re-encode the outcome, and values that occur in one class alone.

Re-encoding holds in both directions: each value maps to one class, and each class has its values.
A strong honest feature is wrong in one of the two by more than what a few wrong entries explain.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binom

from engine.contract.column import Column, kind_of
from engine.leakage.outcome import (
    Array,
    Codes,
    Flags,
    Leak,
    Outcome,
    as_numbers,
    read_columns,
    read_target,
    sample_rows,
)
from engine.problem.spec import Problem

# Fewer rows of a class are no evidence for anything; nor are these, where one value stands for it.
FEWEST, FEWEST_OF_ONE = 10, 15
# With fewer rows of a class a good test is right in nearly all of them by luck.
ENOUGH = 100
# Different values of a column of categories, and of a number; more make a measurement.
MOST_CATEGORIES, MOST_NUMBERS = 60, 12
# Entries that may be wrong: a share of the rows of each class, and of the rarest in all.
WRONG, WRONG_IN_ALL = 0.0125, 0.08
# What a value among many, or two columns together, may be wrong in: many are tried, so little.
WRONG_OF_MANY = 0.005
# An honest test is wrong in so many rows; that it did so well by luck must be so unlikely.
HONEST, LUCK, LUCK_OF_MANY = 0.05, 0.001, 0.0001
# Where a column is blank in other rows, as many filled ones of a class, and as unlikely that an
# honest test is never wrong in them.
FEWEST_FILLED, LUCK_OF_FILLED = 20, 0.01
# Rows whose category the other half of the rows lacks: they are no evidence.
MOST_UNSEEN = 0.35
# Of an honest value that goes with a class at least this part of the others' usual share is left.
# How unlikely the observed share must be then, and which part wrong entries may leave.
LEFT, LUCK, OTHERS = 0.1, 1e-4, 0.01
# Of a number a pile at zero in so many rows makes 'other than 0' a value of its own.
PILE = 0.05


@dataclass(frozen=True)
class Categories:
    """A column as categories: which one each row has, (n,), and its values; missing is one too."""

    codes: Codes
    labels: Sequence[Any]
    numeric: bool = False

    @classmethod
    def of(cls, values: "pd.Series[Any]", *, part: bool = False) -> "Categories":
        """The categories of a column, numbers in their order, missing last.

        A `part` of a column, such as a digit or an hour, is no measurement.
        """
        numeric = kind_of(values.dtype) in ("number", "integer") and not part
        codes, labels = values.factorize(sort=True)
        missing = codes < 0
        names = [*labels.tolist(), *([None] if missing.any() else [])]
        return cls(np.where(missing, len(labels), codes), names, numeric)

    def filled(self) -> tuple["Categories", Codes]:
        """The categories of the rows that are not missing, and these rows."""
        if not len(self.labels) or self.labels[-1] is not None:
            return self, np.arange(len(self.codes))
        rows = np.flatnonzero(self.codes < len(self.labels) - 1)
        return Categories(self.codes[rows], self.labels[:-1], self.numeric), rows


def class_mechanism(categories: Categories, outcome: Outcome) -> str | None:
    """How the categories give the classes away, or None."""
    if reencodes(categories, outcome):
        return f"it re-encodes {outcome.name}: each value maps to one class"
    if match := _exactly_when(categories, outcome):
        value, label = match
        stated = "missing" if value is None or pd.isna(value) else f"'{value}'"
        return f"it is {stated} exactly when {outcome.name} is {label!r}"
    if not outcome.late and (rows := _reencoded_rows(categories, outcome)):
        where = f"where it is filled, in {rows:,} rows"
        return f"it re-encodes {outcome.name} {where}: each value maps to one class"
    return None


def reencodes(categories: Categories, outcome: Outcome, *, strict: bool = False) -> bool:
    """Whether each category maps to a class: predict each half of the rows from the other half."""
    if not 1 < len(categories.labels) <= MOST_CATEGORIES:
        return False
    classes, target, sizes = len(outcome.classes), outcome.codes, outcome.class_sizes
    half = np.arange(len(target)) % 2 == 0
    first, second = (
        count_pairs(categories.codes[rows], target[rows], len(categories.labels), classes)
        for rows in (half, ~half)
    )
    large = sizes >= FEWEST
    mapped = (first + second).argmax(axis=1)
    if large.sum() < 2 or not set(np.flatnonzero(large)) <= set(mapped):
        return False
    wrong, unseen = np.zeros(classes), np.zeros(classes)
    for learned, tested in ((first, second), (second, first)):
        predicted = learned.argmax(axis=1)
        seen = learned.sum(axis=1) > 0
        right = tested[np.flatnonzero(seen), predicted[seen]]
        wrong += tested[seen].sum(axis=0) - np.bincount(predicted[seen], right, classes)
        unseen += tested[~seen].sum(axis=0)
    if (unseen > MOST_UNSEEN * sizes)[large].any():
        return False
    is_long = len(categories.labels) > MOST_NUMBERS
    # Along a number classes take turns; of a measurement one comes after the other.
    turns = int((mapped[1:] != mapped[:-1]).sum())
    if categories.numeric and is_long and turns <= 2 * classes:
        return False
    many = strict or is_long
    # An honest test may be wrong in no more rows by luck; one of many that are tried, in none.
    luck = binom.cdf(wrong.sum(), sizes.sum(), HONEST)
    may_be_luck = luck > LUCK_OF_MANY if many else wrong.sum() > 0 and luck > LUCK
    if not outcome.late and may_be_luck:
        return False
    share, in_all = (WRONG_OF_MANY,) * 2 if many or outcome.late else (WRONG, WRONG_IN_ALL)
    few_in_each = (wrong <= allowed(sizes, share))[large].all()
    return bool(few_in_each and wrong.sum() <= allowed(sizes[large].min(), in_all))


def _reencoded_rows(categories: Categories, outcome: Outcome) -> int:
    """In how many rows a column with blanks is filled, if it re-encodes the classes there; or 0."""
    filled, rows = categories.filled()
    present = outcome.take(rows)
    sizes = np.sort(np.bincount(present.codes, minlength=2))
    if len(rows) == len(categories.codes) or sizes[-2] < FEWEST_FILLED:
        return 0
    table = count_pairs(filled.codes, present.codes, len(filled.labels), len(present.classes))
    is_exact = bool((table.max(axis=1) == table.sum(axis=1)).all())
    is_luck = (1 - HONEST) ** len(rows) > LUCK_OF_FILLED
    return len(rows) if not is_luck and reencodes(filled, present, strict=not is_exact) else 0


def _exactly_when(categories: Categories, outcome: Outcome) -> tuple[Any, Any] | None:
    """A category of all rows of a class and hardly another row: (its value, the class)."""
    classes, sizes = len(outcome.classes), outcome.class_sizes
    counts = count_pairs(categories.codes, outcome.codes, len(categories.labels), classes)
    others = len(outcome.codes) - sizes
    lacking, strange = sizes - counts, counts.sum(axis=1, keepdims=True) - counts
    rarest, wrong = np.minimum(sizes, others), lacking + strange
    is_missing = np.array([label is None for label in categories.labels], bool)[:, None]
    tight = wrong <= WRONG_OF_MANY * rarest
    loose = (wrong <= WRONG_IN_ALL * rarest) & (not outcome.late)
    loose &= (lacking <= allowed(sizes, WRONG)) & (strange <= allowed(others, WRONG))
    loose &= is_missing | (not categories.numeric)
    values, labels = np.nonzero((tight | loose) & (rarest >= FEWEST_OF_ONE))
    # Of two classes an exact match leaves nothing open. Of more it does: a strong feature of all
    # of them is right in all rows of one now and then.
    certain = outcome.late | is_missing[values, 0] | (tight[values, labels] & (classes == 2))
    luck = np.maximum(
        binom.cdf(lacking[values, labels], sizes[labels], HONEST),
        binom.cdf(strange[values, labels], others[labels], HONEST),
    )
    fits = certain | (luck <= (LUCK if classes == 2 else LUCK_OF_MANY))
    if not fits.any():
        return None
    value, label = min(zip(values[fits], labels[fits], strict=True), key=lambda pair: wrong[pair])
    return categories.labels[value], outcome.classes[label]


def allowed(sizes: Codes | int, share: float) -> Array:
    """How many of so many rows may be wrong: their share, and of many what chance adds to it."""
    expected = share * np.asarray(sizes)
    chance = np.where(np.asarray(sizes) >= ENOUGH, np.sqrt(expected), 0.0)
    return np.asarray(np.floor(expected + chance), dtype=np.float64)


def count_pairs(codes: Codes, target: Codes, categories: int, classes: int) -> Codes:
    """How many rows have each category and class, (categories, classes)."""
    flat = np.bincount(codes * classes + target, minlength=categories * classes)
    return flat.reshape(categories, classes)


def single_class_values(
    problem: Problem, frame: pd.DataFrame, columns: Sequence[Column]
) -> list[Leak]:
    """Columns with a value, or any value, in rows of one class alone, more than luck explains.

    That may be honest: it is a question to people, when the column becomes known. `frame` and
    `columns` are those of `find`.
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
