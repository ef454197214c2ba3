"""Explains a score by the inputs that change it most.

One-at-a-time replacement by the typical value (Robnik-Šikonja and Kononenko 2008). Inputs that act
only in combination each show the whole effect or none.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from engine.bundle.bundle import Bundle

Row = Mapping[str, Any]


class Reasons:
    """Explains scores with the typical value of each input; dates have none."""

    def __init__(self, bundle: Bundle) -> None:
        features = {feature["name"]: feature for feature in bundle.reference.get("features", ())}
        self._typical: dict[str, Any] = {}
        for column in bundle.contract.inputs:
            usual = _typical(features.get(column.name, {}), is_whole=column.type == "integer")
            if usual is not None:
                self._typical[column.name] = usual

    def rows(self, row: Row) -> list[dict[str, Any]]:
        """The row once for each unusual input, with that input replaced by its typical value."""
        return [{**row, name: typical} for name, typical in self._unusual(row).items()]

    def explain(self, row: Row, score: float, scores: Sequence[float], most: int) -> Sequence[Row]:
        """The inputs that move the score most, strongest first; `scores` are of `rows(row)`."""
        unusual = zip(self._unusual(row).items(), scores, strict=True)
        reasons = [
            {"input": name, "value": row.get(name), "typical": typical, "difference": score - other}
            for (name, typical), other in unusual
            if other != score
        ]
        return sorted(reasons, key=lambda reason: -abs(reason["difference"]))[:most]

    def _unusual(self, row: Row) -> dict[str, Any]:
        return {name: usual for name, usual in self._typical.items() if row.get(name) != usual}


def _typical(feature: Mapping[str, Any], *, is_whole: bool) -> Any:
    """The median of numbers, the most frequent of categories; None where there is none."""
    counts = feature.get("counts") or [0]
    if feature.get("categories"):
        # The last count is of values in none of the listed categories.
        listed = counts[: len(feature["categories"])]
        name = feature["categories"][listed.index(max(listed))]
        return name == "true" if feature["type"] == "boolean" else name
    edges = feature.get("edges")
    if not edges:
        return None
    # A bin ends at its edge, so the edge at which half of the rows are passed is the median.
    half = bisect_left(list(accumulate(counts)), sum(counts) / 2)
    median = edges[min(half, len(edges) - 1)]
    return round(median) if is_whole else median
