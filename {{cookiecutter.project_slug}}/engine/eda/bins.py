"""A column cut into bins, so that numbers, dates, words and truth values are read alike."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.eda.target import Array, Codes, written
from engine.pages.formatting import number

OTHER = "other values"


@dataclass(frozen=True)
class Bins:
    """`codes` (n,) says in which bin a row is, −1 where the value is missing.

    `labels` name the bins. `centres` are the medians of the values in them, or none where values
    have no order to draw them along (words, truth values).
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
        # A missing moment has no integer: cast only those that are there.
        known = values.notna().to_numpy()
        found = np.full(len(values), np.nan)
        found[known] = values[known].astype("datetime64[s]").astype("int64")
        return found
    found = values.to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)


def timestamp(seconds: float) -> str:
    """Seconds since 1970 as a day."""
    return str(np.datetime64(int(seconds), "s").astype("datetime64[D]"))


def cut(column: Column, values: pd.Series, most: int) -> Bins:
    """Cut a column into at most `most` bins.

    Few different numbers are a bin each, many are cut where equally many rows fall. Of words the
    most frequent are a bin each and the rest is one; words of a closed list keep its order.
    """
    if is_numeric(column):
        return _cut_numbers(column, numbers(column, values), most)
    counts = values.value_counts()
    kept = list(counts.index if len(counts) <= most else counts.index[: most - 1])
    if column.closed:
        kept.sort(key=column.categories.index)
    found = pd.Index(kept).get_indexer(values).astype(np.intp)
    labels = [written(value) for value in kept]
    if len(counts) > most:
        found[(found < 0) & values.notna().to_numpy()] = len(kept)
        labels.append(OTHER)
    return Bins(found, tuple(labels))


def _cut_numbers(column: Column, values: Array, most: int) -> Bins:
    known = values[~np.isnan(values)]
    write = timestamp if column.type == "date" else number
    codes = np.full(len(values), -1, dtype=np.intp)
    distinct = np.unique(known)
    if len(distinct) <= most:
        codes[~np.isnan(values)] = np.searchsorted(distinct, known)
        return Bins(codes, tuple(map(write, distinct.tolist())), tuple(distinct.tolist()))
    # A value that fills several quantiles (many zeros) gets a bin up to itself.
    inner = np.unique(np.quantile(known, np.linspace(0, 1, most + 1)[1:-1]))
    places = np.searchsorted(inner, known, side="left")
    parts = pd.Series(known).groupby(places).agg(["min", "median", "max"])
    codes[~np.isnan(values)] = np.searchsorted(parts.index, places)
    labels = [
        f"{write(low)} to {write(high)}"
        for low, high in zip(parts["min"], parts["max"], strict=True)
    ]
    return Bins(codes, tuple(labels), tuple(parts["median"]))
