"""Compares a converted model with the pipeline, on the rows where they would differ first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.serving.model.onnx import allowed_difference
from engine.serving.model.predictor import Predictor
from engine.serving.optimise.rows import Kind


@dataclass(frozen=True)
class Compared:
    """One kind of row: the largest difference of a score, and how many decisions differ.

    The pipeline itself predicts the `deferred` rows: their score is near another decision, or
    float32 does not hold their numbers. The latter do not count towards the difference.
    """

    kind: str
    rows: int
    difference: float
    deferred: int
    decisions_differ: int


@dataclass(frozen=True)
class Parity:
    """The comparison for every kind of row, and the allowed difference."""

    kinds: Sequence[Compared]
    allowed: float

    @property
    def largest(self) -> float:
        """The largest difference of a score."""
        return max(one.difference for one in self.kinds)

    @property
    def holds(self) -> bool:
        """Whether every difference is allowed (NaN is not) and every decision the same."""
        return all(
            one.difference <= self.allowed and not one.decisions_differ for one in self.kinds
        )


def compare(exact: Predictor, fast: Predictor, kinds: Sequence[Kind]) -> Parity:
    """Compare the pipeline, `exact`, with the same bundle's converted model, `fast`."""
    compared = [_compare(exact, fast, kind) for kind in kinds]
    return Parity(compared, allowed_difference(exact.bundle))


def _compare(exact: Predictor, fast: Predictor, kind: Kind) -> Compared:
    scores, float32_exact = fast.onnx_scores(kind.rows)
    differences = np.abs(exact.pipeline_scores(kind.rows) - scores)[float32_exact]
    pairs = zip(exact.predict(kind.rows), fast.predict(kind.rows), strict=True)
    return Compared(
        kind=kind.name,
        rows=len(kind.rows),
        difference=float(np.max(differences, initial=0.0)),  # NaN if one is
        deferred=len(fast.uncertain(scores, float32_exact)),
        decisions_differ=sum(one.get("decision") != two.get("decision") for one, two in pairs),
    )
