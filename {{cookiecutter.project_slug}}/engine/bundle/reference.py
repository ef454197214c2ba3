"""Freezes the distributions of inputs and score into bins (reference.json), and counts rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.problem.metrics import Array

# Ten bins show where a distribution moved; each needs some 20 rows to be worth counting.
MOST_BINS = 10
ROWS_PER_BIN = 20
MOST_CATEGORIES = 50
NUMBERS = ("number", "integer")
CATEGORIES = ("category", "boolean")


@dataclass(frozen=True)
class Histogram:
    """The counts of one column; those of the frozen bins are in `counts`, 'other' is the last.

    Rows without a value are in `missing` alone. `below` and `above` count the rows outside the
    reference's range, which are in the outer bins too.
    """

    counts: tuple[int, ...]
    missing: int = 0
    below: int = 0
    above: int = 0

    @property
    def present(self) -> int:
        """Rows with a value in a bin."""
        return sum(self.counts)


@dataclass(frozen=True)
class Counts:
    """All columns of a reference and the score, counted over the same rows."""

    rows: int
    features: Mapping[str, Histogram]
    score: Histogram


def count(
    connection: duckdb.DuckDBPyConnection, table: str, reference: Mapping[str, Any]
) -> Counts:
    """Count the rows of `table` into the bins of `reference` in one pass.

    `table` has the columns c0, c1, … in the order of the reference's features, then the score.
    Names of the data never reach the SQL, so they may have any characters. DuckDB raises
    ConversionException where a number's column has other values.
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
    columns = [*(frame[name].array for name in names), np.asarray(scores, dtype=float)]
    table = pd.DataFrame({f"c{i}": values for i, values in enumerate(columns)}, copy=False)
    with duckdb.cursor() as connection:
        connection.register("counted", table)
        return count(connection, "counted", reference)


def _typed(column: str, bins: Mapping[str, Any]) -> str:
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
    if bins["type"] not in (*NUMBERS, *CATEGORIES):
        return Histogram((), rows - present)
    keys = bins["edges"] if bins["type"] in NUMBERS else [f"={one}" for one in bins["categories"]]
    named = [(histogram or {}).get(key, 0) for key in keys]
    # DuckDB counts NULL where there is no value.
    return Histogram((*named, present - sum(named)), rows - present, below or 0, above or 0)


def freeze(frame: pd.DataFrame, columns: Sequence[Column], scores: Array) -> dict[str, Any]:
    """Make reference.json from rows unseen in training, and their finite scores, shape (rows,).

    A number's bins end at its quantiles, so that an outlier cannot stretch them; ties share a bin.
    The categories of an open column are chosen on a random half of the rows and counted on the
    other half: a value that is frequent by chance in the first half would look like drift later.
    `missing` always counts all rows.
    """
    scores = np.asarray(scores, dtype=float)
    if not len(frame) or scores.shape != (len(frame),) or not np.isfinite(scores).all():
        message = "expected rows and one finite score for each; "
        message += f"got {len(frame)} rows and scores of shape {scores.shape}; score all rows"
        raise BadInput(message, code="invalid-scores")
    first_half = np.random.default_rng(0).permutation(len(frame)) < len(frame) // 2
    features = [_bins(column, frame[column.name], first_half) for column in columns]
    score: dict[str, Any] = {"edges": _edges(scores)}
    reference = {"rows": len(frame), "features": features, "score": score}
    everything = count_frame(frame, scores, reference)
    is_open = [column.type == "category" and not column.closed for column in columns]
    opened = reference | {"features": list(compress(features, is_open))}
    other_half = count_frame(frame[~first_half], scores[~first_half], opened)
    for column, feature, one_is_open in zip(columns, features, is_open, strict=True):
        counted = other_half if one_is_open else everything
        feature["counts"] = list(counted.features[column.name].counts)
        feature["missing"] = everything.features[column.name].missing
    score["counts"] = list(everything.score.counts)
    return reference


def histogram_of(feature: dict[str, Any]) -> Histogram:
    """A feature of reference.json, or its score, as it was counted."""
    return Histogram(tuple(feature["counts"]), feature.get("missing", 0))


def _bins(column: Column, values: pd.Series, first_half: np.ndarray) -> dict[str, Any]:
    feature: dict[str, Any] = {"name": column.name, "type": column.type}
    if column.type in NUMBERS:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        numbers = numbers[np.isfinite(numbers)]
        low, high = (float(numbers.min()), float(numbers.max())) if len(numbers) else (None, None)
        return feature | {"edges": _edges(numbers), "minimum": low, "maximum": high}
    if column.type == "boolean":
        return feature | {"categories": ["false", "true"]}
    if column.type != "category":
        return feature
    if column.closed:
        return feature | {"categories": [*column.categories]}
    frequent = values[first_half].dropna().astype(str).value_counts()
    # Equals are in alphabetical order, so that the same rows freeze to the same bytes.
    ranked = sorted(frequent.items(), key=lambda item: (-item[1], item[0]))
    return feature | {"categories": [str(name) for name, _ in ranked[:MOST_CATEGORIES]]}


def _edges(numbers: Array) -> list[float]:
    """Inner edges of bins (…, edge]; the first and the last bin have no outer end."""
    if not len(numbers):
        return []
    bins = min(MOST_BINS, max(2, len(numbers) // ROWS_PER_BIN))
    edges = np.unique(np.quantile(numbers, np.arange(1, bins) / bins, method="inverted_cdf"))
    return [float(edge) for edge in edges if edge < numbers.max()]
