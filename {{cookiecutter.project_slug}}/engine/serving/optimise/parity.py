"""Does a converted model answer as the pipeline does, where it would differ first?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.serving.model.onnx import allowed
from engine.serving.model.predictor import Predictor
from engine.serving.optimise.rows import Kind


@dataclass(frozen=True)
class Compared:
    """One kind of row: how far scores lay apart, and how many decisions differed.

    `asked` rows came so near to another decision that the pipeline itself was asked, or have
    numbers that float32 does not hold: the difference is not theirs then.
    """

    kind: str
    rows: int
    difference: float
    asked: int
    decided_otherwise: int


@dataclass(frozen=True)
class Parity:
    """All kinds together, against the difference that is allowed."""

    kinds: Sequence[Compared]
    allowed: float

    @property
    def largest(self) -> float:
        """The largest difference of a score."""
        return max(one.difference for one in self.kinds)

    @property
    def holds(self) -> bool:
        """Whether no score lies too far, and no decision is another. NaN lies too far."""
        apart = all(one.difference <= self.allowed for one in self.kinds)
        return apart and not any(one.decided_otherwise for one in self.kinds)


def compare(exact: Predictor, fast: Predictor, kinds: Sequence[Kind]) -> Parity:
    """Ask both for every row.

    Args:
        exact: the pipeline itself.
        fast: the same bundle with the converted model.
        kinds: rows that the contract takes.
    """
    return Parity([_one(exact, fast, kind) for kind in kinds], allowed(exact.bundle))


def _one(exact: Predictor, fast: Predictor, kind: Kind) -> Compared:
    wanted, (raw, held) = exact.exact(kind.rows), fast.raw(kind.rows)
    apart = np.abs(wanted - raw)[np.broadcast_to(held, len(raw))]
    said = zip(exact.predict(kind.rows), fast.predict(kind.rows), strict=True)
    other = sum(one.get("decision") != two.get("decision") for one, two in said)
    return Compared(
        kind=kind.name,
        rows=len(kind.rows),
        difference=float(np.max(apart, initial=0.0)) if np.isfinite(apart).all() else float("nan"),
        asked=len(fast.unsure(raw, held)),
        decided_otherwise=other,
    )
