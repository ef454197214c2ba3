"""The rows of a request as the table that training saw; twice, because pandas is slow for few rows.

`frame` makes the table itself. `Light` has only what the steps that come with the template ask of
it, and makes the same values of it in a tenth of the time. A step that asks for more raises, and
gets a frame; that both give the same answers is asked before anybody is served (`serving.model`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
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
    """A table of few rows with `items`, `shape` and `len`, and nothing else of a frame's."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, rows: Sequence[Row], columns: Sequence[Column]) -> None:
        self._rows, self._columns = rows, columns

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self._rows), len(self._columns)

    def items(self) -> Iterator[tuple[str, "Cells"]]:
        """Each column's name and cells."""
        for column in self._columns:
            name = column.name
            yield name, Cells([row.get(name) for row in self._rows], column)


class Cells:
    """A column of few rows: `to_numpy` with both arguments and, of dates, `array`."""

    __slots__ = ("_kind", "_values")

    def __init__(self, values: list[Any], column: Column) -> None:
        """Take the values as they came.

        Raises:
            ValueError: one is missing of what has a dtype without a missing value.
        """
        if column.type in ("integer", "boolean") and not column.nullable and None in values:
            raise ValueError(f"'{column.name}' cannot hold missing values")
        self._values, self._kind = values, column.type

    def to_numpy(self, dtype: Any, na_value: Any) -> NDArray[Any]:
        """As a Series of the column does it.

        Raises:
            TypeError: numbers of what is none, or objects of what is no word.
        """
        if dtype is object and self._kind == "category":
            values = [na_value if value is None else value for value in self._values]
            return np.array(values, dtype=object)
        if dtype is np.float64 and self._kind in ("number", "integer", "boolean"):
            return np.array(self._values, dtype=np.float64)  # None becomes NaN
        raise TypeError(f"a column of type {self._kind} gives no {dtype} here; ask a frame")

    @property
    def array(self) -> "Dates":
        """The dates, whose parts can be asked for.

        Raises:
            AttributeError: they are no dates.
        """
        if self._kind != "date":
            raise AttributeError("array of what is no date; ask a frame")
        return Dates(self._values)


class Dates:
    """Dates of few rows; a missing one has the part NaN, as pandas has it."""

    __slots__ = ("_dates",)

    def __init__(self, texts: Sequence[str | None]) -> None:
        self._dates = [None if text is None else datetime.fromisoformat(text) for text in texts]

    @property
    def year(self) -> NDArray[np.float64]:
        """The year."""
        return _parts([date and date.year for date in self._dates])

    @property
    def month(self) -> NDArray[np.float64]:
        """1 is January."""
        return _parts([date and date.month for date in self._dates])

    @property
    def day(self) -> NDArray[np.float64]:
        """Of the month, from 1."""
        return _parts([date and date.day for date in self._dates])

    @property
    def hour(self) -> NDArray[np.float64]:
        """0 to 23."""
        return _parts([date and date.hour for date in self._dates])

    @property
    def day_of_week(self) -> NDArray[np.float64]:
        """0 is Monday."""
        return _parts([date and date.weekday() for date in self._dates])


def _parts(values: list[Any]) -> NDArray[np.float64]:
    return np.array(values, dtype=np.float64)
