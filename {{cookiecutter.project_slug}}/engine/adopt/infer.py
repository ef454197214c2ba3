"""Guesses the type, the range and the use of each column of an unseen table, with the reason."""

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from engine.adopt.inferred import NO_HINTS, DialectHints, InferredColumn
from engine.adopt.texts import infer_texts
from engine.contract.cells import convert, is_infinite, without_missing
from engine.contract.column import LONGEST_CATEGORY, ColumnType, kind_of
from engine.contract.format import ColumnFormat
from engine.problem.errors import BadInput
from engine.problem.spec import Task

FEWEST_ROWS = 50
FEWEST_OF_CLASS = 10  # a class with fewer rows would be missing in a fold or in the test
MOST_CATEGORIES = 100  # a string column with more distinct values is text or a name, no category
# A whole-number target with more values than this is a quantity, not a class.
MOST_CLASSES = 10
HARDLY = 0.01  # below this share of the rows, and below a class, other values add nothing
# Whole numbers of which none comes twice, in so narrow a range, were counted up with gaps.
DENSE = 4
NAMED_ID = re.compile(
    r"(?i:(.*[_. -])?(id|uuid|guid|key|nr|no|number|code))|.*[a-z](Id|ID|Nr|No|Key|Code)"
)
FEWEST_KEYS = 20  # fewer values may be grades of something, however they are named
ZONE = r".*\d ?(Z|[+-]\d{2}:?\d{2})"
LIST_SHAPE = r"(?s)\s*(\[\s*([\[{\"'\d.-].*)?\]|\{\s*([\"'\d].*)?\})\s*"  # not '[deleted]'


@dataclass(frozen=True)
class Guess:
    """What a column seems to be; `excluded` is the reason not to train on it, if there is one.

    `missing` counts its missing cells; `inferred` describes how its texts are read.
    """

    name: str
    type: ColumnType
    nullable: bool
    minimum: float | None
    maximum: float | None
    excluded: str | None
    missing: int
    inferred: InferredColumn


def infer_column(values: pd.Series, hints: DialectHints = NO_HINTS) -> InferredColumn:
    """What kind of values a column holds: by its type, or by its texts; BadInput if lists."""
    kind = kind_of(values.dtype)
    if kind in (None, "category"):
        inferred, present = infer_texts(values, hints), values.dropna()
        is_list = inferred.kind == "category" and len(present) > 0
        if is_list and present.str.fullmatch(LIST_SHAPE).all():
            message = f"column '{values.name}' holds lists ({present.iloc[0]!r:.40}); flatten it "
            raise BadInput(f"{message}or leave it out", code="list-cells")
    else:
        infinite = kind == "number" and bool(is_infinite(values).any())
        inferred = InferredColumn(kind, ColumnFormat(infinite=infinite))
    if inferred.kind == "date":
        if isinstance(values.dtype, pd.StringDtype):
            zoned = bool(values.dropna().str.fullmatch(ZONE).any())
        else:
            zoned = isinstance(values.dtype, pd.DatetimeTZDtype)
        return replace(inferred, zoned=zoned)
    if not inferred.cells.infinite:
        return inferred
    rows = np.flatnonzero(is_infinite(values))
    note = f"{len(rows):,} infinite (first: row {rows[0] + 1}), read as missing"
    return replace(inferred, notes=(note, *inferred.notes))


def typed(values: pd.Series, inferred: InferredColumn) -> pd.Series:
    """`values` with the inferred type."""
    present = without_missing(values, inferred.cells)
    return convert(present, inferred.kind, nullable=True, cells=inferred.cells)[0]


def guess(values: pd.Series, inferred: InferredColumn) -> Guess:
    """What a column seems to be, by its values with their type (`typed`)."""
    present, name, kind = values.dropna(), str(values.name), inferred.kind
    missing, excluded = len(values) - len(present), _reason(values, present, inferred)
    bounds: tuple[float | None, float | None] = (None, None)
    if not excluded and kind in ("number", "integer"):
        low, high = float(present.min()), float(present.max())
        is_flag = kind == "integer" and (low, high) == (0, 1)
        bounds = (low, high) if is_flag else reach(low, high)
    return Guess(name, kind, missing > 0, *bounds, excluded, missing, inferred)


