"""Gives each column the type that the contract names, and marks the cells that cannot have it.

pandera's own coercion is not used: it reads 'no' as True, rounds dates to a clock that ends in
2262, and names no row where a number is no number.
"""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.contract import arrow_texts
from engine.contract.column import ColumnType
from engine.contract.format import PLAIN, ColumnFormat
from engine.contract.numbers import is_infinite

# How pandas' names of types begin.
STARTS: dict[str, ColumnType] = {
    "float": "number",
    "int": "integer",
    "uint": "integer",
    "bool": "boolean",
    "str": "category",
    "datetime": "date",
}
BEYOND_INT64 = 2.0**63


def kind_of(dtype: object) -> ColumnType | None:
    """Which of the types that a model reads a contract's `dtype` names; None if it is another."""
    named = str(dtype).lower()
    return next((kind for start, kind in STARTS.items() if named.startswith(start)), None)


def convert(
    values: pd.Series, kind: ColumnType, *, nullable: bool, cells: ColumnFormat = PLAIN
) -> tuple[pd.Series, "pd.Series[bool]"]:
    """`values` as `kind`, and a mask of the cells that are none (these come out missing).

    A type that cannot hold missing values is used where there are none and none may come.

    Args:
        cells: how texts are read; words that mean missing are missing in `values` already.
    """
    if isinstance(values.dtype, pd.StringDtype):
        converted = values if kind == "category" else _read_texts(values, kind, cells)
    else:
        converted = _typed(values, kind)
    unreadable = converted.isna() & values.notna()
    if not nullable and kind in ("integer", "boolean") and converted.notna().all():
        converted = converted.astype("int64" if kind == "integer" else "bool")
    return converted, unreadable


def without_missing(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    """`values`, missing where a word or an infinite number means missing."""
    if isinstance(values.dtype, pd.StringDtype):
        if not cells.missing and not cells.infinite:
            return values
        present = arrow_texts.without_missing(cells, _texts(values)).is_valid()
        return values.where(present.to_numpy(zero_copy_only=False))
    values = values.mask(values.isin(cells.missing)) if cells.missing else values
    return values.mask(is_infinite(values)) if cells.infinite else values


def dates(values: pd.Series, forms: tuple[str, ...] = ()) -> pd.Series:
    """Texts in one of `forms` or ISO 8601, and times, as datetime64[us] without a zone.

    Values that are no dates become missing. Times with an offset are moved to UTC: the model has
    one clock only.
    """
    if isinstance(values.dtype, pd.StringDtype):
        return _read_texts(values, "date", ColumnFormat(dates=forms))
    return _typed(values, "date")


def _read_texts(values: pd.Series, kind: ColumnType, cells: ColumnFormat) -> pd.Series:
    """Texts as the contract's format reads them, in one vectorised pass."""
    found = arrow_texts.parse(kind, cells, _texts(values))
    types: Any = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get
    series: pd.Series = found.to_pandas(types_mapper=types)
    series.index, series.name = values.index, values.name
    return series


def _texts(values: pd.Series) -> pa.Array:
    """Trimmed texts in one array."""
    texts = pa.array(values, pa.string(), from_pandas=True)
    return arrow_texts.trim(texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts)


def _typed(values: pd.Series, kind: ColumnType) -> pd.Series:  # noqa: PLR0911  # one a type
    """Values that have a type of their own as `kind`."""
    dtype = values.dtype
    is_bool = pd.api.types.is_bool_dtype(dtype)
    is_number = pd.api.types.is_numeric_dtype(dtype) and not is_bool
    if kind == "category":
        if pd.api.types.is_float_dtype(dtype) and (values.dropna() % 1 == 0).all():
            # Codes in a column with missing values were read as 1.0, 2.0: they are '1', '2'.
            values = values.astype("Int64")
        return values.astype("str")
    if kind == "date":
        if is_number or is_bool:
            return pd.Series(pd.NaT, values.index, dtype="datetime64[us]")
        found = pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce")
        return found.dt.tz_localize(None).astype("datetime64[us]")
    if kind == "boolean":
        if is_number:
            return values.map({0: False, 1: True}).astype("boolean")
        words = values.astype("str").str.lower().map(PLAIN.booleans)
        return (values if is_bool else words).astype("boolean")
    if kind == "integer" and pd.api.types.is_integer_dtype(dtype):
        return values.astype("Int64")
    usable = is_number or pd.api.types.is_object_dtype(dtype)
    numbers = pd.Series(np.nan, values.index)
    if usable:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        numbers = numbers.where(np.isfinite(numbers))
    if kind == "number":
        return numbers
    return numbers.where((numbers % 1 == 0) & (numbers.abs() < BEYOND_INT64)).astype("Int64")
