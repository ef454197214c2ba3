"""Counts rows into frozen bins, both for the reference and for live rows.

Counts are integers and add up: two days, two replicas or two files can be counted separately and
merged with `+`. Memory does not grow with the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import duckdb
import numpy as np
import pandas as pd

from engine.problem.metrics import Array

NUMBERS = ("number", "integer")
CATEGORIES = ("category", "boolean")


@dataclass(frozen=True)
class Histogram:
    """The counts of one column.

    `counts` has a number for each frozen bin; a category's last bin is 'other'. Rows without a
    value are in `missing` alone. `below` and `above` are the rows outside the reference's range;
    they are in the outer bins too, which have no limits.
    """

    counts: tuple[int, ...]
    missing: int = 0
    below: int = 0
    above: int = 0

    @property
    def present(self) -> int:
        """Rows with a value in a bin."""
        return sum(self.counts)

    def __add__(self, more: Self) -> "Histogram":
        """The same column over both sets of rows."""
        return Histogram(
            tuple(a + b for a, b in zip(self.counts, more.counts, strict=True)),
            self.missing + more.missing,
            self.below + more.below,
            self.above + more.above,
        )


@dataclass(frozen=True)
class Counts:
    """All columns of a reference and the score, counted over the same rows."""

    rows: int
    features: Mapping[str, Histogram]
    score: Histogram

    def __add__(self, more: Self) -> "Counts":
        """The same columns over both sets of rows."""
        return Counts(
            self.rows + more.rows,
            {name: one + more.features[name] for name, one in self.features.items()},
            self.score + more.score,
        )


def count(
    connection: duckdb.DuckDBPyConnection, table: str, reference: Mapping[str, Any]
) -> Counts:
    """Count the rows of `table` into the bins of `reference` in one pass.

    `table` has the columns c0, c1, … in the order of the reference's features, then the score.
    Names of the data never reach the SQL, so they may have any characters.

    Raises:
        duckdb.ConversionException: a number's column has other values.
    """
    bins = [*reference["features"], {"type": "number", **reference["score"]}]
    pieces = [_aggregates(f"c{i}", one) for i, one in enumerate(bins)]
    selected = ", ".join(sql for sql, _ in pieces)
    parameters = [value for _, values in pieces for value in values]
    typed = ", ".join(f"{_typed(f'c{i}', one)} AS c{i}" for i, one in enumerate(bins))
    # The table's name and the columns' are ours, never the data's.
    query = f"SELECT {selected}, count(*) FROM (SELECT {typed} FROM {table})"  # noqa: S608
    *results, rows = connection.execute(query, parameters).fetchall()[0]
    counts = [_histogram(one, results[4 * i : 4 * i + 4], rows) for i, one in enumerate(bins)]
    names = [one["name"] for one in reference["features"]]
    return Counts(rows, dict(zip(names, counts, strict=False)), counts[-1])


def count_frame(frame: pd.DataFrame, scores: Array, reference: Mapping[str, Any]) -> Counts:
    """Count a frame that has the reference's features, and its rows' scores, shape (rows,)."""
    names = [one["name"] for one in reference["features"]]
    table = frame[names].set_axis([f"c{i}" for i in range(len(names))], axis=1)
    table[f"c{len(names)}"] = np.asarray(scores, dtype=float)
    with duckdb.cursor() as connection:
        connection.register("counted", table)
        return count(connection, "counted", reference)


def _typed(column: str, bins: Mapping[str, Any]) -> str:
    """A column as it is counted."""
    if bins["type"] in NUMBERS:
        # NaN is the greatest number of DuckDB; here it is missing.
        return f"nullif({column}::DOUBLE, 'nan'::DOUBLE)"
    # DuckDB names the other values of a histogram '', which may be a value too: hence the prefix.
    return f"'=' || {column}::VARCHAR"


def _aggregates(x: str, bins: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """Four aggregates of a column as SQL and its parameters: bins, present, below, above."""
    if bins["type"] in NUMBERS:
        limits = [bins.get("minimum"), bins.get("maximum")]
        outside = f"count_if({x} < ?::DOUBLE), count_if({x} > ?::DOUBLE)"
        return f"histogram({x}, ?::DOUBLE[]), count({x}), {outside}", [bins["edges"], *limits]
    if bins["type"] in CATEGORIES:
        listed = [f"={category}" for category in bins["categories"]]
        return f"histogram_exact({x}, ?::VARCHAR[]), count({x}), 0, 0", [listed]
    return f"NULL, count({x}), 0, 0", []


def _histogram(bins: Mapping[str, Any], result: Sequence[Any], rows: int) -> Histogram:
    histogram, present, below, above = result
    if bins["type"] in NUMBERS:
        named = [(histogram or {}).get(edge, 0) for edge in bins["edges"]]
    elif bins["type"] in CATEGORIES:
        named = [(histogram or {}).get(f"={category}", 0) for category in bins["categories"]]
    else:
        return Histogram((), rows - present)
    # DuckDB counts NULL where there is no value.
    return Histogram((*named, present - sum(named)), rows - present, below or 0, above or 0)
