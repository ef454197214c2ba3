"""Reads a column of a file as the contract has it, a whole array at a time.

What plainly fits the contract is taken here. All else is left in doubt, for the server's own types
to judge row by row (see `engine.serving.batch.validation`). So a cell may be doubted that is fine,
but none may be taken that the server would refuse.

The cells of a CSV are texts without types: they are read as the contract's. `12`, `-1.5e3` are
numbers, `true` and `False` booleans, an empty cell is missing, spaces around such a cell are left
aside. A Parquet file has types, and they must be the contract's: no text for a number. NaN in it is
missing, because tables have no other word for that; so training read it.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pandas.api.types import pandas_dtype

from engine.contract.column import LONGEST_CATEGORY, Column
from engine.serving.batch.columns import is_text

# What the columns of a contract are while they are judged; from these come training's dtypes.
TYPES: Mapping[str, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "date": pa.timestamp("us"),
}
# What texts may say; `engine.serving.http.schema` has the same form of dates.
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
SHORT_INTEGER = r"^-?[0-9]{1,18}$"
DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?$"
# Up to here every integer is a float of its own.
EXACT = 2**53
MOST_DIGITS = 400


def plain(cells: pa.Array) -> pa.Array:
    """The cells without what a file may add: a dictionary, another width of text, NaN for missing.

    Raises:
        pa.ArrowInvalid: a text is not UTF-8, which Parquet does not check.
    """
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if is_text(cells.type):
        cells.validate(full=True)
        return cells.cast(pa.string())
    if pa.types.is_floating(cells.type):
        cells = cells.cast(pa.float64())
        return pc.if_else(pc.is_nan(cells), pa.scalar(None, cells.type), cells)
    return cells


def read(column: Column, cells: pa.Array, *, written: bool) -> tuple[pa.Array, pa.BooleanArray]:
    """`plain` cells in the column's type, and whether each is surely what the contract wants.

    `written` says that texts stand for other types, as in a CSV. What could not be read is null.
    """
    if pa.types.is_decimal(cells.type):  # its text gives the nearest float, as JSON's does
        cells, written = cells.cast(pa.string()), True
    made = _READ[column.type](cells, written)
    sure = pc.fill_null(_within(column, made), False)
    if column.nullable:
        sure = pc.or_(sure, cells.is_null())
    return made, sure


def sent(column: Column, cells: pa.Array, *, written: bool) -> list[Any]:
    """`plain` cells as a caller of the server would have sent them; None is missing."""
    if pa.types.is_decimal(cells.type):
        cells, written = cells.cast(pa.string()), True
    if pa.types.is_temporal(cells.type):
        cells = cells.cast(pa.string())
    values: list[Any] = cells.to_pylist()
    return [_said(column, value) for value in values] if written else values


def received(column: Column, values: list[Any]) -> pa.Array:
    """What the server's types made of `sent` cells, in the column's type."""
    if column.type == "date":
        values = [value and datetime.fromisoformat(value) for value in values]
    return pa.array(values, TYPES[column.type])


def training_table(table: pa.Table, columns: tuple[Column, ...]) -> pd.DataFrame:
    """The table that training saw (see `serving.model.predictor.frame`), of columns `read`."""
    return pd.DataFrame(
        {column.name: _trained(table.column(column.name), column) for column in columns},
        copy=False,
    )


def _trained(cells: pa.ChunkedArray, column: Column) -> Any:
    dtype = pandas_dtype(column.dtype)
    if not isinstance(dtype, np.dtype):
        return dtype.__from_arrow__(cells)  # type: ignore[attr-defined]  # as pyarrow asks for it
    # A copy where Arrow's own memory is shared: nobody may write there, and a step might.
    made: NDArray[Any] = cells.to_numpy().astype(dtype, copy=True)
    return made


def _only(known: Any, cells: pa.Array) -> pa.Array:
    return pc.if_else(known, cells, pa.scalar(None, cells.type))


def _like(cells: pa.Array, form: str) -> pa.Array:
    return _only(pc.match_substring_regex(cells, form), cells)


def _number(cells: pa.Array, written: bool) -> pa.Array:
    if written:
        cells = _like(pc.ascii_trim_whitespace(cells), NUMBER)
    return cells.cast(pa.float64(), safe=False)


def _integer(cells: pa.Array, written: bool) -> pa.Array:
    if written:
        return _like(pc.ascii_trim_whitespace(cells), SHORT_INTEGER).cast(pa.int64())
    if pa.types.is_floating(cells.type):
        whole = pc.and_(pc.equal(pc.floor(cells), cells), pc.less(pc.abs(cells), EXACT))
        return _only(whole, cells).cast(pa.int64())
    if pa.types.is_uint64(cells.type):
        cells = _only(pc.less(cells, pa.scalar(2**63, pa.uint64())), cells)
    return cells.cast(pa.int64())


def _boolean(cells: pa.Array, written: bool) -> pa.Array:
    if not written:
        return cells.cast(pa.bool_())
    lower = pc.ascii_lower(pc.ascii_trim_whitespace(cells))
    return pc.equal(_only(pc.is_in(lower, pa.array(["true", "false"])), lower), "true")


def _category(cells: pa.Array, written: bool) -> pa.Array:
    return cells.cast(pa.string())


def _date(cells: pa.Array, written: bool) -> pa.Array:
    if pa.types.is_null(cells.type):
        return cells.cast(TYPES["date"])
    if pa.types.is_string(cells.type):
        cells = _like(pc.ascii_trim_whitespace(cells) if written else cells, DATE)
        try:
            return _since_year_one(cells.cast(TYPES["date"]))
        except pa.ArrowInvalid:  # a 30th of February among them: for that, every cell by itself
            days = [_day(text) for text in cells.to_pylist()]
            return pa.array(days, TYPES["date"])
    cells = _since_year_one(cells)
    made = cells.cast(TYPES["date"], safe=False)
    if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
        return _only(pc.equal(made.cast(cells.type, safe=False), cells), made)
    return made


_READ: Mapping[str, Callable[[pa.Array, bool], pa.Array]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "category": _category,
    "date": _date,
}


def _since_year_one(cells: pa.Array) -> pa.Array:
    """Dates from the years 1 to 9999; others are beyond what Python, and so the server, knows."""
    if pa.types.is_timestamp(cells.type) and cells.type.unit == "ns":
        return cells  # knows the years 1677 to 2262 alone
    day = pa.types.is_date(cells.type)
    first, last = (date.min, date.max) if day else (datetime.min, datetime(9999, 12, 31, 23, 59))
    low, high = (pa.scalar(one, cells.type) for one in (first, last))
    return _only(pc.and_(pc.greater_equal(cells, low), pc.less_equal(cells, high)), cells)


def _day(text: str | None) -> datetime | None:
    try:
        return text and datetime.fromisoformat(text)  # type: ignore[return-value]
    except ValueError:
        return None


def _within(column: Column, made: pa.Array) -> pa.Array:
    """Whether each cell is in the column's range or among its categories; null where missing."""
    if column.type == "category":
        if column.closed:
            listed = pc.is_in(made, pa.array(column.categories, pa.string()))
            return pc.and_(listed, made.is_valid())
        return pc.less_equal(pc.utf8_length(made), LONGEST_CATEGORY)
    if column.type not in ("number", "integer"):
        return made.is_valid()
    kept = pc.is_finite(made)
    if column.minimum is not None:
        low = math.ceil(column.minimum) if column.type == "integer" else column.minimum
        kept = pc.and_(kept, pc.greater_equal(made, low))
    if column.maximum is not None:
        high = math.floor(column.maximum) if column.type == "integer" else column.maximum
        kept = pc.and_(kept, pc.less_equal(made, high))
    return kept


def _said(column: Column, text: str | None) -> Any:
    """The value that a CSV's cell stands for in JSON; the text itself where it stands for none."""
    if text is None or column.type == "category":
        return text
    said = text.strip(" \t\n\v\f\r")
    if column.type == "boolean":
        return {"true": True, "false": False}.get(said.lower(), text)
    if column.type == "date":
        return said
    if not re.fullmatch(NUMBER, said) or len(said) > MOST_DIGITS:
        return text
    return int(said) if re.fullmatch(r"[+-]?[0-9]+", said) else float(said)