def guess_task(target: pd.Series, kind: ColumnType, wanted: Task | None = None) -> Task:
    """The kind of target: two values are binary, few or words multiclass, else regression.

    Raises:
        BadInput: one value only, a rare class, too many classes, or not what is `wanted`.
    """
    counts = target.dropna().value_counts()
    if len(counts) < 2:
        only = f"one class only ({counts.index.tolist()[0]!r:.60})" if len(counts) else "no value"
        message = f"target '{target.name}' has {only}; choose another target, or add rows"
        raise BadInput(message, code="one-class")
    guessed: Task = "binary"
    if len(counts) > 2:
        few = len(counts) <= counts.sum() / FEWEST_OF_CLASS
        if kind in ("number", "integer"):
            few = len(counts) <= MOST_CLASSES and bool((counts.index % 1 == 0).all())
        guessed = "multiclass" if few else "regression"
    task = wanted or guessed
    if task == "regression" and kind not in ("number", "integer"):
        message = f"target '{target.name}' is a {kind} with {len(counts)} different values, too "
        message += "many for classes; choose another target, or group its values"
        raise BadInput(message, code="wrong-target-type")
    if task == "binary" and len(counts) != 2:
        message = f"--task binary: target '{target.name}' has {len(counts)} different values; "
        message += f"leave --task out for {guessed}, or choose another target"
        raise BadInput(message, code="wrong-class-count")
    if task != "regression":
        _check_classes(target, counts, kind)
    return task


def reach(low: float, high: float) -> tuple[float, float]:
    """What may still come: the observed range and as much again on each side; 0 stays a border.

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


def _reason(values: pd.Series, present: pd.Series, inferred: InferredColumn) -> str | None:
    """Why not to train on the column, or None."""
    distinct = present.nunique()
    if distinct < 2:
        return f"it is constant: {present.iloc[0]!s:.40}" if distinct else "it is empty"
    counts = values.value_counts(dropna=False)
    others = len(values) - int(counts.iloc[0])
    if others < min(FEWEST_OF_CLASS, HARDLY * len(values)):
        usual = counts.index[0]
        same = "are empty" if pd.isna(usual) else f"are {usual!s:.40}"
        return f"it is nearly constant: all rows but {others} {same}"
    if inferred.kind == "category":
        reason = _category_reason(present, distinct)
        return reason and (inferred.unread or reason)
    is_number = inferred.kind in ("number", "integer") and not inferred.cells.unit
    return _number_reason(present, distinct) if is_number else None


def _number_reason(present: pd.Series, distinct: int) -> str | None:
    # Where some are missing, programs write whole numbers with a point.
    if (present % 1 != 0).any():
        return None
    is_named, is_unique = NAMED_ID.fullmatch(str(present.name)), distinct == len(present)
    if is_unique and int(present.max()) - int(present.min()) + 1 <= DENSE * distinct:
        return "it numbers the rows: an identifier"
    if is_unique and is_named:
        return "it has the name of an identifier and a different value in each row"
    if not is_named or distinct < FEWEST_KEYS:
        return None
    return f"a key by its name, with {distinct:,} values; make it str to read it as categories"


def _category_reason(present: pd.Series, distinct: int) -> str | None:
    if distinct == len(present):
        return "each row has its own value: an identifier or free text"
    many, alone = distinct > MOST_CATEGORIES, distinct > len(present) / 2
    if not (many or alone or int(present.str.len().max()) > LONGEST_CATEGORY):
        return None
    unit = "; if rows of one value belong together, name it under rows.unit"
    unit = unit if many and not alone else ""
    return f"it has {distinct} different values: free text, names or codes{unit}"


def _check_classes(target: pd.Series, counts: pd.Series, kind: ColumnType) -> None:
    if kind == "date" or (kind == "number" and (counts.index % 1 != 0).any()):
        message = f"target '{target.name}' has {len(counts)} different values such as "
        message += f"{counts.index[0]!s:.40}; write the labels as words or whole numbers"
        raise BadInput(message, code="wrong-target-type")
    rarest, rows = counts.index.tolist()[-1], counts.iloc[-1]
    if rows < FEWEST_OF_CLASS:
        message = f"target '{target.name}' has {rows} rows of {rarest!r:.60} only; expected "
        message += f"{FEWEST_OF_CLASS} of each class: add rows, join it with another, or drop it"
        raise BadInput(message, code="rare-class")
