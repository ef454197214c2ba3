"""The outcome, the parts of a column in which it may hide, and the result of the search."""

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.cells import convert
from engine.contract.column import Column
from engine.problem.spec import Problem

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
Flags = NDArray[np.bool_]

# A quantity of so few values is re-coded like a class; it has no order worth the name.
FEW_VALUES = 12
# Rows that are searched; of each class so many, however rare it is.
SAMPLE, OF_A_CLASS = 20_000, 2_000
# Of texts, those that are searched; a longer list has the same endings.
TEXTS = 5_000
# Of fewer different values a digit is no part, but nearly the whole.
FEWEST_DIFFERENT = 60
NUMBER = r"(?:(?<!\S)-)?\d+(?:\.\d+)?"
DATE_PARTS = {"weekday": "day_of_week"} | {
    name: name for name in ("month", "day", "hour", "minute", "second", "microsecond")
}
TEXT_PARTS: dict[str, Callable[[str], object]] = {
    "in its first letter ": lambda text: text[:1],
    "in its start ": lambda text: (re.split(r"[\W_\d]", text, maxsplit=1) or [""])[0],
    "in its second part ": lambda text: [*re.split(r"[\W_]+", text, maxsplit=2), ""][1],
    "in its last letter ": lambda text: text[-1:],
    "in its end ": lambda text: re.split(r"[\W_\d]", text.rstrip())[-1],
    "in its length ": len,
}


@dataclass(frozen=True)
class Leak:
    """Columns that together give the target, and how.

    `latest` are those that came last, where the data shows it. `late` marks a column that
    problem.toml declares as known too late, or one that gives such a column.
    """

    columns: tuple[str, ...]
    mechanism: str
    latest: tuple[str, ...] = ()
    late: bool = False

    @property
    def proposed(self) -> tuple[str, ...]:
        """The columns to exclude: those that came last, or all where that is not clear."""
        return self.latest or self.columns

    def answered(self, known_in_time: Container[str]) -> bool:
        """Whether problem.toml states of each column that it is known when the decision is due."""
        return not self.late and all(name in known_in_time for name in self.columns)


@dataclass(frozen=True)
class Outcome:
    """The outcome of each row as numbers, shape (n,): of a class its place in `classes`.

    `late` marks a column that is known too late, not the target: only exact relations count.
    """

    name: str
    values: Array
    classes: tuple[Any, ...] = ()
    late: bool = False

    @property
    def codes(self) -> Codes:
        """The class of each row."""
        return self.values.astype(np.intp)

    @property
    def class_sizes(self) -> Codes:
        """The rows of each class."""
        return np.bincount(self.codes, minlength=len(self.classes))

    def take(self, rows: Codes) -> "Outcome":
        """The outcome of some rows."""
        return replace(self, values=self.values[rows])

    def classed(self) -> "Outcome":
        """The same with classes, if it is a quantity of few values."""
        values = np.unique(self.values)
        if self.classes or len(values) > FEW_VALUES:
            return self
        codes = np.searchsorted(values, self.values).astype(np.float64)
        return replace(self, values=codes, classes=tuple(values.tolist()))


def read_target(problem: Problem, frame: pd.DataFrame) -> Outcome:
    """The target of all rows; of two classes the positive one comes last."""
    target = problem.target
    kind = "number" if target.task == "regression" else "category"
    return read_outcome("the target", frame[target.column], kind, target.positive)


def read_outcome(name: str, values: pd.Series, kind: str, positive: object = None) -> Outcome:
    """A column's values as an outcome: of a number as they are, else as classes."""
    if kind in ("number", "integer"):
        return Outcome(name, values.to_numpy(np.float64, na_value=np.nan))
    codes, labels = values.factorize(sort=True)
    classes = labels.tolist()
    if len(classes) == 2 and classes[0] == positive:
        classes, codes = classes[::-1], 1 - codes
    return Outcome(name, codes.astype(np.float64), tuple(classes))


