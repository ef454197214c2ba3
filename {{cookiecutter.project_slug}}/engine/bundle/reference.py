"""Freezes the distributions of the model's inputs and score into the bins of reference.json."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle.counting import NUMBERS, Histogram, count_frame
from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.problem.metrics import Array

# Ten bins show where a distribution moved; each needs some 20 rows to be worth counting.
MOST_BINS = 10
ROWS_PER_BIN = 20
MOST_CATEGORIES = 50


def freeze(frame: pd.DataFrame, columns: Sequence[Column], scores: Array) -> dict[str, Any]:
    """Make reference.json from rows unseen in training, and their scores.

    (On its training rows a model is more certain than on any later row: its live scores would
    look like drift.) `scores` has shape (rows,). A number's bins end at its quantiles, so that an
    outlier cannot stretch them; ties share a bin. The categories of an open column are chosen on
    a random half of the rows and counted on the other half: a value that is frequent by chance in
    the first half would look like drift later. `missing` always counts all rows.

    Raises:
        BadInput: no rows, or not one finite score for each.
    """
    scores = np.asarray(scores, dtype=float)
    if not len(frame) or scores.shape != (len(frame),) or not np.isfinite(scores).all():
        raise BadInput(
            f"expected rows and one finite score for each; got {len(frame)} rows and scores of "
            f"shape {scores.shape}; score the rows of the reference first",
            code="invalid-scores",
        )
    first_half = np.random.default_rng(0).permutation(len(frame)) < len(frame) // 2
    features = [_bins(column, frame[column.name], first_half) for column in columns]
    score: dict[str, Any] = {"edges": _edges(scores)}
    reference = {"rows": len(frame), "features": features, "score": score}
    everything = count_frame(frame, scores, reference)
    other_half = count_frame(frame[~first_half], scores[~first_half], reference)
    for column, feature in zip(columns, features, strict=True):
        counted = other_half if _is_open(column) else everything
        feature["counts"] = list(counted.features[column.name].counts)
        feature["missing"] = everything.features[column.name].missing
    score["counts"] = list(everything.score.counts)
    return reference


def histogram_of(feature: dict[str, Any]) -> Histogram:
    """A feature of reference.json, or its score, as it was counted."""
    return Histogram(tuple(feature["counts"]), feature.get("missing", 0))


def _is_open(column: Column) -> bool:
    """Whether its categories come from the data instead of the contract."""
    return column.type == "category" and not column.closed


def _bins(column: Column, values: pd.Series, first_half: np.ndarray) -> dict[str, Any]:
    feature: dict[str, Any] = {"name": column.name, "type": column.type}
    if column.type in NUMBERS:
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        numbers = numbers[np.isfinite(numbers)]
        limits = (float(numbers.min()), float(numbers.max())) if len(numbers) else (None, None)
        return feature | {"edges": _edges(numbers), "minimum": limits[0], "maximum": limits[1]}
    if column.type == "boolean":
        return feature | {"categories": ["false", "true"]}
    if column.type != "category":
        return feature
    if not _is_open(column):
        return feature | {"categories": list(column.categories)}
    frequent = values[first_half].dropna().astype(str).value_counts()
    # Equals are in alphabetical order, so that the same rows freeze to the same bytes.
    ranked = sorted(frequent.items(), key=lambda item: (-item[1], item[0]))
    return feature | {"categories": [str(name) for name, _ in ranked[:MOST_CATEGORIES]]}


def _edges(numbers: Array) -> list[float]:
    """Inner edges of bins (…, edge]; the first and the last bin have no outer end."""
    if not len(numbers):
        return []
    bins = min(MOST_BINS, max(2, len(numbers) // ROWS_PER_BIN))
    quantiles = np.arange(1, bins) / bins
    edges = np.unique(np.quantile(numbers, quantiles, method="inverted_cdf"))
    return [float(edge) for edge in edges if edge < numbers.max()]
