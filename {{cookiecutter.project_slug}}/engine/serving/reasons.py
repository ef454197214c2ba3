"""Explains a score by the inputs that change it most.

By SHAP values, where the model has an exact and fast form of them (`engine.explain`). Else by
replacing one input at a time by its typical value (Robnik-Šikonja and Kononenko 2008): inputs that
act only in combination each show the whole effect or none.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from engine.serving.model.predictor import Predictor

Row = Mapping[str, Any]


class Reasons:
    """Explains the scores of one model; dates have no typical value to replace them by."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor, self._explainer = predictor, predictor.explainer()
        bundle = predictor.bundle
        features = {feature["name"]: feature for feature in bundle.reference.get("features", ())}
        self._typical: dict[str, Any] = {}
        for column in bundle.contract.inputs:
            usual = _typical(features.get(column.name, {}), is_whole=column.type == "integer")
            if usual is not None:
                self._typical[column.name] = usual

    @property
    def has_shap(self) -> bool:
        """Whether SHAP values explain the scores."""
        return self._explainer is not None

    def shap(self, row: Row, decision: Any, most: int) -> dict[str, Any]:
        """The strongest inputs by SHAP value, for the class that the score is of."""
        if self._explainer is None:
            raise TypeError("this model has no SHAP values")
        output, sign = self._output(decision)
        [values] = sign * self._explainer.contributions(self._predictor.features([row]), output)
        reasons = [
            {"input": name, "value": row.get(name), "contribution": value}
            for name, value in zip(self._explainer.inputs, values.tolist(), strict=True)
            if value
        ]
        reasons.sort(key=lambda reason: -abs(reason["contribution"]))
        about: dict[str, Any] = {"method": self._explainer.method, "scale": self._explainer.scale}
        base = self._explainer.bases[output]
        if sign < 0:
            base = 1 - base if self._explainer.scale == "probability" else -base
        return {"reasons": reasons[:most], "explanation": about | {"base": base}}

    def _output(self, decision: Any) -> tuple[int, int]:
        """The model's output that explains the score, and its sign.

        Of two classes a model has one output, for its second class. A probability of the first one
        has the opposite contributions.
        """
        contract = self._predictor.bundle.contract
        if not contract.classes:
            return 0, 1
        # A binary score is always that of the second class; else that of the decision.
        position = 1 if contract.task == "binary" else contract.classes.index(decision)
        column = self._predictor.column_of(position)
        if len(contract.classes) > 2:
            return column, 1
        return 0, 1 if column == 1 else -1

    def rows(self, row: Row) -> list[dict[str, Any]]:
        """The row once for each unusual input, with that input replaced by its typical value.

        No row where SHAP values need none.
        """
        if self._explainer is not None:
            return []
        return [{**row, name: typical} for name, typical in self._unusual(row).items()]

    def explain(self, row: Row, score: float, scores: Sequence[float], most: int) -> dict[str, Any]:
        """The inputs that move the score most, strongest first; `scores` are of `rows(row)`."""
        unusual = zip(self._unusual(row).items(), scores, strict=True)
        reasons = [
            {"input": name, "value": row.get(name), "typical": typical, "difference": score - other}
            for (name, typical), other in unusual
            if other != score
        ]
        reasons.sort(key=lambda reason: -abs(reason["difference"]))
        about = {"method": "replacement", "scale": "score"}
        return {"reasons": reasons[:most], "explanation": about}

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
