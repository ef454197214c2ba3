"""Gives each column the type that the contract names, and says which cells will not have it.

pandera's own coercion is not used: it reads 'no' as True, rounds dates to a clock that ends in
2262, and names no row where a number is no number.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from problem.columns import ColumnType

# How pandas' names of types begin.
STARTS: dict[str, ColumnType] = {
    "float": "number",
    "int": "integer",
    "uint": "integer",
    "bool": "boolean",
    "str": "category",
    "datetime": "date",
}
BOOLEANS = {"true": True, "false": False}
BEYOND_INT64 = 2.0**63


def kind_of(dtype: object) -> ColumnType | None:
    """Which of the types that a model reads a contract's `dtype` names; None if it is another."""
    named = str(dtype).lower()
    return next((kind for start, kind in STARTS.items() if named.startswith(start)), None)


def convert(
    values: pd.Series, kind: ColumnType, *, nullable: bool
) -> tuple[pd.Series, "pd.Series[bool]"]:
    """`values` as `kind`, and where that is not possible (a mask; these cells come out missing).

    A type that cannot hold missing values is used where there are none and none may come.
    """
    readers: dict[ColumnType, Callable[[pd.Series], pd.Series]] = {
        "number": _number,
        "integer": _integer,
        "boolean": _boolean,
        "category": _text,
        "date": dates,
    }
    converted = readers[kind](values)
    odd = converted.isna() & values.notna()
    if not nullable and converted.notna().all():
        if kind == "integer":
            return converted.astype("int64"), odd
        if kind == "boolean":
            return converted.astype("bool"), odd
    return converted, odd


def dates(values: pd.Series) -> pd.Series:
    """ISO 8601 texts and times as datetime64[us], without a zone; what is no date is missing.

    Times with an offset are read on UTC's clock: the model knows one clock only.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series(pd.NaT, values.index, dtype="datetime64[us]")
    return (
        pd.to_datetime(values, utc=True, format="ISO8601", errors="coerce")
        .dt.tz_localize(None)
        .astype("datetime64[us]")
    )


def _number(values: pd.Series) -> pd.Series:
    if not _is_number_or_text(values):
        return pd.Series(np.nan, values.index)
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return numbers.where(np.isfinite(numbers))


def _integer(values: pd.Series) -> pd.Series:
    if pd.api.types.is_integer_dtype(values.dtype):
        return values.astype("Int64")
    numbers = _number(values)
    whole = (numbers % 1 == 0) & (numbers.abs() < BEYOND_INT64)
    return numbers.where(whole).astype("Int64")


def _boolean(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.astype("boolean")
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.map({0: False, 1: True}).astype("boolean")
    return values.astype("str").str.lower().map(BOOLEANS).astype("boolean")


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
