"""Guesses what the columns of an unseen table are: each guess with its reason."""

from dataclasses import dataclass

import pandas as pd

from problem.columns import LONGEST_CATEGORY, ColumnType
from problem.errors import BadInput
from problem.spec import Task

FEWEST_ROWS = 50
# A string column with more distinct values than this is text or a name, no category.
MOST_CATEGORIES = 100
# A whole-number target with more values than this is a quantity, not a class.
MOST_CLASSES = 10
DATE_SHAPE = r"^\d{4}-\d{2}-\d{2}"


@dataclass(frozen=True)
class Guess:
    """What a column seems to be; `excluded` is the reason not to learn from it, if there is one."""

    name: str
    type: ColumnType
    nullable: bool
    minimum: float | None = None
    maximum: float | None = None
    excluded: str | None = None


def guess(frame: pd.DataFrame, name: str) -> Guess:
    """What column `name` of `frame` seems to be, by its type and its values."""
    values = frame[name]
    present = values.dropna()
    nullable = len(present) < len(values)
    kind = _type(present)
    if present.empty:
        return Guess(name, kind, nullable, excluded="it is empty")
    distinct = present.nunique()
    excluded = None
    if distinct == 1:
        excluded = f"it is constant: {present.iloc[0]!s:.40}"
    elif kind == "category":
        excluded = _text(present, distinct)
    elif kind == "integer" and _numbers_the_rows(present, distinct):
        excluded = "it numbers the rows: an identifier"
    if kind not in ("number", "integer"):
        return Guess(name, kind, nullable, excluded=excluded)
    minimum, maximum = _range(float(present.min()), float(present.max()))
    return Guess(name, kind, nullable, minimum, maximum, excluded)


def guess_task(target: pd.Series) -> Task:
    """The kind of target: two values are binary, few or words multiclass, else regression.

    Raises:
        BadInput: one value only, or hardly any row of a class: there is nothing to learn.
    """
    present = target.dropna()
    classes = present.nunique()
    if classes < 2:
        only = present.iloc[0] if classes else "nothing"
        raise BadInput(
            f"target '{target.name}' has one class only ({only}); a model needs rows of at least "
            "two: choose another target, or add the rows that are missing"
        )
    if classes == 2:
        return "binary"
    numeric = pd.api.types.is_numeric_dtype(present)
    whole = numeric and bool((present % 1 == 0).all())
    if numeric and (not whole or classes > MOST_CLASSES):
        return "regression"
    if classes > len(present) / 10:
        raise BadInput(
            f"target '{target.name}' has {classes} different values in {len(present)} rows: too "
            "many for classes, and it is no number; choose another target, or group its values"
        )
    return "multiclass"


def _type(present: pd.Series) -> ColumnType:
    dtype = present.dtype
    if pd.api.types.is_bool_dtype(dtype) or (len(present) and present.isin([True, False]).all()
                                             and present.map(type).eq(bool).all()):  # fmt: skip
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    if pd.api.types.is_numeric_dtype(dtype):
        # Whole numbers beside missing ones arrive as floats.
        return "integer" if bool((present % 1 == 0).all()) and len(present) else "number"
    return "date" if _are_dates(present) else "category"


def _are_dates(present: pd.Series) -> bool:
    words = present.astype(str)
    if not len(words) or not words.str.match(DATE_SHAPE).all():
        return False
    return bool(pd.to_datetime(words, errors="coerce", format="ISO8601").notna().all())


def _text(present: pd.Series, distinct: int) -> str | None:
    longest = int(present.astype(str).str.len().max())
    if distinct == len(present):
        return "each row has its own value: an identifier or free text"
    if distinct > MOST_CATEGORIES or distinct > len(present) / 2 or longest > LONGEST_CATEGORY:
        return f"it has {distinct} different values: free text, names or codes"
    return None


def _numbers_the_rows(present: pd.Series, distinct: int) -> bool:
    span = int(present.max()) - int(present.min()) + 1
    return distinct == len(present) == span


def _range(low: float, high: float) -> tuple[float, float]:
    """What may still come: the seen range and as much again on each side, 0 stays a border."""
    span = high - low
    return (0.0 if low >= 0 else low - span), (0.0 if high <= 0 else high + span)
