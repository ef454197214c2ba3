"""Does the served model answer within its budget of time and memory?"""

import os
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result
from engine.pages import charts
from engine.pages.page import Figure
from engine.problem.tables import Budget
from engine.serving.server_process import Connection, call, memory_mb, processor_seconds, server

# What else the machine does can only make an answer slower, so the best of several windows is the
# nearest to what the model itself needs.
WINDOWS, ROWS, MOST_SECONDS = 4, 120, 3.0
# Callers at a time, and for how long, to see how many answers a second there are.
CALLERS, CROWDED_SECONDS = 8, 0.6
# Refused only if clearly over, for even the best window may have been disturbed; a warning near it.
CLEARLY, NEAR = 1.25, 0.8
# A computation that takes so many times its own processor time shares its core with others: then
# nobody can tell whether the model is slow or the machine busy. What the server itself computed can
# still refuse, and so can its memory.
BUSY, SPIN_SECONDS = 1.3, 0.03
CORES = os.cpu_count() or 1
SEE_WHY = "mend what it says; python -m serving run --rehearsal --bundle PATH starts it by itself"


@dataclass(frozen=True)
class Measured:
    """The best window's 99th percentile, ms; answers a second; memory, MB; that window's times.

    `slowdown` is how many times its own processor time a computation took meanwhile. `computed_ms`
    is what an answer keeps every core busy for, so that no machine like this gives it sooner.
    """

    p99_ms: float
    rps: float
    memory_mb: float
    slowdown: float = 1.0
    computed_ms: float = 0.0
    times_ms: tuple[float, ...] = ()


def budget(evidence: CheckContext) -> Result:
    """The real server, asked one row a request by one caller and then by several at a time."""
    rows = json_rows(evidence.dataset.test.head(ROWS), evidence.dataset.columns)
    with tempfile.TemporaryDirectory() as logs:
        try:
            measured = measure(evidence.bundle.path, Path(logs), rows)
        except RuntimeError as error:
            return Result("refuse", str(error), "the server starts and answers", SEE_WHY)
    return judged(measured, evidence.problem.budget)


def measure(bundle: Path, logs: Path, rows: Sequence[dict[str, Any]]) -> Measured:
    """Start the server, ask it, stop it.

    Raises:
        RuntimeError: it does not start, answer or stop as it should.
    """
    with server(bundle, logs) as (connection, process):
        spins, windows, rates, computed = [], [], [], []
        for _ in range(WINDOWS):
            before = processor_seconds(process)
            windows.append(_window(connection, rows))
            computed.append((processor_seconds(process) - before) / len(windows[-1]) / CORES)
            rates.append(_rate(connection, rows))
            spins.append(_slowdown())
        memory = memory_mb(process)
    best = min(windows, key=lambda times: float(np.quantile(times, 0.99)))
    p99, slowdown = float(np.quantile(best, 0.99)), float(np.median(spins))
    return Measured(p99, max(rates), memory, slowdown, 1000 * min(computed), tuple(best))


def judged(measured: Measured, allowed: Budget) -> Result:
    """Held against the budget: refused if clearly beyond, a warning if near."""
    used = {
        "p99": measured.p99_ms / allowed.latency_p99_ms,
        "throughput": allowed.throughput_rps / max(measured.rps, 1e-9),
        "memory": measured.memory_mb / allowed.memory_mb,
    }
    said = (
        f"p99 {measured.p99_ms:.1f} ms, {measured.rps:.0f} answers/s, {measured.memory_mb:.0f} MB"
    )
    required = (
        f"p99 {allowed.latency_p99_ms:g} ms, {allowed.throughput_rps:g} answers/s, "
        f"{allowed.memory_mb:g} MB"
    )
    shown = _picture(measured, allowed)
    advice = {
        "p99": "a simpler candidate, fewer features or trees",
        "throughput": "a simpler candidate, or more processes",
        "memory": "a smaller model",
    }
    over = [name for name, share in used.items() if share > CLEARLY]
    near = [name for name, share in used.items() if share > NEAR]
    if clear := [name for name in over if _beyond_doubt(name, measured, allowed)]:
        named = "; ".join(f"{name} is clearly over its budget: {advice[name]}" for name in clear)
        asked = f"{named}; or ask who needs the answers for a larger budget"
        return Result("refuse", said, required, asked, shown)
    if over:
        said += f", while the machine was {measured.slowdown:.1f} times slower than by itself"
        return Result("warn", said, required, "check again while nothing else runs", shown)
    if near:
        named = "; ".join(f"{name} is near its budget: {advice[name]}" for name in near)
        return Result("warn", said, required, named, shown)
    return Result("pass", said, required, picture=shown)


def _beyond_doubt(name: str, measured: Measured, allowed: Budget) -> bool:
    """Whether what is over its budget is so by the server's own doing."""
    computes = measured.computed_ms > CLEARLY * allowed.latency_p99_ms
    return measured.slowdown <= BUSY or name == "memory" or (name == "p99" and computes)


def _window(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[float]:
    """How long each answer took, ms, one request after the other."""
    times: list[float] = []
    end = time.perf_counter() + MOST_SECONDS
    for row in rows:
        began = time.perf_counter()
        call(connection, "/v1/predict", row)
        times.append(1000 * (time.perf_counter() - began))
        if time.perf_counter() > end:
            break
    return times


def _rate(connection: Connection, rows: Sequence[dict[str, Any]]) -> float:
    """Answers a second to several callers, each on a connection of its own."""
    ready = threading.Barrier(CALLERS)

    def call_until_end(first: int) -> int:
        own = Connection(connection.host, connection.port, timeout=connection.timeout)
        ready.wait()
        answered, end = 0, time.perf_counter() + CROWDED_SECONDS
        for row in islice(cycle(rows), first, None):
            if time.perf_counter() > end:
                break
            call(own, "/v1/predict", row)
            answered += 1
        own.close()
        return answered

    began = time.perf_counter()
    with ThreadPoolExecutor(CALLERS) as callers:
        answered = sum(callers.map(call_until_end, range(CALLERS)))
    return answered / (time.perf_counter() - began)


def _slowdown() -> float:
    """How many times its own processor time a small computation takes: 1 on an idle machine."""
    began, spent = time.perf_counter(), time.process_time()
    while time.process_time() - spent < SPIN_SECONDS:
        pass
    return (time.perf_counter() - began) / (time.process_time() - spent)


def _picture(measured: Measured, allowed: Budget) -> Figure:
    title = "One row a request: how long an answer took, ms"
    top = max(measured.p99_ms, 1.0)
    edges = [float(edge) for edge in np.linspace(0, top, 25)]
    counts = np.histogram(np.minimum(measured.times_ms, top), edges)[0].astype(float).tolist()
    picture = charts.histogram(title, edges, {"requests": counts})
    return Figure(picture, f"{title}; its budget is {allowed.latency_p99_ms:g} ms for 99 of 100.")
