"""Gives each column the type that the contract names, and says which cells will not have it.

pandera's own coercion is not used: it reads 'no' as True, rounds dates to a clock that ends in
2262, and names no row where a number is no number.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.contract.column import ColumnType
from engine.contract.format import PLAIN, ColumnFormat
from engine.contract.numbers import plain

# How pandas' names of types begin.
STARTS: dict[str, ColumnType] = {
    "float": "number",
    "int": "integer",
    "uint": "integer",
    "bool": "boolean",
    "str": "category",
    "datetime": "date",
}
BOOLEANS = {"true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
BEYOND_INT64 = 2.0**63
# Whole numbers that a float would round.
LONG = r"-?\d{16,19}"


def kind_of(dtype: object) -> ColumnType | None:
    """Which of the types that a model reads a contract's `dtype` names; None if it is another."""
    named = str(dtype).lower()
    return next((kind for start, kind in STARTS.items() if named.startswith(start)), None)


def convert(
    values: pd.Series, kind: ColumnType, *, nullable: bool, cells: ColumnFormat = PLAIN
) -> tuple[pd.Series, "pd.Series[bool]"]:
    """`values` as `kind`, and where that is not possible (a mask; these cells come out missing).

    A type that cannot hold missing values is used where there are none and none may come.

    Args:
        cells: how texts are read; words that mean missing are gone from `values` by now.
    """
    readers: dict[ColumnType, Callable[[pd.Series], pd.Series]] = {
        "number": lambda texts: _number(_plain(texts, cells)),
        "integer": lambda texts: _integer(_plain(texts, cells)),
        "boolean": lambda texts: _boolean(texts, cells),
        "category": _text,
        "date": lambda texts: dates(texts, cells.dates),
    }
    converted = readers[kind](values)
    odd = converted.isna() & values.notna()
    if not nullable and converted.notna().all():
        if kind == "integer":
            return converted.astype("int64"), odd
        if kind == "boolean":
            return converted.astype("bool"), odd
    return converted, odd


def dates(values: pd.Series, forms: tuple[str, ...] = ()) -> pd.Series:
    """Texts in one of `forms` or ISO 8601, and times, as datetime64[us] without a zone.

    What is no date is missing. Times with an offset are read on UTC's clock: the model knows one
    clock only.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series(pd.NaT, values.index, dtype="datetime64[us]")
    found, rest = pd.Series(pd.NaT, values.index, dtype="datetime64[us]"), values
    for form in (*forms, "ISO8601"):
        moments = pd.to_datetime(rest, utc=True, format=form, errors="coerce")
        moments = moments.dt.tz_localize(None).astype("datetime64[us]")
        if len(rest) == len(values):
            found = moments
        else:
            found.loc[rest.index] = moments
        rest = values[found.isna() & values.notna()]
        if rest.empty:
            break
    return found


def _plain(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    """Numbers in the form of the contract as `float` writes them; others are gone."""
    if cells.number == PLAIN.number or not isinstance(values.dtype, pd.StringDtype):
        return values
    return plain(values, cells.number)


def _number(values: pd.Series) -> pd.Series:
    if not _is_number_or_text(values):
        return pd.Series(np.nan, values.index)
    numbers = _cast(values, pa.float64())
    if numbers is None:
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def _integer(values: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("Int64")
    whole = _cast(values, pa.int64())
    if whole is not None:
        return whole
    numbers = _number(values)
    fit = (numbers % 1 == 0) & (numbers.abs() < BEYOND_INT64)
    found = numbers.where(fit).astype("Int64")
    if isinstance(values.dtype, pd.StringDtype):
        long = values.str.fullmatch(LONG).fillna(value=False).astype(bool) & fit
        exact = pd.Series([int(text) for text in values[long]], values.index[long], dtype="Int64")
        found = exact.reindex(values.index).where(long, found)
    return found


def _cast(values: pd.Series, wanted: pa.DataType) -> pd.Series | None:
    """Texts as numbers, all at once and fast; None if one of them is none, or no text."""
    if not isinstance(values.dtype, pd.StringDtype):
        return None
    try:
        found = pa.array(values, from_pandas=True).cast(wanted)
    except pa.ArrowInvalid:
        return None
    as_pandas: Any = {pa.int64(): pd.Int64Dtype()}.get
    series: pd.Series = found.to_pandas(types_mapper=as_pandas)
    series.index, series.name = values.index, values.name
    return series


def _boolean(values: pd.Series, cells: ColumnFormat) -> pd.Series:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.map({0: False, 1: True}).astype("boolean")
    words = BOOLEANS | dict.fromkeys(cells.true, True) | dict.fromkeys(cells.false, False)
    return values.astype("str").str.lower().map(words).astype("boolean")


def _text(values: pd.Series) -> pd.Series:
    if pd.api.types.is_float_dtype(values.dtype) and (values.dropna() % 1 == 0).all():
        # Codes beside missing ones were read as 1.0, 2.0: they are '1', '2'.
        values = values.astype("Int64")
    return values.astype("str")


def _is_number_or_text(values: pd.Series) -> bool:
    dtype = values.dtype
    is_bool = pd.api.types.is_bool_dtype(dtype)
    is_text = pd.api.types.is_string_dtype(dtype)
    return is_text or (pd.api.types.is_numeric_dtype(dtype) and not is_bool)
