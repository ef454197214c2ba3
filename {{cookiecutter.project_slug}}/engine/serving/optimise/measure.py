"""Measures runtimes: each in a process of its own, on this machine, in turns.

`python -m engine.serving.optimise.measure BUNDLE [MODEL]` measures the converted model or, without
one, the pipeline. It prints one line of JSON.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from engine.bundle import bundle as bundles
from engine.problem.errors import BadInput
from engine.problem.project import child_environment, stages_home
from engine.serving.model.predictor import Predictor, load
from engine.serving.server_process import memory_mb

# In turns, so that other load on the machine affects both equally.
TURNS, SECONDS, BATCH_SIZE = 3, 1.0, 16


@dataclass(frozen=True)
class Measured:
    """One row: median and 99th percentile, ms; rows a second, 16 together; MB; seconds to ready."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float
    memory_mb: float
    ready_seconds: float


def measure(bundle: Path, model: Path) -> Iterator[tuple[Measured, Measured]]:
    """After each turn: the medians of the pipeline and of the converted model so far.

    Raises:
        BadInput: a process failed, mostly for lack of memory.
    """
    results: tuple[list[Measured], list[Measured]] = ([], [])
    for _ in range(TURNS):
        # The converted model first: it is the more likely to fail.
        for measured, arguments in ((results[1], [str(model)]), (results[0], [])):
            measured.append(_in_a_process([str(bundle.absolute()), *arguments]))
        yield _median(results[0]), _median(results[1])


def _median(results: list[Measured]) -> Measured:
    named = {
        field.name: [getattr(one, field.name) for one in results] for field in fields(Measured)
    }
    return Measured(**{name: statistics.median(values) for name, values in named.items()})


def _in_a_process(arguments: list[str]) -> Measured:
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "engine.serving.optimise.measure", *arguments],
        cwd=stages_home(), env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BadInput(
            f"a measuring process ended with code {done.returncode}: {last or 'no message'}; the "
            "runtime does not change; run this again with more free memory",
            code="measuring-failed",
        )
    output = json.loads(done.stdout.splitlines()[-1])
    return Measured(**{**output, "ready_seconds": output["ready_seconds"] - began})


def main(arguments: list[str]) -> None:
    """Measure one runtime and print the result; `ready_seconds` is a time of day."""
    bundle = bundles.read(Path(arguments[0]))
    model = Path(arguments[1]).read_bytes() if len(arguments) > 1 else None
    predictor = load(bundle, rehearsal=True, onnx=model)
    if model is not None and predictor.runtime != "onnx":
        raise SystemExit("the converted model does not reproduce the golden rows")
    print(json.dumps(asdict(_measured(predictor, time.time()))))


def _measured(predictor: Predictor, ready: float) -> Measured:
    rows = [golden["row"] for golden in predictor.bundle.golden() if golden["kind"] == "typical"]
    rows = rows or [golden["row"] for golden in predictor.bundle.golden()]
    for row in rows:  # warm up
        predictor.predict([row])
    durations: list[float] = []
    deadline, number = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < deadline or len(durations) < len(rows):
        began = time.perf_counter()
        predictor.predict([rows[number % len(rows)]])
        durations.append(time.perf_counter() - began)
        number += 1
    batch = [rows[number % len(rows)] for number in range(BATCH_SIZE)]
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        predictor.predict(batch)
        calls += 1
    rate = calls * BATCH_SIZE / (time.perf_counter() - began)
    p50, p99 = statistics.median(durations), statistics.quantiles(durations, n=100)[-1]
    return Measured(p50 * 1000, p99 * 1000, rate, memory_mb(os.getpid()), ready)


if __name__ == "__main__":
    main(sys.argv[1:])
