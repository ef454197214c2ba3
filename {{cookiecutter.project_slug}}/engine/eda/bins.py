"""The target as numbers; columns and time cut into bins, so that types can be compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.contract.column import Column
from engine.pages.formatting import number
from engine.problem.spec import Problem, Task

Array = NDArray[np.float64]
Codes = NDArray[np.intp]

SHOWN_CLASSES = 5  # more are drawn together as one
OTHER = "other values"
PERIODS = 12
FEWEST_IN_PERIOD = 100
DRIFT_BINS = 10
SMALL_EFFECT = 0.1  # Cohen 1988: smaller differences hardly matter


@dataclass(frozen=True)
class Target:
    """Outcomes of rows: `values` (n,) are 0/1 for binary, class numbers, or the values themselves.

    `classes` name the numbers: (other, positive) for binary, the most frequent first for
    multiclass, none for regression. Rows without an outcome are not included.
    """

    name: str
    task: Task
    values: Array
    classes: tuple[str, ...] = ()

    def outcomes(self) -> list[tuple[str, Array]]:
        """Named values to average: the target, or for each class whether a row has it."""
        if self.task == "regression":
            return [(f"mean {self.name}", self.values)]
        names = [f"share with {self.name} = {label}" for label in self.classes]
        if self.task == "binary":
            return [(names[1], self.values)]
        return [(name, (self.values == i).astype(np.float64)) for i, name in enumerate(names)]

    def shown(self, most: int = SHOWN_CLASSES) -> tuple[tuple[str, ...], Codes]:
        """At most `most` classes, the rarer ones merged into one, and each row's class number."""
        codes = self.values.astype(np.intp)
        if len(self.classes) <= most + 1:
            return self.classes, codes
        rest = f"{len(self.classes) - most} other classes"
        return (*self.classes[:most], rest), np.minimum(codes, most)


def read(problem: Problem, frame: pd.DataFrame) -> Target:
    """The target of all rows of `frame`."""
    name, task, outcome = problem.target.column, problem.target.task, frame[problem.target.column]
    if task == "regression":
        return Target(name, task, outcome.to_numpy(np.float64))
    if task == "binary":
        positive = problem.target.positive
        is_positive = (outcome == positive).to_numpy().astype(np.float64)
        others = [written(label) for label in outcome.unique() if label != positive]
        return Target(name, task, is_positive, (" or ".join(others), written(positive)))
    labels = outcome.value_counts().index
    values = outcome.map({label: i for i, label in enumerate(labels)}).to_numpy(np.float64)
    return Target(name, task, values, tuple(written(label) for label in labels))


def written(value: object) -> str:
    """A value as text for people."""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    return number(value) if isinstance(value, float) else str(value)


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


@dataclass(frozen=True)
class Periods:
    """Equal periods of time: `codes` (n,) is each row's period, −1 without a time.

    `ends` are the limits of the periods, one more than `starts`.
    """

    codes: Codes
    starts: tuple[str, ...]
    ends: tuple[str, ...]


def periods_of(times: pd.Series) -> Periods | None:
    """Cut time into periods that hold enough rows on average; None for a single time."""
    seconds = numbers(Column("time", "date"), times)
    present = seconds[~np.isnan(seconds)]
    if not len(present) or present.min() == present.max():
        return None
    number_of_periods = int(np.clip(len(present) / FEWEST_IN_PERIOD, 2, PERIODS))
    limits = np.linspace(present.min(), present.max(), number_of_periods + 1)
    codes = np.searchsorted(limits[1:-1], seconds, side="right").astype(np.intp)
    codes[np.isnan(seconds)] = -1
    named = tuple(timestamp(limit) for limit in limits)
    if len(set(named)) < len(named):  # with the hour where days would repeat
        hours = [str(np.datetime64(int(limit), "s")) for limit in limits]
        named = tuple(hour.replace("T", " ")[5:16] for hour in hours)
    return Periods(codes, named[:-1], named)


def drift(columns: Sequence[Column], frame: pd.DataFrame, periods: Periods) -> dict[str, float]:
    """The association of each column with the period, the strongest first.

    Cramér's V between period and bins (missing is a bin): 0 is stable, at 1 the value determines
    the period. Dates are left out.
    """
    compared = [column for column in columns if column.type != "date"]
    bins = [cut(one, frame[one.name], DRIFT_BINS).with_missing().codes for one in compared]
    strengths = cramer(periods.codes, stack_columns(bins, len(frame)))
    result = {one.name: float(v) for one, v in zip(compared, strengths, strict=True)}
    return dict(sorted(result.items(), key=lambda item: -item[1]))


def stack_columns(columns: Sequence[Any], rows: int) -> NDArray[Any]:
    """Arrays of the same rows side by side, shape (rows, columns); there may be none."""
    return np.column_stack([np.empty((rows, 0), np.intp), *columns])


def cramer(first: Codes, others: NDArray[np.intp]) -> Array:
    """Cramér's V between a grouping of rows and each of others.

    Corrected for chance (Bergsma 2013): 0 is independent, 1 where one determines the other. A code
    of −1 belongs to no group.

    Args:
        first: shape (rows,).
        others: shape (rows, groupings). All are counted in one pass: of a thousand columns there
            are half a million pairs.

    Returns:
        Shape (groupings,).
    """
    if not others.size:
        return np.zeros(others.shape[1])
    # Each grouping has its own columns of one table; the first of them, and the first row, count
    # the rows of no group.
    sizes = others.max(axis=0) + 2
    starts = np.cumsum(sizes) - sizes
    groups, width = first.max() + 2, int(sizes.sum())
    flat = (first[:, None] + 1) * width + (others + 1 + starts)
    table = np.bincount(flat.ravel(), minlength=groups * width).reshape(groups, width)[1:]
    table[:, starts] = 0
    rows, columns = np.add.reduceat(table, starts, axis=1), table.sum(axis=0)
    n = rows.sum(axis=0)
    r, k = (rows > 0).sum(axis=0), np.add.reduceat(columns > 0, starts, dtype=np.intp)
    with np.errstate(divide="ignore", invalid="ignore"):
        cells = table / np.repeat(rows, sizes, axis=1) * (table / columns)
        phi2 = np.add.reduceat(np.nan_to_num(cells).sum(axis=0), starts) - 1
        corrected = np.maximum(0.0, phi2 - (r - 1) * (k - 1) / (n - 1))
        room = np.minimum(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
        result = np.sqrt(corrected / room)
    return np.where((np.minimum(r, k) < 2) | (room <= 0), 0.0, result)
