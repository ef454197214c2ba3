"""Reads a whole column of cells as its specification describes it; used by training and bulk work.

Cells of a text table are read as the column's type (`text`). A Parquet file has types of its own:
its cells are taken by their meaning, and texts are no numbers there.
"""

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.contract import text_cell
from engine.contract.column import LONGEST_CATEGORY, Column, ColumnType
from engine.contract.format import DAY, HUGE, INFINITE, NEGATIVES, OFFSET, PLAIN, TIME, ColumnFormat

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


def read(column: Column, cells: pa.Array, *, text: bool) -> tuple[pa.Array, pa.BooleanArray]:
    """The cells in the column's Arrow type (`TYPES`), and which of them the column allows.

    Args:
        cells: one array of any type; missing cells are null.
        text: the cells stand in a text table, and texts stand for other types.

    Returns:
        Values, null where a cell is missing or unreadable; and a mask without nulls.

    Raises:
        pa.ArrowInvalid: a text is not UTF-8, which Parquet does not check.
    """
    if text:
        cells = without_missing(column.format, trim(plain(cells)))
        values = parse(column.type, column.format, cells)
    else:
        cells = plain(cells)
        values = _typed(column.type, cells)
    valid = pc.fill_null(_within(column, values), False)
    if column.nullable:
        valid = pc.or_(valid, cells.is_null())
    return values, valid


def plain(cells: pa.Array) -> pa.Array:
    """The cells without what a file may add: dictionaries, runs, text widths, NaN for missing."""
    if pa.types.is_run_end_encoded(cells.type):
        cells = pc.run_end_decode(cells)
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    if is_text(cells.type):
        cells.validate(full=True)
        return cells.cast(pa.string())
    if pa.types.is_floating(cells.type):
        cells = cells.cast(pa.float64())
        return _only(pc.invert(pc.is_nan(cells)), cells)
    return cells


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of this type are texts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def trim(texts: pa.Array) -> pa.Array:
    """The texts without spaces around them; null where nothing is left."""
    texts = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    return _only(pc.not_equal(texts, ""), texts)


