"""The rows of a request as the table that training saw; twice, because pandas is slow for few rows.

`LightFrame` has only what the template's own steps use, and makes the same values of it in a tenth
of the time. A step that uses more raises, and gets a DataFrame (see `model.unrolled`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import pandas_dtype

from engine.contract.column import Column

Row = Mapping[str, Any]

# More rows are pandas' own work.
FEW = 1_000


def frame(rows: Sequence[Row], columns: Iterable[Column]) -> pd.DataFrame:
    """The rows as the table that training saw: the same columns, order and dtypes."""
    return pd.DataFrame({column.name: _values(rows, column) for column in columns}, copy=False)


def _values(rows: Sequence[Row], column: Column) -> Any:
    """A column's cells as an array of its dtype, which costs less than a Series of each."""
    values, dtype = [row.get(column.name) for row in rows], _dtype(column.dtype)
    if not isinstance(dtype, np.dtype):
        return dtype.construct_array_type()._from_sequence(values, dtype=dtype)
    if dtype.kind == "b" and None in values:  # numpy would take it for False
        raise ValueError(f"'{column.name}' cannot hold missing values")
    return np.array(values, dtype=dtype)  # None becomes NaN or NaT, and no integer


@cache
def _dtype(name: str) -> Any:
    return pandas_dtype(name)


class LightFrame:
    """A table of few rows with `items`, `shape` and `len`, and nothing else of a DataFrame's."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        self._rows, self._columns = rows, columns

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self._rows), len(self._columns)

    def items(self) -> Iterator[tuple[str, "LightColumn"]]:
        """Each column's name and values."""
        for column in self._columns:
            name = column.name
            yield name, LightColumn([row.get(name) for row in self._rows], column)


class LightColumn:
    """A column of few rows: `to_numpy` with both arguments and, of dates, `array`."""

    __slots__ = ("_type", "_values")

    def __init__(self, values: list[Any], column: Column) -> None:
        if column.type in ("integer", "boolean") and not column.nullable and None in values:
            raise ValueError(f"'{column.name}' cannot hold missing values")
        self._values, self._type = values, column.type

    def to_numpy(self, dtype: Any, na_value: Any) -> NDArray[Any]:
        """The values as a Series of the column gives them; TypeError for another dtype."""
        if dtype is object and self._type == "category":
            values = [na_value if value is None else value for value in self._values]
            return np.array(values, dtype=object)
        if dtype is np.float64 and self._type in ("number", "integer", "boolean"):
            return np.array(self._values, dtype=np.float64)  # None becomes NaN
        raise TypeError(f"a light column of type {self._type} gives no {dtype}; use a DataFrame")

    @property
    def array(self) -> "LightDates":
        """The dates; AttributeError if the column holds something else."""
        if self._type != "date":
            raise AttributeError(f"a light column of type {self._type} has no array")
        return LightDates(self._values)


_DATE_PARTS: Mapping[str, Callable[[datetime], int]] = {
    **{name: attrgetter(name) for name in ("year", "month", "day", "hour")},
    "day_of_week": datetime.weekday,
}


class LightDates:
    """Dates of few rows with the attributes `_DATE_PARTS`, as a pandas DatetimeArray has them."""

    __slots__ = ("_dates",)

    def __init__(self, texts: Sequence[str | None]) -> None:
        self._dates = [None if text is None else datetime.fromisoformat(text) for text in texts]

    def __getattr__(self, name: str) -> NDArray[np.float64]:
        if name not in _DATE_PARTS:
            raise AttributeError(name)
        part = _DATE_PARTS[name]
        values = [None if date is None else part(date) for date in self._dates]
        return np.array(values, dtype=np.float64)  # None becomes NaN
