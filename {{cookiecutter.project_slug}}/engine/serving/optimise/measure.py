"""Measures predictors on this machine, in turns, so that other load affects all of them equally."""

import statistics
import time
from dataclasses import astuple, dataclass

from engine.serving.model.predictor import Predictor

TURNS, SECONDS, BATCH_SIZE = 3, 1.0, 16


@dataclass(frozen=True)
class Measured:
    """One row: median and 99th percentile, ms; rows a second in batches of `BATCH_SIZE`."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float


def measure(exact: Predictor, fast: Predictor) -> tuple[Measured, Measured]:
    """For each predictor the medians of several turns."""
    turns = [(_measured(exact), _measured(fast)) for _ in range(TURNS)]
    return _median([one for one, _ in turns]), _median([other for _, other in turns])


def _median(turns: list[Measured]) -> Measured:
    columns = zip(*map(astuple, turns), strict=True)
    return Measured(*map(statistics.median, columns))


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
