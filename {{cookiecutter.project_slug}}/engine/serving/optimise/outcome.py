"""What came of trying a runtime."""

from dataclasses import dataclass

from engine.serving.optimise.measure import Measured
from engine.serving.optimise.parity import Parity


@dataclass(frozen=True)
class Outcome:
    """Which runtime is to answer, and why not the other: empty where the converted model does."""

    runtime: str
    why_not: str
    parity: Parity | None = None
    exact: Measured | None = None
    fast: Measured | None = None
