"""Guesses the type, the range and the use of each column of an unseen table, with the reason."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.forms import infer_compact_days, infer_dates, infer_numbers, unread
from engine.adopt.inferred import NO_HINTS, DialectHints, InferredColumn, all_match
from engine.contract.cells import convert, is_infinite, without_missing
from engine.contract.column import HIGHEST, LONGEST_CATEGORY, LOWEST, ColumnType, kind_of
from engine.contract.format import ColumnFormat
from engine.problem.errors import BadInput

FEWEST_ROWS = 50
FEWEST_OF_CLASS = 10  # a class with fewer rows would be missing in a fold or in the test
MOST_CATEGORIES = 100  # a string column with more distinct values is text or a name, no category
HARDLY = 0.01  # below this share of the rows, and below a class, other values add nothing
# Whole numbers of which none comes twice, in so narrow a range, were counted up with gaps.
DENSE = 4
NAMED_ID = re.compile(
    r"(?i:(.*[_. -])?(id|uuid|guid|key|nr|no|number|code))|.*[a-z](Id|ID|Nr|No|Key|Code)"
)
FEWEST_KEYS = 20  # fewer values may be grades of something, however they are named
ZONE = r".*\d ?(Z|[+-]\d{2}:?\d{2})"
LIST_SHAPE = r"(?s)\s*(\[\s*([\[{\"'\d.-].*)?\]|\{\s*([\"'\d].*)?\})\s*"  # not '[deleted]'
# Words for missing, in small letters. Those that may as well be a value, as Namibia or 'no alley',
# are missing among categories only where the table uses them so elsewhere.
MISSING = {"n/a", "#n/a", "nan", "null", "<na>", "-", "--", "?", "."}
AMBIGUOUS = {"na", "none"}
# Each pair in small letters: no, yes.
PAIRS = (
    ("no", "yes"), ("n", "y"), ("f", "t"), ("nein", "ja"), ("n", "j"),
    ("non", "oui"), ("no", "si"), ("no", "sí"), ("off", "on"),
)  # fmt: skip
# What people mix in one column, as forms change over the years.
MIXED = ({"no", "n", "false", "0", "nein", "non"}, {"yes", "y", "true", "1", "ja", "oui"})
# Both words of a pair in four spellings make 8; mixtures have more.
MOST_SPELLINGS = 40
# So many different codes of two letters make 'NA' one more.
FEWEST_CODES = 3


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
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return InferredColumn("number", notes=("durations, read in seconds",), in_seconds=True)
    kind = kind_of(values.dtype)
    if kind in (None, "category"):
        inferred, present = _infer_texts(values, hints), values.dropna()
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


def _infer_texts(values: pd.Series, hints: DialectHints) -> InferredColumn:
    """What the texts in `values` are, blank cells left aside.

    Decided on the distinct values; where these are ambiguous, by the other columns' dialect.
    """
    unique = pc.unique(pa.array(values, from_pandas=True).cast(pa.large_string())).drop_null()
    lower = pc.utf8_lower(unique)
    is_missing = pc.is_in(lower, pa.array(sorted(MISSING | AMBIGUOUS), pa.large_string()))
    words, texts = unique.filter(is_missing).to_pylist(), unique.filter(pc.invert(is_missing))
    words.sort()
    if not len(texts):
        missing = words if len(words) > 1 else [word for word in words if word.lower() in MISSING]
        return InferredColumn("category", ColumnFormat(missing=tuple(missing)), _note(missing))
    inferred = _boolean(texts) or infer_compact_days(texts)
    inferred = inferred or infer_numbers(texts, hints) or infer_dates(texts, hints)
    if inferred is None:
        return _category(words, texts, hints, has_blanks=bool(values.isna().any()))
    cells = replace(inferred.cells, missing=tuple(words))
    shown = replace(inferred.hints, missing=frozenset(words))
    return replace(inferred, cells=cells, notes=(*inferred.notes, *_note(words)), hints=shown)


def _note(missing: Sequence[str]) -> tuple[str, ...]:
    verb = "mean" if len(missing) > 1 else "means"
    return (f"{' and '.join(map(repr, missing))} {verb} missing",) if missing else ()


def _boolean(texts: pa.Array) -> InferredColumn | None:
    if len(texts) > MOST_SPELLINGS:
        return None
    words = {text.lower() for text in texts.to_pylist()}
    if words <= {"true", "false"}:
        return InferredColumn("boolean")
    pair = next((pair for pair in PAIRS if words == set(pair)), None)
    false, true = ([pair[0]], [pair[1]]) if pair else (sorted(words & one) for one in MIXED)
    if words <= {"0", "1"} or not (true and false) or len(true) + len(false) < len(words):
        return None
    note = f"mixed words: {' and '.join(map(repr, true))} read as true, "
    note += f"{' and '.join(map(repr, false))} as false"
    note = f"{true[0]!r} is true, {false[0]!r} false" if pair else note
    return InferredColumn("boolean", ColumnFormat(true=tuple(true), false=tuple(false)), (note,))


def _category(
    words: Sequence[str], texts: pa.Array, hints: DialectHints, *, has_blanks: bool
) -> InferredColumn:
    """Texts that are nothing else; decides which of the `words` are values among them."""
    are_codes = len(texts) >= FEWEST_CODES and all_match(texts, "[A-Z]{2}")
    missing = [word for word in words if word.lower() in MISSING]
    stays, ambiguous = [], [word for word in words if word.lower() in AMBIGUOUS]
    for word in ambiguous:
        if are_codes and word == "NA":
            stays.append(f"{word!r} stays a code like the others")
        elif has_blanks:
            stays.append(f"{word!r} stays a value: blank means missing here")
        elif word in hints.missing:
            missing.append(word)
        else:
            advice = f'metadata={{"missing": ["{word}"]}} makes it missing'
            stays.append(f"{word!r} stays a value; {advice}")
    mixed, reason = unread(texts)
    notes, cells = (*_note(missing), *stays, *mixed), ColumnFormat(missing=tuple(missing))
    return InferredColumn("category", cells, notes, ambiguous=bool(ambiguous), unread=reason)


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
