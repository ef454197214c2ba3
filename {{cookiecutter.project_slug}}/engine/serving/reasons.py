"""Explains a score by the inputs that change it most.

Each input in turn takes its typical value from the reference; the others stay. The change of the
score is the effect of this input on this row. (One-at-a-time replacement: Robnik-Šikonja and
Kononenko 2008. Inputs that act only in combination each show the whole effect or none.)
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from engine.bundle.bundle import Bundle

Row = Mapping[str, Any]
Reason = dict[str, Any]


class Reasons:
    """Explains scores with the typical value of each input; dates have none."""

    def __init__(self, bundle: Bundle) -> None:
        features = {feature["name"]: feature for feature in bundle.reference.get("features", ())}
        typical = {
            column.name: _typical(features[column.name], is_whole=column.type == "integer")
            for column in bundle.contract.inputs
            if column.name in features
        }
        self._typical = {name: value for name, value in typical.items() if value is not None}

    def rows(self, row: Row) -> list[dict[str, Any]]:
        """The row once for each unusual input, with that input replaced by its typical value."""
        return [{**row, name: self._typical[name]} for name in self._unusual(row)]

    def explain(self, row: Row, score: float, scores: Sequence[float], most: int) -> list[Reason]:
        """The inputs that move the score most, strongest first; `scores` are of `rows(row)`."""
        reasons = [
            {
                "input": name,
                "value": row.get(name),
                "typical": self._typical[name],
                "difference": score - other,
            }
            for name, other in zip(self._unusual(row), scores, strict=True)
            if other != score
        ]
        return sorted(reasons, key=lambda reason: -abs(reason["difference"]))[:most]

    def _unusual(self, row: Row) -> list[str]:
        return [name for name, usual in self._typical.items() if row.get(name) != usual]


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
    passed = [below >= sum(counts) / 2 for below in accumulate(counts)]
    if not any(passed):
        return None
    median = edges[min(passed.index(True), len(edges) - 1)]
    return round(median) if is_whole else median
