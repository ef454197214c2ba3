"""Compares a converted model with the pipeline: scores, decisions and speed on this machine."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from engine.serving.model.onnx import allowed_difference
from engine.serving.model.predictor import Predictor
from engine.serving.model.table import Row

TURNS, SECONDS, BATCH_SIZE = 3, 1.0, 16


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


def compare(exact: Predictor, fast: Predictor, kinds: Mapping[str, Sequence[Row]]) -> Parity:
    """Compare the pipeline, `exact`, with the same bundle's converted model, `fast`."""
    compared = []
    for kind, rows in kinds.items():
        scores, float32_exact = fast.onnx_scores(rows)
        differences = np.abs(exact.pipeline_scores(rows) - scores)[float32_exact]
        largest = float(np.max(differences, initial=0.0))  # NaN if one is
        deferred = len(fast.uncertain(scores, float32_exact))
        pairs = zip(exact.predict(rows), fast.predict(rows), strict=True)
        differ = sum(one.get("decision") != two.get("decision") for one, two in pairs)
        compared.append(Compared(kind, len(rows), largest, deferred, differ))
    return Parity(compared, allowed_difference(exact.bundle))


@dataclass(frozen=True)
class Measured:
    """One row: median and 99th percentile, ms; rows a second in batches of `BATCH_SIZE`."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float


def measure(exact: Predictor, fast: Predictor) -> tuple[Measured, Measured]:
    """For each predictor the medians of several turns: other load affects both equally."""
    turns = [(_measured(exact), _measured(fast)) for _ in range(TURNS)]
    one, other = (
        Measured(*map(statistics.median, zip(*map(astuple, measured), strict=True)))
        for measured in zip(*turns, strict=True)
    )
    return one, other


def _measured(predictor: Predictor) -> Measured:
    golden = predictor.bundle.golden()
    rows = [one["row"] for one in golden if one["kind"] == "typical"]
    rows = rows or [one["row"] for one in golden]
    for row in rows:  # warm up
        predictor.predict([row])
    durations: list[float] = []
    deadline = time.perf_counter() + SECONDS
    while time.perf_counter() < deadline or len(durations) < len(rows):
        began = time.perf_counter()
        predictor.predict([rows[len(durations) % len(rows)]])
        durations.append(time.perf_counter() - began)
    batch = [rows[number % len(rows)] for number in range(BATCH_SIZE)]
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        predictor.predict(batch)
        calls += 1
    rate = calls * BATCH_SIZE / (time.perf_counter() - began)
    p50, p99 = statistics.median(durations), statistics.quantiles(durations, n=100)[-1]
    return Measured(p50 * 1000, p99 * 1000, rate)