def without_missing(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Trimmed texts; null where a word means missing."""
    if cells.missing:
        words = pa.array(cells.missing, texts.type)
        texts = _only(pc.invert(pc.is_in(texts, words)), texts)
    if cells.infinite:
        found = pc.match_substring_regex(texts, f"^({INFINITE})$", ignore_case=True)
        huge = pc.fill_null(pc.match_substring_regex(texts, HUGE), False)
        if pc.any(huge).as_py():
            missing = [text_cell.is_missing(cells, text) for text in texts.filter(huge).to_pylist()]
            found = pc.replace_with_mask(found, huge, pa.array(missing, pa.bool_()))
        texts = _only(pc.invert(found), texts)
    return texts


def parse(kind: ColumnType, cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Trimmed texts without words for missing in the type of `kind`; null where unreadable."""
    readers: dict[ColumnType, Callable[[ColumnFormat, pa.Array], pa.Array]] = {
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
        "category": lambda _, texts: texts,
        "date": _date,
    }
    return readers[kind](cells, texts)


def strip_units(texts: pa.Array, cells: ColumnFormat) -> pa.Array:
    """Texts without their unit, and with '-5' for every other way to write it.

    Spaces may stand between unit and number. A text without the unit becomes null.
    """
    for form in ("(1)", "−1"):
        texts = _rewrite(texts, form, cells)
    if cells.unit:
        texts = _only(pc.match_substring_regex(texts, cells.unit_pattern), texts)
        texts = pc.replace_substring_regex(texts, cells.unit_pattern, r"\1\2", max_replacements=1)
    return _rewrite(texts, "1-", cells)


def _rewrite(texts: pa.Array, form: str, cells: ColumnFormat) -> pa.Array:
    if form not in cells.negative:
        return texts
    return pc.replace_substring_regex(texts, *NEGATIVES[form])


def _plain_numbers(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    """Numbers as `float` reads them; null where a text has another form."""
    texts = strip_units(texts, cells)
    texts = _only(pc.match_substring_regex(texts, cells.number_pattern), texts)
    if cells.thousands:
        texts = pc.replace_substring_regex(texts, cells.thousands_pattern, "")
    return texts if cells.decimal == "." else pc.replace_substring(texts, cells.decimal, ".")


def _number(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    numbers = _plain_numbers(cells, texts).cast(pa.float64())
    return _only(pc.is_finite(numbers), numbers)


def _integer(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    numbers = _plain_numbers(cells, texts)
    is_short = pc.match_substring_regex(numbers, SHORT)
    short = pc.replace_substring_regex(_only(is_short, numbers), r"^\+", "").cast(pa.int64())
    if short.null_count == numbers.null_count:
        return short
    floats = _only(pc.invert(is_short), numbers).cast(pa.float64())
    small = pc.less(pc.abs(floats), EXACT)
    whole = _only(pc.and_(pc.equal(pc.floor(floats), floats), small), floats).cast(pa.int64())
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
    return _only(pc.is_in(lower, pa.array(list(words), lower.type)), pc.is_in(lower, true))


def _date(cells: ColumnFormat, texts: pa.Array) -> pa.Array:
    if not cells.dates and _all(pc.match_substring_regex(texts, PLAIN_DATE)):
        try:
            return _in_years_of_python(texts.cast(TYPES["date"]))
        except pa.ArrowInvalid:  # one of them is no day, such as 30 February
            pass
    values = pa.nulls(len(texts), TYPES["date"])
    for form in (*cells.dates, "ISO8601"):
        rest = _only(values.is_null(), texts)
        if form == "ISO8601":
            rest = _only(pc.match_substring_regex(rest, ISO), rest)
        if rest.null_count < len(rest):
            values = pc.coalesce(values, _dates_in(rest, form))
    return values


def _dates_in(texts: pa.Array, form: str) -> pa.Array:
    series = pd.Series(texts.to_pandas(), dtype="str")
    dates = pd.to_datetime(series, utc=True, format=form, errors="coerce")
    made = pa.array(dates.dt.tz_localize(None).astype("datetime64[us]"), from_pandas=True)
    return _in_years_of_python(made.cast(TYPES["date"]))


def _typed(kind: ColumnType, cells: pa.Array) -> pa.Array:  # noqa: PLR0911  # one a type
    """`plain` cells of a typed file in the type of `kind`; null where they mean something else."""
    given, nothing = cells.type, pa.nulls(len(cells), TYPES[kind])
    if pa.types.is_null(given):
        return nothing
    if pa.types.is_decimal(given) and kind in ("number", "integer"):
        return parse(kind, PLAIN, cells.cast(pa.string()))  # the nearest float, as JSON's
    number = pa.types.is_integer(given) or pa.types.is_floating(given)
    if kind == "number" and number:
        values = cells.cast(pa.float64(), safe=False)
        return _only(pc.is_finite(values), values)
    if kind == "integer" and pa.types.is_floating(given):
        whole = pc.and_(pc.equal(pc.floor(cells), cells), pc.less(pc.abs(cells), EXACT))
        return _only(whole, cells).cast(pa.int64())
    if kind == "integer" and number:
        if pa.types.is_uint64(given):
            cells = _only(pc.less(cells, pa.scalar(2**63, given)), cells)
        return cells.cast(pa.int64())
    if kind == "boolean" and pa.types.is_boolean(given):
        return cells
    if kind == "category" and is_text(given):
        return cells
    if kind == "date" and is_text(given):
        return _date(PLAIN, cells)
    if kind == "date" and (pa.types.is_date(given) or pa.types.is_timestamp(given)):
        return _timestamps(cells)
    return nothing


def _timestamps(cells: pa.Array) -> pa.Array:
    """Days and times in microseconds, on the clock of UTC."""
    if pa.types.is_date64(cells.type):
        cells = cells.cast(pa.date32())
    if pa.types.is_timestamp(cells.type) and cells.type.tz:
        cells = cells.cast(pa.timestamp(cells.type.unit, "UTC")).cast(
            pa.timestamp(cells.type.unit), safe=False
        )
    cells = _in_years_of_python(cells)
    values = cells.cast(TYPES["date"], safe=False)
    if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
        return _only(pc.equal(values.cast(cells.type, safe=False), cells), values)
    return values


def _in_years_of_python(cells: pa.Array) -> pa.Array:
    """Dates from year 1 to 9999; Python, and so the server, has no others."""
    if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
        return cells  # has the years 1677 to 2262 only
    first: Any = date.min if pa.types.is_date(cells.type) else datetime.min
    last: Any = date.max if pa.types.is_date(cells.type) else datetime.max
    if pa.types.is_timestamp(cells.type) and cells.type.unit != "us":
        last = last.replace(microsecond=0)
    low, high = (pa.scalar(one, cells.type) for one in (first, last))
    return _only(pc.and_(pc.greater_equal(cells, low), pc.less_equal(cells, high)), cells)


def _within(column: Column, values: pa.Array) -> pa.Array:
    """Whether each cell is in the column's range or among its categories; null where missing."""
    if column.type == "category":
        if column.closed:
            listed = pc.is_in(values, pa.array(column.categories, pa.string()))
            return pc.and_(listed, values.is_valid())
        return pc.less_equal(pc.utf8_length(values), LONGEST_CATEGORY)
    if column.type not in ("number", "integer"):
        return values.is_valid()
    within = values.is_valid()
    if column.minimum is not None:
        low = math.ceil(column.minimum) if column.type == "integer" else column.minimum
        within = pc.and_(within, pc.greater_equal(values, low))
    if column.maximum is not None:
        high = math.floor(column.maximum) if column.type == "integer" else column.maximum
        within = pc.and_(within, pc.less_equal(values, high))
    return within


def _all(mask: pa.Array) -> bool:
    return pc.all(mask).as_py() is not False


def _only(wanted: pa.Array, cells: pa.Array) -> pa.Array:
    return pc.if_else(wanted, cells, pa.scalar(None, cells.type))
