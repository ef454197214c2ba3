"""Number formats for adoption: names of `engine.contract.format` and readers of whole columns."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from engine.contract import arrow_texts
from engine.contract.format import INFINITE, ColumnFormat, number_pattern

__all__ = ["INFINITE", "is_infinite", "number_pattern", "strip_units"]


def strip_units(texts: pa.Array, unit: str, negative: Sequence[str]) -> pa.Array:
    """See `engine.contract.arrow_texts.strip_units`."""
    return arrow_texts.strip_units(texts, ColumnFormat(unit=unit, negative=tuple(negative)))


def is_infinite(values: pd.Series) -> "pd.Series[bool]":
    """A mask of the infinite numbers, as a division by 0 leaves them."""
    if not pd.api.types.is_numeric_dtype(values.dtype):
        texts = values.astype("str").str.replace("∞", "inf", regex=False)
        values = pd.to_numeric(texts, errors="coerce")
    return pd.Series(np.isinf(values.to_numpy("float64", na_value=np.nan)), values.index)
