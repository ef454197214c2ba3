"""Reads a whole column of cells as its specification describes it; used by training and bulk work.

Cells of a text table are read as the column's type (`text`). A Parquet file has types of its own:
its cells are taken by their meaning, and texts are no numbers there.
"""

import math

import pyarrow as pa
import pyarrow.compute as pc

from engine.contract.arrow_texts import (
    EXACT,
    TYPES,
    in_years_of_python,
    only,
    parse,
    read_dates,
    trim,
    without_missing,
)
from engine.contract.column import LONGEST_CATEGORY, Column, ColumnType
from engine.contract.format import PLAIN


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
        return only(pc.invert(pc.is_nan(cells)), cells)
    return cells


def is_text(kind: pa.DataType) -> bool:
    """Whether cells of this type are texts."""
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


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
        return only(pc.is_finite(values), values)
    if kind == "integer" and pa.types.is_floating(given):
        whole = pc.and_(pc.equal(pc.floor(cells), cells), pc.less(pc.abs(cells), EXACT))
        return only(whole, cells).cast(pa.int64())
    if kind == "integer" and number:
        if pa.types.is_uint64(given):
            cells = only(pc.less(cells, pa.scalar(2**63, given)), cells)
        return cells.cast(pa.int64())
    if kind == "boolean" and pa.types.is_boolean(given):
        return cells
    if kind == "category" and is_text(given):
        return cells
    if kind == "date" and is_text(given):
        return read_dates(PLAIN, cells)
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
    cells = in_years_of_python(cells)
    values = cells.cast(TYPES["date"], safe=False)
    if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
        return only(pc.equal(values.cast(cells.type, safe=False), cells), values)
    return values


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