def sample_rows(outcome: Outcome) -> Codes:
    """Rows to search, in their order: a random sample, and of each class up to `OF_A_CLASS`."""
    rows = np.random.default_rng(0).permutation(len(outcome.values))[:SAMPLE]
    if len(outcome.values) > SAMPLE and outcome.classes:
        rows = np.append(rows, rows_of_each(outcome, OF_A_CLASS))
    return np.unique(rows)


def rows_of_each(outcome: Outcome, most: int) -> Codes:
    """Up to so many rows of each class, in their order."""
    rng, codes = np.random.default_rng(0), outcome.codes
    rows = (np.flatnonzero(codes == label) for label in range(len(outcome.classes)))
    chosen = [rng.choice(own, min(most, len(own)), replace=False) for own in rows]
    return np.sort(np.concatenate(chosen))


def read_columns(frame: pd.DataFrame, columns: Sequence[Column]) -> dict[str, pd.Series]:
    """The inputs with the types that they are described with; what has another is missing."""
    return {
        column.name: convert(frame[column.name], column.type, nullable=True)[0]
        for column in columns
    }


def as_numbers(values: pd.Series) -> Array:
    """Numbers as they are, dates in days since 1970; missing is NaN."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        # In microseconds: nanoseconds end in 2262.
        values = (values - pd.Timestamp(0).as_unit("us")) / pd.Timedelta(days=1)
    return values.to_numpy(np.float64, na_value=np.nan)


def step_of(values: Array, decimals: int = 4) -> float:
    """What the values are rounded to: 1, 0.1, … down to so many decimals; 0 if they are not."""
    for digits in range(decimals + 1):
        if np.allclose(values, values.round(digits), rtol=0, atol=1e-9):
            return float(10.0**-digits)
    return 0.0


def category_views(values: pd.Series) -> Iterator[tuple[str, pd.Series]]:
    """The column itself (named ''), and its parts that take few values, with their names."""
    yield "", values
    if pd.api.types.is_bool_dtype(values.dtype):
        return
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        for name, part in DATE_PARTS.items():
            yield f"in the {name} of its date ", getattr(values.dt, part)
        timed = (values != values.dt.normalize()).astype("boolean")
        yield "by having a time of day ", timed.mask(values.isna())
    elif pd.api.types.is_numeric_dtype(values.dtype):
        number = as_numbers(values)
        present = number[np.isfinite(number)]
        if len(np.unique(present)) < FEWEST_DIFFERENT or np.abs(present).max() > 1e11:
            return
        if step := step_of(present):  # 0 for an unrounded measurement
            digit = np.round(number / step) % 10
            yield "in its last digit ", pd.Series(digit, values.index)
            yield "by being odd or even ", pd.Series(digit % 2, values.index)
    else:
        for name, part_of in TEXT_PARTS.items():
            texts = _of_each(values, part_of)
            if texts is not None:
                yield name, texts


def number_views(values: pd.Series) -> Iterator[tuple[str, Array]]:
    """The column as a number (named ''), and the numbers in it, with their names."""
    if pd.api.types.is_bool_dtype(values.dtype):
        return
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = as_numbers(values)
        yield "", days
        yield "in its time of day ", days % 1
        yield "in its fraction of a second ", (days * 86_400) % 1
    elif pd.api.types.is_numeric_dtype(values.dtype):
        number = as_numbers(values)
        yield "", number
        if (number % 1 > 0).any():
            yield "behind its decimal point ", number % 1
    else:
        # Of several numbers the longest: 24-0001234 is the 1234th of a year.
        inside = _of_each(
            values, lambda text: float(max(re.findall(NUMBER, text), key=len, default="nan"))
        )
        if inside is not None and inside.notna().mean() > 0.5:
            yield "in its number ", inside.to_numpy(np.float64)


def _of_each(values: pd.Series, part_of: Callable[[str], object]) -> pd.Series | None:
    """A part of each text, computed once for each different one; None if there are too many."""
    codes, texts = values.factorize()
    if len(texts) > max(TEXTS, len(values)) or not len(texts):
        return None
    results = pd.Series([part_of(str(text)) for text in texts])
    return results.reindex(codes).set_axis(values.index)
