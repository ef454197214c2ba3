"""Guesses what the columns of an unseen table are: each guess with its reason."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.convert import dates
from problem.columns import LONGEST_CATEGORY, ColumnType
from problem.errors import BadInput
from problem.spec import Task

FEWEST_ROWS = 50
# A class with fewer rows would be missing in a fold or in the test.
FEWEST_OF_CLASS = 10
# A string column with more distinct values than this is text or a name, no category.
MOST_CATEGORIES = 100
# A whole-number target with more values than this is a quantity, not a class.
MOST_CLASSES = 10
DATE_SHAPE = r"\d{4}-\d{2}-\d{2}([T ].*)?"
ZONE = r".*\d(Z|[+-]\d{2}:?\d{2})"
LIST_SHAPE = r"(?s)\s*(\[.*\]|\{.*\})\s*"


@dataclass(frozen=True)
class Guess:
    """What a column seems to be; `excluded` is the reason not to learn from it, if there is one.

    `zoned`: its times came with an offset and are read on UTC's clock.
    """

    name: str
    type: ColumnType
    nullable: bool
    minimum: float | None = None
    maximum: float | None = None
    excluded: str | None = None
    zoned: bool = False


def guess(values: pd.Series) -> Guess:
    """What a column seems to be, by its type and its values.

    Raises:
        BadInput: its cells are no single, finite values.
    """
    name, present = str(values.name), values.dropna()
    kind = _type(name, present)
    nullable = len(present) < len(values)
    excluded = _reason(present, kind)
    if excluded or kind not in ("number", "integer"):
        zoned = kind == "date" and _has_zone(present)
        return Guess(name, kind, nullable, excluded=excluded, zoned=zoned)
    low, high = float(present.min()), float(present.max())
    is_flag = kind == "integer" and (low, high) == (0, 1)
    return Guess(name, kind, nullable, *((low, high) if is_flag else reach(low, high)))


def guess_task(target: pd.Series, wanted: Task | None = None) -> Task:
    """The kind of target: two values are binary, few or words multiclass, else regression.

    Raises:
        BadInput: one value only, hardly any row of a class, too many classes, or not what is
            `wanted`.
    """
    counts = target.dropna().value_counts()
    if len(counts) < 2:
        only = f"one class only ({counts.index.tolist()[0]!r:.60})" if len(counts) else "no value"
        raise BadInput(
            f"target '{target.name}' has {only}; a model needs rows of at least two: choose "
            "another target, or add the rows that are missing"
        )
    kind = _type(str(target.name), target.dropna())
    guessed = _task(counts, kind)
    task = wanted or guessed
    if task == "regression" and kind not in ("number", "integer"):
        raise BadInput(
            f"target '{target.name}' is a {kind} with {len(counts)} different values: too many "
            "for classes, and it is no number; choose another target, or group its values"
        )
    if task == "binary" and len(counts) != 2:
        raise BadInput(
            f"--task binary: target '{target.name}' has {len(counts)} different values; leave "
            f"--task out for {guessed}, or choose another target"
        )
    if task != "regression":
        _check_classes(target, counts, kind)
    return task


def reach(low: float, high: float) -> tuple[float, float]:
    """What may still come: the seen range and as much again on each side; 0 stays a border.

    Rounded outwards to three digits of the range's width: more would be false precision.
    """
    width = high - low
    if not 0 < width < math.inf:
        return low, high
    digits = 2 - math.floor(math.log10(width))
    step = 10.0**-digits
    below = round(math.floor((low - width) / step) * step, digits)
    above = round(math.ceil((high + width) / step) * step, digits)
    return (max(below, 0.0) if low >= 0 else below), (min(above, 0.0) if high <= 0 else above)


def _type(name: str, present: pd.Series) -> ColumnType:
    if pd.api.types.is_bool_dtype(present.dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return "date"
    if pd.api.types.is_integer_dtype(present.dtype):
        return "integer"
    if pd.api.types.is_float_dtype(present.dtype):
        endless = np.isinf(present)
        if endless.any():
            raise BadInput(
                f"column '{name}' is infinite in {endless.sum()} rows (first: row "
                f"{present.index[endless][0] + 1}); no model computes with that: leave these "
                "cells empty, or write the number that is meant"
            )
        return "number"
    if present.empty:
        return "category"
    if present.str.fullmatch(LIST_SHAPE).all():
        raise BadInput(
            f"column '{name}' holds lists ({present.iloc[0]!r:.40}); a row needs one value a "
            "column, so flatten it or leave it out"
        )
    return "date" if _are_dates(present) else "category"


def _are_dates(present: pd.Series) -> bool:
    return bool(present.str.fullmatch(DATE_SHAPE).all() and dates(present).notna().all())


def _has_zone(present: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(present.dtype):
        return present.dt.tz is not None
    return bool(present.str.fullmatch(ZONE).any())


def _reason(present: pd.Series, kind: ColumnType) -> str | None:
    """Why not to learn from the column, or None."""
    distinct = present.nunique()
    if distinct < 2:
        return f"it is constant: {present.iloc[0]!s:.40}" if distinct else "it is empty"
    if kind == "integer":
        span = int(present.max()) - int(present.min()) + 1
        numbered = distinct == len(present) == span
        return "it numbers the rows: an identifier" if numbered else None
    if kind != "category":
        return None
    if distinct == len(present):
        return "each row has its own value: an identifier or free text"
    many = distinct > MOST_CATEGORIES or distinct > len(present) / 2
    if many or int(present.str.len().max()) > LONGEST_CATEGORY:
        return f"it has {distinct} different values: free text, names or codes"
    return None


def _task(counts: pd.Series, kind: ColumnType) -> Task:
    if len(counts) == 2:
        return "binary"
    if kind == "number":
        few = len(counts) <= MOST_CLASSES and bool((counts.index % 1 == 0).all())
        return "multiclass" if few else "regression"
    if kind == "integer":
        return "multiclass" if len(counts) <= MOST_CLASSES else "regression"
    return "multiclass" if len(counts) <= counts.sum() / FEWEST_OF_CLASS else "regression"


def _check_classes(target: pd.Series, counts: pd.Series, kind: ColumnType) -> None:
    if kind == "date" or (kind == "number" and (counts.index % 1 != 0).any()):
        raise BadInput(
            f"target '{target.name}' has {len(counts)} different values such as "
            f"{counts.index[0]!s:.40}, which are no labels; write them as words or whole numbers"
        )
    if counts.iloc[-1] < FEWEST_OF_CLASS:
        raise BadInput(
            f"target '{target.name}' has {counts.iloc[-1]} rows of {counts.index[-1]!r:.60} only; "
            f"expected {FEWEST_OF_CLASS} of each class: add rows, join it with another class, or "
            "leave its rows out"
        )
