"""What a runtime takes: each in a process of its own, on this machine, in turns.

`python -m engine.serving.optimise.measure BUNDLE MODEL` is one; without a model it is the
pipeline's. It prints one line of JSON.
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

# In turns, so that whatever else the machine does hits both alike.
TURNS, SECONDS, TOGETHER = 3, 1.0, 16


@dataclass(frozen=True)
class Measured:
    """One row: median and 99th percentile, ms; rows a second, 16 together; MB; seconds to ready."""

    p50_ms: float
    p99_ms: float
    rows_per_second: float
    memory_mb: float
    ready_seconds: float


def measure(bundle: Path, model: Path) -> Iterator[tuple[Measured, Measured]]:
    """What pipeline and converted model take: a pair for each turn done so far, the medians.

    Raises:
        BadInput: one of them failed, mostly for want of memory.
    """
    found: tuple[list[Measured], list[Measured]] = ([], [])
    for _ in range(TURNS):
        # The converted model first: if it fails, nothing was waited for.
        for results, words in ((found[1], [str(model)]), (found[0], [])):
            results.append(_in_a_process([str(bundle.absolute()), *words]))
        yield _median(found[0]), _median(found[1])


def _median(results: list[Measured]) -> Measured:
    named = {
        field.name: [getattr(one, field.name) for one in results] for field in fields(Measured)
    }
    return Measured(**{name: statistics.median(values) for name, values in named.items()})


def _in_a_process(words: list[str]) -> Measured:
    began = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "engine.serving.optimise.measure", *words],
        cwd=stages_home(), env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise BadInput(
            f"a process that measures ended with code {done.returncode}: {last or 'no word'}; "
            "nothing was changed, and the runtime that answered before goes on; run this again "
            "with more memory free"
        )
    told = json.loads(done.stdout.splitlines()[-1])
    return Measured(**{**told, "ready_seconds": told["ready_seconds"] - began})


def main(words: list[str]) -> None:
    """Measure one runtime and print what was found; `ready_seconds` is a time of day."""
    bundle = bundles.read(Path(words[0]))
    model = Path(words[1]).read_bytes() if len(words) > 1 else None
    predictor = load(bundle, rehearsal=True, onnx=model)
    if model is not None and predictor.runtime != "onnx":
        raise SystemExit("the converted model did not answer the golden rows")
    print(json.dumps(asdict(_measured(predictor, time.time()))))


def _measured(predictor: Predictor, ready: float) -> Measured:
    rows = [golden["row"] for golden in predictor.bundle.golden() if golden["kind"] == "typical"]
    rows = rows or [golden["row"] for golden in predictor.bundle.golden()]
    for row in rows:  # the first calls pay for what later ones find made
        predictor.predict([row])
    taken: list[float] = []
    until, number = time.perf_counter() + SECONDS, 0
    while time.perf_counter() < until or len(taken) < len(rows):
        began = time.perf_counter()
        predictor.predict([rows[number % len(rows)]])
        taken.append(time.perf_counter() - began)
        number += 1
    many = [rows[number % len(rows)] for number in range(TOGETHER)]
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        predictor.predict(many)
        calls += 1
    rate = calls * TOGETHER / (time.perf_counter() - began)
    p50, p99 = statistics.median(taken), statistics.quantiles(taken, n=100)[-1]
    return Measured(p50 * 1000, p99 * 1000, rate, memory_mb(os.getpid()), ready)


if __name__ == "__main__":
    main(sys.argv[1:])
