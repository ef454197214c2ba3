"""Measures latency, throughput and memory of the real server against the budget."""

import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result, latencies
from engine.problem.errors import command
from engine.problem.tables import Budget
from engine.serving.server_process import Connection, call, memory_mb, processor_seconds, server

# Other work on the machine only slows responses down, so the best of several windows counts.
WINDOWS, ROWS, MOST_SECONDS = 4, 120, 3.0
# Concurrent clients, and for how long, to measure throughput.
CLIENTS, CONCURRENT_SECONDS = 8, 0.6
# The shares of the budget that refuse and warn; other work may disturb even the best window.
CLEARLY, NEAR = 1.25, 0.8
# On a machine so many times slower than idle, only processor time and memory can refuse.
BUSY, SPIN_SECONDS = 1.3, 0.03
CORES = joblib.cpu_count()  # with the quota of a container
ADVICE = {
    "p99": "use a simpler candidate, fewer features or fewer trees",
    "throughput": "use a simpler candidate or more server processes",
    "memory": "use a smaller model",
}


@dataclass(frozen=True)
class Measured:
    """Latency of the best window, throughput and memory of the server."""

    p99_ms: float
    rps: float
    memory_mb: float
    slowdown: float = 1.0
    computed_ms: float = 0.0  # the server's own processor time per response and core
    times_ms: tuple[float, ...] = ()


def budget(context: CheckContext) -> Result:
    """Requests of one row to the real server: from one client, then from several."""
    rows = json_rows(context.dataset.test.head(ROWS), context.dataset.columns)
    try:
        return evaluate(_measure(context.bundle.path, rows), context.problem.budget)
    except RuntimeError as error:  # the server does not start, respond or stop
        advice = f"Fix it; `{command('serving run --rehearsal --bundle PATH')}` shows the same."
        return Result("refuse", str(error), "the server starts and responds", advice)


def _measure(bundle: Path, rows: Sequence[dict[str, Any]]) -> Measured:
    with (
        tempfile.TemporaryDirectory() as logs,
        server(bundle, Path(logs)) as (connection, process),
    ):
        slowdowns, windows, rates, computed = [], [], [], []
        for _ in range(WINDOWS):
            before = processor_seconds(process)
            windows.append(_window(connection, rows))
            computed.append((processor_seconds(process) - before) / len(windows[-1]) / CORES)
            rates.append(_rate(connection, rows))
            slowdowns.append(_slowdown())
        memory = memory_mb(process)
    best = min(windows, key=lambda times: float(np.quantile(times, 0.99)))
    p99, slowdown = float(np.quantile(best, 0.99)), float(np.median(slowdowns))
    return Measured(p99, max(rates), memory, slowdown, 1000 * min(computed), tuple(best))


def evaluate(measured: Measured, allowed: Budget) -> Result:
    """Refused if clearly over the budget, a warning if near it."""
    p99, rate = allowed.latency_p99_ms, allowed.throughput_rps
    used = {
        "p99": measured.p99_ms / p99,
        "throughput": rate / max(measured.rps, 1e-9),
        "memory": measured.memory_mb / allowed.memory_mb,
    }
    text = f"p99 {measured.p99_ms:.1f} ms, {measured.rps:.0f} responses/s, "
    text += f"{measured.memory_mb:.0f} MB"
    required = f"p99 {p99:g} ms, {rate:g} responses/s, {allowed.memory_mb:g} MB"
    shown = latencies(measured.times_ms, f"The budget is {p99:g} ms for 99 % of them.")
    over = [name for name, share in used.items() if share > CLEARLY]
    near = [name for name, share in used.items() if share > NEAR]
    # The server itself is over the budget, not only the machine busy.
    computes = measured.computed_ms > CLEARLY * p99
    sure = {"memory", *(["p99"] if computes else [])} if measured.slowdown > BUSY else set(used)
    if certain := [name for name in over if name in sure]:
        advice = " ".join(f"{name} is clearly over its budget: {ADVICE[name]}." for name in certain)
        advice += " Or agree on a larger budget with the users."
        return Result("refuse", text, required, advice, shown)
    if over:
        text += f" on a busy machine ({measured.slowdown:.1f} times slower than when idle)"
        return Result("warn", text, required, "Check again while nothing else runs.", shown)
    advice = " ".join(f"{name} is near its budget: {ADVICE[name]}." for name in near)
    return Result("warn" if near else "pass", text, required, advice, shown)


def _window(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[float]:
    """The time of each response, ms; one request after the other."""
    times: list[float] = []
    for row in rows:
        began = time.perf_counter()
        call(connection, "/v1/predict", row)
        times.append(1000 * (time.perf_counter() - began))
        if sum(times) > 1000 * MOST_SECONDS:
            break
    return times


def _rate(connection: Connection, rows: Sequence[dict[str, Any]]) -> float:
    """Responses per second to concurrent clients, each on its own connection."""
    ready = threading.Barrier(CLIENTS)

    def call_until_end(first: int) -> int:
        own = Connection(connection.host, connection.port, timeout=connection.timeout)
        ready.wait()
        responses, end = 0, time.perf_counter() + CONCURRENT_SECONDS
        while time.perf_counter() <= end:
            call(own, "/v1/predict", rows[(first + responses) % len(rows)])
            responses += 1
        own.close()
        return responses

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        responses = sum(clients.map(call_until_end, range(CLIENTS)))
    return responses / (time.perf_counter() - began)


def _slowdown() -> float:
    """How many times its own processor time a small computation takes: 1 on an idle machine."""
    began, spent = time.perf_counter(), time.process_time()
    while time.process_time() - spent < SPIN_SECONDS:
        pass
    return (time.perf_counter() - began) / (time.process_time() - spent)
