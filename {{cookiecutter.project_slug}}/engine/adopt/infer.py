"""Guesses the type, the range and the use of each column of an unseen table, with the reason."""

import math
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.date_forms import infer_compact
from engine.adopt.inferred import NO_HINTS, DialectHints, InferredColumn
from engine.adopt.number_forms import as_missing
from engine.adopt.texts import infer_texts, missing_note
from engine.adopt.times import counting_reason, zones
from engine.contract.cells import convert, is_infinite, without_missing, without_zone
from engine.contract.column import HIGHEST, LONGEST_CATEGORY, LOWEST, ColumnType, kind_of
from engine.contract.date_columns import dates
from engine.contract.format import ColumnFormat
from engine.pages.formatting import count

FEWEST_ROWS = 50
FEWEST_OF_CLASS = 10  # a class with fewer rows would be missing in a fold or in the test
MOST_CATEGORIES = 100  # a string column with more distinct values is text or a name, no category
HARDLY = 0.01  # below this share of the rows, and below a class, other values add nothing
# Whole numbers of which none comes twice, in so narrow a range, were counted up with gaps.
DENSE = 4
# A name of an identifier, and one that a count may have as well.
NAMED_ID = re.compile(r"(?i:(.*[_. -])?(id|uuid|guid|key|code))|.*[a-z](Id|ID|Key|Code)")
NAMED_NUMBER = re.compile(r"(?i:(.*[_. -])?(nr|no|number))|.*[a-z](Nr|No|Number)")
# So much smaller than the highest of skewed counts is the one in their middle.
SKEWED = 3
FEWEST_MEASURED = 10  # fewer numbers may be grades of something, and one far away another grade
FEWEST_KEYS = 20  # fewer values may be grades of something, however they are named


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


def infer_column(
    values: pd.Series, hints: DialectHints = NO_HINTS, given: frozenset[str] = frozenset()
) -> InferredColumn:
    """What kind of values a column holds: by its type, or by its texts.

    Args:
        given: words that mean missing in every column.
    """
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return InferredColumn("number", notes=("durations, read in seconds",), in_seconds=True)
    kind = kind_of(values.dtype)
    if kind == "date" and (dates(values).isna() & values.notna()).any():
        # Python, and so the server, has no such year.
        values, kind = without_zone(values).astype("str"), None
    if kind in (None, "category"):
        inferred = infer_texts(values, hints, given)
    else:
        missing = _numbers_given(values, given) if kind in ("number", "integer") else ()
        cells = ColumnFormat(missing=missing)
        present = without_missing(values, cells)
        infinite = kind == "number" and bool(is_infinite(present).any())
        days = _compact(present) if kind == "integer" else None
        inferred = days or InferredColumn(kind, ColumnFormat(infinite=infinite))
        cells = replace(inferred.cells, missing=missing)
        inferred = replace(inferred, cells=cells, notes=(*inferred.notes, *missing_note(missing)))
    if inferred.kind == "date":
        zoned, notes = zones(without_missing(values, inferred.cells))
        return replace(inferred, zoned=zoned, notes=(*inferred.notes, *notes))
    if not inferred.cells.infinite:
        return inferred
    rows = np.flatnonzero(is_infinite(values))
    note = f"{len(rows):,} infinite (first: row {rows[0] + 1}), read as missing"
    return replace(inferred, notes=(note, *inferred.notes))


def typed(values: pd.Series, inferred: InferredColumn) -> pd.Series:
    """`values` with the inferred type."""
    present = without_missing(values, inferred.cells)
    return convert(present, inferred.kind, nullable=True, cells=inferred.cells)[0]


def marker_notes(raw: pd.Series, values: pd.Series) -> tuple[str, ...]:
    """A note on a number such as -999 that rather means missing: it is repeated, and far away.

    Args:
        raw: the column as the source writes it.
        values: the same with its type (`typed`).
    """
    present = values.dropna()
    is_number = pd.api.types.is_numeric_dtype(values.dtype)
    ends = (present.min(), present.max()) if is_number and len(present) else ()
    notes = []
    for number in ends if len(set(ends)) == 2 else ():
        others = present[present != number]
        low, high = float(others.min()), float(others.max())
        gap, rows = max(low - float(number), float(number) - high), len(present) - len(others)
        is_nines = set(f"{abs(float(number)):.0f}") == {"9"}
        if gap > high - low and rows > 1 and (is_nines or others.nunique() >= FEWEST_MEASURED):
            written = raw[values == number].iloc[0]
            far = f"{written!s} in {count(rows, 'row')} is far from every other value"
            notes.append(f"{far}{as_missing([str(written)])}")
    return tuple(notes)


def guess(values: pd.Series, inferred: InferredColumn, unread: str | None = None) -> Guess:
    """What a column seems to be, by its values with their type (`typed`).

    `unread` is why its values could not be read, if so.
    """
    present, name, kind = values.dropna(), str(values.name), inferred.kind
    missing, excluded = len(values) - len(present), unread or _reason(values, present, inferred)
    bounds: tuple[float | None, float | None] = (None, None)
    if not excluded and kind in ("number", "integer"):
        low, high = float(present.min()), float(present.max())
        is_flag = kind == "integer" and (low, high) == (0, 1)
        bounds = (low, high) if is_flag else reach(low, high)
        if kind == "integer":
            bounds = (max(bounds[0], LOWEST), min(bounds[1], HIGHEST))
    return Guess(name, kind, missing > 0, *bounds, excluded, missing, inferred)


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


def is_key(values: pd.Series) -> bool:
    """Whether numbers name something, by the column's name as far as the values do not count.

    Counts start at 0 or 1, leave hardly a number out, and are few or mostly small.
    """
    name, distinct = str(values.name), values.nunique()
    if distinct < FEWEST_KEYS:
        return False
    if NAMED_ID.fullmatch(name):
        return True
    low, high, middle = float(values.min()), float(values.max()), float(values.median())
    is_dense = low in (0, 1) and high <= DENSE * distinct
    is_count = is_dense and (distinct <= MOST_CATEGORIES or middle * SKEWED <= high)
    return bool(NAMED_NUMBER.fullmatch(name)) and not is_count


def _numbers_given(values: pd.Series, given: frozenset[str]) -> tuple[str, ...]:
    """The words among `given` that stand in a typed column as numbers."""
    alone = ((word, without_missing(values, ColumnFormat(missing=(word,)))) for word in given)
    return tuple(sorted(word for word, left in alone if left.isna().sum() > values.isna().sum()))


def _compact(present: pd.Series) -> InferredColumn | None:
    """Times that a typed table holds as whole numbers, as 20261231."""
    return infer_compact(pc.unique(pa.array(present.dropna())).cast(pa.large_string()))


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
    if reason := counting_reason(present):
        return reason
    if (present % 1 != 0).any():
        return None
    is_named, is_unique = is_key(present), distinct == len(present)
    if is_unique and int(present.max()) - int(present.min()) + 1 <= DENSE * distinct:
        return "it numbers the rows: an identifier"
    if is_unique and is_named:
        return "it has the name of an identifier and a different value in each row"
    if not is_named:
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
