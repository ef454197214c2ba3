"""Reads columns of cells as the contract's types: for training, bulk work and adoption.

A text table holds texts only; they are read as the column's format describes. A Parquet file or a
database has types of its own, which are taken by their meaning. `engine.contract.text_cell` reads
one cell of a text table in the same way for the server.
"""

import math
import re

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.contract import text_cell
from engine.contract.column import HIGHEST, LONGEST_CATEGORY, LOWEST, Column, ColumnType
from engine.contract.date_columns import dates
from engine.contract.format import (
    GUARD,
    NEGATIVES,
    PLAIN,
    SHORT_INTEGER,
    ColumnFormat,
    number_pattern,
)

Mask = pd.Series  # of bool
# pandas types that hold every value of Arrow's.
DTYPES = {
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}
# White space of Unicode, which is removed around cells.
WHITESPACE = "".join(filter(str.isspace, map(chr, range(0x3001))))
# Up to here every integer is a float of its own.
EXACT = 2.0**53
BEYOND_INT64 = 2.0**63


def trimmed(values: pd.Series) -> pd.Series:
    """Texts without white space around them, blank ones missing; other values as they are."""
    if not _is_text(values):
        return values
    texts = values.str.strip(WHITESPACE)
    return texts.mask(texts == "")


def trimmed_texts(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with every column of texts `trimmed`: as a text table, whatever holds it."""
    return pd.DataFrame({name: trimmed(frame[name]) for name in frame}, copy=False)


def without_missing(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    """`values` with NA wherever the format means missing: its words, and infinite numbers."""
    if cells.missing and pd.api.types.is_numeric_dtype(values.dtype):
        values = values.mask(values.isin(_numbers(cells.missing)))
    elif cells.missing and pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.mask(without_zone(values).isin(_times(cells.missing)))
    elif cells.missing:
        values = values.mask(values.isin(cells.missing))
    if not cells.infinite:
        return values
    if not _is_text(values):
        return values.mask(is_infinite(values))
    doubtful = _matches(values, text_cell.MAY_BE_INFINITE)
    words = [text for text in values[doubtful].unique() if text_cell.is_missing(cells, text)]
    return values.mask(values.isin(words)) if words else values


def _numbers(words: tuple[str, ...]) -> list[float]:
    """The words that a typed table holds as numbers, such as -999."""
    return [float(word) for word in words if re.fullmatch(number_pattern(".", ""), word)]


def _times(words: tuple[str, ...]) -> np.ndarray:
    """The words that a typed table holds as times, of any year, such as 10000-01-01."""
    dates = [word for word in words if re.match(r"-?\d{3,6}-\d\d-\d\d", word)]
    return np.array(dates, "M8[us]")


def without_zone(times: pd.Series) -> pd.Series:
    """Timestamps in UTC, without a zone."""
    return times.dt.tz_convert(None) if times.dt.tz else times


def is_infinite(values: pd.Series) -> Mask:
    """A mask of the infinite numbers, as a division by 0 leaves them."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        texts = values.astype("str").str.replace("∞", "inf", regex=False)
        values = pd.to_numeric(texts, errors="coerce")
    return pd.Series(np.isinf(values.to_numpy("float64", na_value=np.nan)), values.index)


def read(column: Column, values: pd.Series) -> tuple[pd.Series, Mask]:
    """A column of a new table as the specification reads it, and a mask of the allowed cells.

    Args:
        values: `trimmed` texts, or typed values.
    """
    values = without_missing(values, column.format)
    converted, invalid = convert(values, column.type, nullable=True, cells=column.format)
    return converted, allowed(column, converted) & ~invalid


def convert(
    values: pd.Series, kind: ColumnType, *, nullable: bool, cells: ColumnFormat = PLAIN
) -> tuple[pd.Series, Mask]:
    """`values` as `kind`, and a mask of the cells that are not of it (they come out missing).

    The result has a type without missing values where it has none and none may come.

    Args:
        values: typed values, or texts after `trimmed` and `without_missing`.
        cells: the format of texts.
    """
    if cells.guarded and kind != "category" and _is_text(values):
        values = values.str.replace(GUARD, r"\1", n=1, regex=True)
    if kind == "date":
        converted = dates(values, cells)
    elif kind == "category":
        converted = _category(values)
    else:
        readers = {"number": _number, "integer": _integer, "boolean": _boolean}
        converted = readers[kind](values, cells)
    invalid = converted.isna() & values.notna()
    if not nullable and kind in ("integer", "boolean") and converted.notna().all():
        converted = converted.astype("int64" if kind == "integer" else "bool")
    return converted, invalid


def allowed(column: Column, values: pd.Series) -> Mask:
    """A mask of the converted `values` that are in the column's range or among its categories.

    Missing values are allowed where the column is nullable.
    """
    result = values.notna()
    if column.type == "category":
        if column.closed:
            result &= values.isin(column.categories)
        else:
            result &= (values.str.len() <= LONGEST_CATEGORY).fillna(value=False).astype(bool)
    if column.type in ("number", "integer"):
        # Whole limits, because an integer beyond 2^53 compares exactly with an integer only.
        low, high = column.minimum, column.maximum
        if column.type == "integer":
            low = low if low is None else min(max(math.ceil(low), LOWEST), HIGHEST)
            high = high if high is None else max(min(math.floor(high), HIGHEST), LOWEST)
        result &= True if low is None else (values >= low).fillna(value=False).astype(bool)
        result &= True if high is None else (values <= high).fillna(value=False).astype(bool)
    return result | values.isna() if column.nullable else result


def strip_units(texts: pd.Series, cells: ColumnFormat) -> pd.Series:
    """`texts` without footnotes and their unit, and with '-5' for every other way to write it.

    The unit stands before or behind the number, with or without spaces. A text without it is not
    in this format and comes out missing.
    """
    if cells.marks:
        texts = texts.str.replace(cells.marks_pattern, "", n=1, regex=True)
    for form in ("(1)", "−1"):
        texts = _rewritten(texts, form, cells)
    if cells.unit:
        # One of the two groups is empty, whichever side the unit stands on.
        stripped = texts.str.replace(cells.unit_pattern, r"\1\2", n=1, regex=True)
        texts = stripped.where(stripped != texts)
    return _rewritten(texts, "1-", cells)


def _rewritten(texts: pd.Series, form: str, cells: ColumnFormat) -> pd.Series:
    return texts.str.replace(*NEGATIVES[form], regex=True) if form in cells.negative else texts


def _plain_numbers(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    """Texts of numbers as `float` reads them; texts in another format are missing."""
    if not _is_text(values):
        if pd.api.types.is_timedelta64_dtype(values.dtype):
            return pd.Series(values.dt.total_seconds())
        return values
    texts = strip_units(values, cells)
    if cells.decimal == "." and not cells.thousands:
        try:
            return texts.astype("Float64")  # Arrow reads no more forms than the pattern
        except ValueError:
            pass
    texts = texts.where(_matches(texts, cells.number_pattern))
    if cells.thousands:
        texts = texts.str.replace(cells.thousands_pattern, "", regex=True)
    return texts.str.replace(cells.decimal, ".", regex=False).str.lstrip("+").astype("Float64")


def _number(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    values = _plain_numbers(values, cells)
    if pd.api.types.is_object_dtype(values.dtype):  # such as decimals of a database
        values = pd.to_numeric(values, errors="coerce")
    if not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        return pd.Series(np.nan, values.index)
    numbers = values.astype("float64")
    return numbers.where(np.isfinite(numbers))


def _integer(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("Int64")
    is_text = _is_text(values)
    if is_text and _matches(values.dropna(), SHORT_INTEGER).all():
        return values.str.lstrip("+").astype("Int64")
    numbers = _number(values, cells)
    result = numbers.where((numbers % 1 == 0) & (numbers.abs() < BEYOND_INT64)).astype("Int64")
    if is_text:  # texts are exact where floats are not
        large = numbers.abs() >= EXACT
        exact = [text_cell.parse("integer", cells, text) for text in values[large]]
        result[large] = pd.array(exact, dtype="Int64")
    return result


def _boolean(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.map({0: False, 1: True}).astype("boolean")
    return values.astype("str").str.lower().map(cells.booleans).astype("boolean")


def _category(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values.dtype):
        # Cell by cell, whatever stands beside it: 1.0 is '1', as codes beside missing ones are.
        present = values.dropna()
        texts = [np.format_float_positional(value, trim="-") for value in present]
        return pd.Series(texts, present.index, dtype="str").reindex(values.index)
    return values.astype("str")


def _is_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.StringDtype)


def _matches(texts: pd.Series, pattern: str) -> Mask:
    return texts.str.fullmatch(pattern).fillna(value=False).astype(bool)
