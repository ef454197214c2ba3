"""Guesses what the columns of an unseen table are: each guess with its reason."""

import math
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from engine.adopt.inferred import DialectHints, Found
from engine.adopt.texts import find
from engine.contract.cells import convert, is_infinite, without_missing
from engine.contract.column import LONGEST_CATEGORY, ColumnType
from engine.contract.format import PLAIN, ColumnFormat
from engine.problem.errors import BadInput
from engine.problem.spec import Task

FEWEST_ROWS = 50
FEWEST_OF_CLASS = 10  # a class with fewer rows would be missing in a fold or in the test
MOST_CATEGORIES = 100  # a string column with more distinct values is text or a name, no category
# A whole-number target with more values than this is a quantity, not a class.
MOST_CLASSES = 10
HARDLY = 0.01  # below this share of the rows, and below a class, other values teach nothing
# Whole numbers of which none comes twice, in so narrow a range, were counted up with gaps.
DENSE = 4
NAMED_ID = re.compile(
    r"(?i:(.*[_. -])?(id|uuid|guid|key|nr|no|number|code))|.*[a-z](Id|ID|Nr|No|Key|Code)"
)
FEWEST_KEYS = 20  # fewer values may be grades of something, however they are named
KEY = "a key by its name, with {} values: larger means nothing; make it str to read it as words"
ZONE = r".*\d ?(Z|[+-]\d{2}:?\d{2})"
LIST_SHAPE = r"(?s)\s*(\[\s*([\[{\"'\d.-].*)?\]|\{\s*([\"'\d].*)?\})\s*"  # not '[deleted]'


@dataclass(frozen=True)
class Guess:
    """What a column seems to be; `excluded` is the reason not to learn from it, if there is one.

    `missing` counts its missing cells. `zoned`: its times came with an offset and are read on
    UTC's clock. `cells` says how its texts are read, `notes` what was decided on them.
    """

    name: str
    type: ColumnType
    nullable: bool
    minimum: float | None = None
    maximum: float | None = None
    excluded: str | None = None
    zoned: bool = False
    missing: int = 0
    cells: ColumnFormat = PLAIN
    notes: tuple[str, ...] = ()


def found_in(values: pd.Series, known: DialectHints = DialectHints()) -> Found:  # noqa: B008  # it is frozen
    """What kind of values a column holds: by its type, or by its texts.

    Raises:
        BadInput: its cells hold lists.
    """
    kind = _kind(values.dtype)
    if kind is not None:
        endless = kind == "number" and bool(is_infinite(values).any())
        return _endless(Found(kind, ColumnFormat(infinite=endless)), values)
    found = _endless(find(values, known), values)
    present = values.dropna()
    if found.kind == "category" and len(present) and present.str.fullmatch(LIST_SHAPE).all():
        raise BadInput(
            f"column '{values.name}' holds lists ({present.iloc[0]!r:.40}); a row needs one value "
            "a column, so flatten it or leave it out",
            code="list-cells",
        )
    return found


def _endless(found: Found, values: pd.Series) -> Found:
    """Say how many cells are missing because they are infinite: no model computes with these."""
    if not found.cells.infinite:
        return found
    rows = np.flatnonzero(is_infinite(values))
    said = f"{len(rows):,} infinite (first: row {rows[0] + 1}), read as missing"
    return replace(found, notes=(said, *found.notes))


def typed(values: pd.Series, found: Found) -> pd.Series:
    """`values` with the type that was found."""
    present = without_missing(values, found.cells)
    return convert(present, found.kind, nullable=True, cells=found.cells)[0]


def guess(values: pd.Series, found: Found, *, zoned: bool = False) -> Guess:
    """What a column seems to be, by its values with their type (`typed`)."""
    present = values.dropna()
    missing = len(values) - len(present)
    kind = found.kind
    one = Guess(
        str(values.name), kind, missing > 0, excluded=_reason(values, present, found),
        zoned=zoned, missing=missing, cells=found.cells, notes=found.notes,
    )  # fmt: skip
    if one.excluded or kind not in ("number", "integer"):
        return one
    low, high = float(present.min()), float(present.max())
    is_flag = kind == "integer" and (low, high) == (0, 1)
    minimum, maximum = (low, high) if is_flag else reach(low, high)
    return replace(one, minimum=minimum, maximum=maximum)


def has_zone(values: pd.Series) -> bool:
    """Do times, as they came, say their offset?"""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return True
    return isinstance(values.dtype, pd.StringDtype) and bool(
        values.dropna().str.fullmatch(ZONE).any()
    )


