"""Reads a whole column of texts as its format describes it, without a loop over cells.

`engine.contract.text_cell` reads one cell in the same way, and reads the cells in doubt here.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.contract import text_cell
from engine.contract.column import ColumnType
from engine.contract.format import DAY, HUGE, INFINITE, NEGATIVES, OFFSET, TIME, ColumnFormat

# The type of each kind of column; training's dtypes are made from these.
TYPES: Mapping[ColumnType, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "date": pa.timestamp("us"),
}
# Up to here every integer is a float of its own.
EXACT = 2.0**53
SHORT = "^[+-]?0*[0-9]{1,18}$"
ISO = f"^{DAY}({TIME})?({OFFSET})?$"
# Arrow casts these by itself.
PLAIN_DATE = rf"^{DAY}([T ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,6}})?)?)?$"


def trim(texts: pa.Array) -> pa.Array:
    """The texts without spaces around them; null where nothing is left."""
    texts = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    return only(pc.not_equal(texts, ""), texts)


def without_missing(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Trimmed texts; null where a word means missing."""
    if cells.missing:
        words = pa.array(cells.missing, texts.type)
        texts = only(pc.invert(pc.is_in(texts, words)), texts)
    if cells.infinite:
        found = pc.match_substring_regex(texts, f"^({INFINITE})$", ignore_case=True)
        huge = pc.fill_null(pc.match_substring_regex(texts, HUGE), False)
        if pc.any(huge).as_py():
            missing = [text_cell.is_missing(cells, text) for text in texts.filter(huge).to_pylist()]
            found = pc.replace_with_mask(found, huge, pa.array(missing, pa.bool_()))
        texts = only(pc.invert(found), texts)
    return texts


def parse(kind: ColumnType, cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Trimmed texts without words for missing in the type of `kind`; null where unreadable."""
    readers: dict[ColumnType, Callable[[ColumnFormat, pa.Array], pa.Array]] = {
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
        "category": lambda _, texts: texts,
        "date": read_dates,
    }
    return readers[kind](cells, texts)


def strip_units(texts: pa.Array, cells: ColumnFormat) -> pa.Array:
    """Texts without their unit, and with '-5' for every other way to write it.

    Spaces may stand between unit and number. A text without the unit becomes null.
    """
    for form in ("(1)", "−1"):
        texts = _rewrite(texts, form, cells)
    if cells.unit:
        texts = only(pc.match_substring_regex(texts, cells.unit_pattern), texts)
        texts = pc.replace_substring_regex(texts, cells.unit_pattern, r"\1\2", max_replacements=1)
    return _rewrite(texts, "1-", cells)


def _rewrite(texts: pa.Array, form: str, cells: ColumnFormat) -> pa.Array:
    if form not in cells.negative:
        return texts
    return pc.replace_substring_regex(texts, *NEGATIVES[form])


def _plain_numbers(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Numbers as `float` reads them; null where a text has another form."""
    texts = strip_units(texts, cells)
    texts = only(pc.match_substring_regex(texts, cells.number_pattern), texts)
    if cells.thousands:
        texts = pc.replace_substring_regex(texts, cells.thousands_pattern, "")
    return texts if cells.decimal == "." else pc.replace_substring(texts, cells.decimal, ".")


def _number(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    numbers = _plain_numbers(cells, texts).cast(pa.float64())
    return only(pc.is_finite(numbers), numbers)


def _integer(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    numbers = _plain_numbers(cells, texts)
    is_short = pc.match_substring_regex(numbers, SHORT)
    short = pc.replace_substring_regex(only(is_short, numbers), r"^\+", "").cast(pa.int64())
    if short.null_count == numbers.null_count:
        return short
    floats = only(pc.invert(is_short), numbers).cast(pa.float64())
    small = pc.less(pc.abs(floats), EXACT)
    whole = only(pc.and_(pc.equal(pc.floor(floats), floats), small), floats).cast(pa.int64())
    in_doubt = pc.fill_null(pc.and_(pc.invert(small), pc.is_finite(floats)), False)
    return _by_cell("integer", cells, texts, in_doubt, pc.coalesce(short, whole))


def _by_cell(
    kind: ColumnType, cells: ColumnFormat, texts: pa.Array, which: pa.Array, values: pa.Array
) -> pa.Array:
    """`values`, with the marked ones read cell by cell."""
    chosen = texts.filter(which).to_pylist()
    if not chosen:
        return values
    found = [text_cell.parse(kind, cells, text) for text in chosen]
    if kind == "date":
        found = [date and datetime.fromisoformat(date) for date in found]
    return pc.replace_with_mask(values, which, pa.array(found, values.type))


def _boolean(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    lower, words = pc.utf8_lower(texts), cells.booleans
    true = pa.array([word for word, value in words.items() if value], lower.type)
    return only(pc.is_in(lower, pa.array(list(words), lower.type)), pc.is_in(lower, true))


def read_dates(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Trimmed texts as times without a zone; null where a text is no date."""
    if not cells.dates and _all(pc.match_substring_regex(texts, PLAIN_DATE)):
        try:
            return in_years_of_python(texts.cast(TYPES["date"]))
        except pa.ArrowInvalid:  # one of them is no day, such as 30 February
            pass
    values = pa.nulls(len(texts), TYPES["date"])
    for form in (*cells.dates, "ISO8601"):
        rest = only(values.is_null(), texts)
        if form == "ISO8601":
            rest = only(pc.match_substring_regex(rest, ISO), rest)
        if rest.null_count < len(rest):
            values = pc.coalesce(values, _dates_in(rest, form))
    return values


def _dates_in(texts: pa.Array, form: str) -> pa.Array:
    series = pd.Series(texts.to_pandas(), dtype="str")
    dates = pd.to_datetime(series, utc=True, format=form, errors="coerce")
    made = pa.array(dates.dt.tz_localize(None).astype("datetime64[us]"), from_pandas=True)
    return in_years_of_python(made.cast(TYPES["date"]))


def in_years_of_python(cells: pa.Array) -> pa.Array:
    """Dates from year 1 to 9999; Python, and so the server, has no others."""
    if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
        return cells  # has the years 1677 to 2262 only
    first: Any = date.min if pa.types.is_date(cells.type) else datetime.min
    last: Any = date.max if pa.types.is_date(cells.type) else datetime.max
    if pa.types.is_timestamp(cells.type) and cells.type.unit != "us":
        last = last.replace(microsecond=0)
    low, high = (pa.scalar(one, cells.type) for one in (first, last))
    return only(pc.and_(pc.greater_equal(cells, low), pc.less_equal(cells, high)), cells)


def _all(mask: pa.Array) -> bool:
    return pc.all(mask).as_py() is not False


def only(wanted: pa.Array, cells: pa.Array) -> pa.Array:
    """The cells where `wanted` is true; null elsewhere."""
    return pc.if_else(wanted, cells, pa.scalar(None, cells.type))
