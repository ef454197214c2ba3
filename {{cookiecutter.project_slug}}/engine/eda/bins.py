"""A column cut into bins, so that numbers, dates, categories and booleans compare alike."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.target import Array, Codes, written
from engine.pages.formatting import number

OTHER = "other values"


@dataclass(frozen=True)
class Bins:
    """`codes` (n,) is the bin of each row, −1 where the value is missing.

    `labels` name the bins. `centres` are the medians of numbers and dates in them, else empty.
    """

    codes: Codes
    labels: tuple[str, ...]
    centres: tuple[float, ...] = ()

    def with_missing(self) -> "Bins":
        """The same bins, with missing values in one of their own, the last."""
        if not (self.codes < 0).any():
            return self
        codes = np.where(self.codes < 0, len(self.labels), self.codes)
        return Bins(codes, (*self.labels, "missing"))


def is_numeric(column: Column) -> bool:
    """Whether values have a distance: numbers, integers and dates."""
    return column.type in ("number", "integer", "date")


def numbers(column: Column, values: pd.Series) -> Array:
    """Values as floats, NaN where missing or infinite; a date is its seconds since 1970."""
    if column.type == "date":
        # A missing date has no integer: cast only the present ones.
        present = values.notna().to_numpy()
        result = np.full(len(values), np.nan)
        result[present] = values[present].astype("datetime64[s]").astype("int64")
        return result
    result = values.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(result), result, np.nan)


def format_of(column: Column) -> Callable[[float], str]:
    """How the column's numbers are written: a date as a day."""
    return timestamp if column.type == "date" else number


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as a day."""
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))


def cut(column: Column, values: pd.Series, most: int) -> Bins:
    """Cut a column into at most `most` bins.

    Few distinct numbers get a bin each, many get bins of equally many rows. The most frequent
    categories get a bin each, the others share one; a closed list of categories keeps its order.
    """
    if is_numeric(column):
        return _cut_numbers(column, numbers(column, values), most)
    counts = values.value_counts()
    frequent = list(counts.index if len(counts) <= most else counts.index[: most - 1])
    if column.closed:
        frequent.sort(key=column.categories.index)
    result = pd.Index(frequent).get_indexer(values).astype(np.intp)
    labels = [written(value) for value in frequent]
    if len(counts) > most:
        result[(result < 0) & values.notna().to_numpy()] = len(frequent)
        labels.append(OTHER)
    return Bins(result, tuple(labels))


def _cut_numbers(column: Column, values: Array, most: int) -> Bins:
    present = values[~np.isnan(values)]
    write = format_of(column)
    codes = np.full(len(values), -1, dtype=np.intp)
    distinct = np.unique(present)
    if len(distinct) <= most:
        codes[~np.isnan(values)] = np.searchsorted(distinct, present)
        return Bins(codes, tuple(map(write, distinct.tolist())), tuple(distinct.tolist()))
    # A value that fills several quantiles (many zeros) gets a bin up to itself.
    inner = np.unique(np.quantile(present, np.linspace(0, 1, most + 1)[1:-1]))
    positions = np.searchsorted(inner, present, side="left")
    groups = pd.Series(present).groupby(positions).agg(["min", "median", "max"])
    codes[~np.isnan(values)] = np.searchsorted(groups.index, positions)
    limits = zip(groups["min"], groups["max"], strict=True)
    labels = tuple(f"{write(low)} to {write(high)}" for low, high in limits)
    return Bins(codes, labels, tuple(groups["median"]))
