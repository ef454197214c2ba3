"""Why a row has its score: what the score would be, were one of its inputs as usual.

Each input in turn takes the value that the reference calls typical, the others stay; how far the
score moves is what this input does for this row, beside the others as they are. (Replacing one at a
time is the oldest of such methods: Robnik-Šikonja and Kononenko 2008. Of inputs that only act
together, each alone shows their whole effect or none.)
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from engine.bundle.bundle import Bundle

Row = Mapping[str, Any]
Reason = dict[str, Any]


class Reasons:
    """Knows what is typical of each input of a bundle; of dates, which come once, nothing is."""

    def __init__(self, bundle: Bundle) -> None:
        columns = {column.name: column for column in bundle.contract.inputs}
        self._typical: dict[str, Any] = {}
        for feature in bundle.reference.get("features", ()):
            found = _typical(feature)
            column = columns.get(feature["name"])
            if column is not None and found is not None:
                whole = column.type == "integer"
                self._typical[column.name] = round(found) if whole else found

    def rows(self, row: Row) -> list[dict[str, Any]]:
        """The row once for each input that is not as usual, with that input as usual."""
        return [{**row, name: self._typical[name]} for name in self._unusual(row)]

    def explain(self, row: Row, score: float, scores: Sequence[float], most: int) -> list[Reason]:
        """The inputs that move the score most, the strongest first.

        Args:
            row: what was answered with `score`.
            score: of the row itself.
            scores: of each of `rows(row)`, for the same decision.
            most: how many to tell.
        """
        found = [
            {
                "input": name,
                "value": row.get(name),
                "typical": self._typical[name],
                "difference": score - other,
            }
            for name, other in zip(self._unusual(row), scores, strict=True)
            if other != score
        ]
        return sorted(found, key=lambda reason: -abs(reason["difference"]))[:most]

    def _unusual(self, row: Row) -> list[str]:
        return [name for name, usual in self._typical.items() if row.get(name) != usual]


def _typical(feature: Mapping[str, Any]) -> Any:
    """The median of numbers, the most frequent of categories; None where there is none."""
    counts = feature.get("counts") or [0]
    if feature.get("categories"):
        # What is in none of the listed categories is counted behind them.
        known = counts[: len(feature["categories"])]
        name = feature["categories"][known.index(max(known))]
        return name == "true" if feature["type"] == "boolean" else name
    edges = feature.get("edges")
    if not edges:
        return None
    # A bin ends at its edge, so the edge at which half of the rows are passed is the median.
    passed = [below >= sum(counts) / 2 for below in accumulate(counts)]
    return edges[min(passed.index(True), len(edges) - 1)] if any(passed) else None