def guess_task(target: pd.Series, kind: ColumnType, wanted: Task | None = None) -> Task:
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
            "another target, or add the rows that are missing",
            code="one-class",
        )
    guessed = _task(counts, kind)
    task = wanted or guessed
    if task == "regression" and kind not in ("number", "integer"):
        raise BadInput(
            f"target '{target.name}' is a {kind} with {len(counts)} different values: too many "
            "for classes, and it is no number; choose another target, or group its values",
            code="wrong-target-type",
        )
    if task == "binary" and len(counts) != 2:
        raise BadInput(
            f"--task binary: target '{target.name}' has {len(counts)} different values; leave "
            f"--task out for {guessed}, or choose another target",
            code="wrong-class-count",
        )
    if task != "regression":
        _check_classes(target, counts, kind)
    return task


def reach(low: float, high: float) -> tuple[float, float]:
    """What may still come: the seen range and as much again on each side; 0 stays a border.

    Rounded outwards to three digits of the range's width: more would be false precision.
    """
    width = high - low
    if not (width > 1e-300 and max(-low, high) < 1e307):  # as much again would be no float
        return low, high
    digits = 2 - math.floor(math.log10(width))
    step = 10.0**-digits
    below = round(math.floor((low - width) / step) * step, digits)
    above = round(math.ceil((high + width) / step) * step, digits)
    return (max(below, 0.0) if low >= 0 else below), (min(above, 0.0) if high <= 0 else above)


def _kind(dtype: Any) -> ColumnType | None:
    """What values of a type are; None for texts, which may be anything."""
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    if pd.api.types.is_integer_dtype(dtype):
        return "integer"
    return "number" if pd.api.types.is_float_dtype(dtype) else None


def _reason(values: pd.Series, present: pd.Series, found: Found) -> str | None:
    """Why not to learn from the column, or None."""
    kind, distinct = found.kind, present.nunique()
    if distinct < 2:
        return f"it is constant: {present.iloc[0]!s:.40}" if distinct else "it is empty"
    if distinct <= FEWEST_OF_CLASS and (hardly := _hardly_differs(values)):
        return hardly
    if distinct == len(present) and _is_whole(present, kind) and not found.cells.unit:
        span = int(present.max()) - int(present.min()) + 1
        if span <= DENSE * distinct:
            return "it numbers the rows: an identifier"
        if NAMED_ID.fullmatch(str(values.name)):
            return "its name and its values, each its own, say: an identifier"
    if _is_key(present, found, distinct):
        return KEY.format(f"{distinct:,}")
    reason = _words_reason(present, distinct) if kind == "category" else None
    return reason and (found.unread or reason)


def _is_key(present: pd.Series, found: Found, distinct: int) -> bool:
    """Whole numbers that name something, by what the column is called."""
    if found.cells.unit or distinct < FEWEST_KEYS or not NAMED_ID.fullmatch(str(present.name)):
        return False
    return _is_whole(present, found.kind)


def _is_whole(present: pd.Series, kind: ColumnType) -> bool:
    """Whole numbers; where some are missing, programs write them with a point."""
    return kind == "integer" or (kind == "number" and bool((present % 1 == 0).all()))


def _words_reason(present: pd.Series, distinct: int) -> str | None:
    if distinct == len(present):
        return "each row has its own value: an identifier or free text"
    many, alone = distinct > MOST_CATEGORIES, distinct > len(present) / 2
    if many or alone or int(present.str.len().max()) > LONGEST_CATEGORY:
        unit = "; rows of one are alike? Then it is rows.unit" if many and not alone else ""
        return f"it has {distinct} different values: free text, names or codes{unit}"
    return None


def _hardly_differs(values: pd.Series) -> str | None:
    """Said of a column in which all rows but a handful say the same."""
    counts = values.value_counts(dropna=False)
    others = len(values) - int(counts.iloc[0])
    if others >= min(FEWEST_OF_CLASS, HARDLY * len(values)):
        return None
    usual = counts.index[0]
    said = "are empty" if pd.isna(usual) else f"say {usual!s:.40}"
    return f"it is nearly constant: all rows but {others} {said}"


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
            f"{counts.index[0]!s:.40}, which are no labels; write them as words or whole numbers",
            code="wrong-target-type",
        )
    rarest, rows = counts.index.tolist()[-1], counts.iloc[-1]
    if rows < FEWEST_OF_CLASS:
        raise BadInput(
            f"target '{target.name}' has {rows} rows of {rarest!r:.60} only; expected "
            f"{FEWEST_OF_CLASS} of each class: add rows, join it with another, or leave them out",
            code="rare-class",
        )
