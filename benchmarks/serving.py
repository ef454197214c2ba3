"""Serving against what a team would pick instead, and against the least that a server can do.

`python -m benchmarks.serving` trains on six numbers and four categories, lets `serving optimise`
choose a runtime, and serves the bundle as a rehearsal: checks, log and metrics are on. Beside it
stand the same run's model under `mlflow models serve` and a bare ASGI echo. All share one core; the
sender (`wrk`, a Debian package) has the other. They take turns within one run.
"""

import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import journey
from benchmarks import overload
from benchmarks.explore import environment, measured, shipped
from benchmarks.servers import (
    FORGETFUL,
    SERVER,
    Place,
    Server,
    asked,
    echo,
    mlflow,
    ours,
    resident,
)

TURNS, SECONDS = 3, 4
# Of two that differ little: a machine's speed drifts by more within seconds.
PAIRS, PAIR_SECONDS = 60, 1
EXACT, ONNX = "this project, scikit-learn", "this project, ONNX Runtime"
# At least, requests a second: times `mlflow models serve`, by connections; times the echo.
FASTER = {EXACT: {16: 10.0, 64: 24.0}, ONNX: {16: 90.0, 64: 90.0}}
OF_ECHO, OF_FORGETFUL = 0.35, 0.9
# At most: of the pipeline's own time, of the other's memory and time to start.
SLOWEST_P50, MOST_MEMORY, LATEST = 0.8, 0.5, 0.5

TABLE = """
import numpy as np, pandas as pd
rng, rows = np.random.default_rng(0), 20_000
frame = pd.DataFrame({f"n{i}": rng.normal(size=rows).round(4) for i in range(6)})
for i in range(4):
    frame[f"c{i}"] = rng.choice(list("abcdefgh"), rows)
strength = frame.n0 + frame.n1 * frame.n2 + (frame.c0 == "a") - (frame.c1 == "b")
frame["outcome"] = strength + rng.normal(size=rows) > 0
frame.to_csv("data/raw/mixed.csv", index=False)
"""
ROW: dict[str, float | str] = {f"n{i}": 0.1 * (i + 1) for i in range(6)}
ROW |= {f"c{i}": "abcd"[i] for i in range(4)}
# The pipeline alone, asked for one row in process, on the core that the servers have.
ALONE = """
import json, statistics, sys, time
import pandas as pd
from engine.bundle.bundle import read
from pathlib import Path
from engine.bundle.archive import load_model
from threadpoolctl import threadpool_limits

model = load_model(read(Path(sys.argv[2])))
row, taken = pd.DataFrame([json.loads(sys.argv[1])]), []
with threadpool_limits(limits=1):
    for _ in range(300):
        began = time.perf_counter()
        model.predict_proba(row)
        taken.append(time.perf_counter() - began)
print(1000 * statistics.median(taken))
"""


def main() -> int:
    """Measure and print the tables as Markdown; 3 if anything is less than promised."""
    if not shutil.which("wrk") or not shutil.which("taskset"):
        print("expected wrk and taskset on PATH (Debian: apt-get install wrk util-linux)")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        place = Place(
            journey.render({"project_name": "Real Time"}, Path(folder)),
            environment(),
            shipped(),
            ROW,
        )
        _prepare(place)
        kept = _against_others(place)
        kept += [overload.table(place), _forgetful(place)]
    return 0 if all(kept) else 3


def _prepare(place: Place) -> None:
    """Train and build, as a project would; the run stays in MLflow, the bundle in build/."""
    project, python = place.project, place.python
    (project / "data/raw").mkdir(exist_ok=True)
    measured(project, python, "-c", TABLE)
    measured(project, python, "-m", "data", "adopt", "data/raw/mixed.csv", "--target", "outcome")
    measured(project, python, "-m", "poc", "train")
    measured(project, python, "-m", "handoff", "build")


def _optimise(place: Place) -> None:
    bundle = str(place.bundle)
    measured(place.project, place.python, "-m", "serving", "optimise", "--rehearsal",
             "--bundle", bundle)  # fmt: skip
    choice = Path(f"{bundle}.runtime/runtime.toml").read_text("utf-8")
    if 'runtime = "onnx"' not in choice:
        raise SystemExit(f"expected the converted model to be chosen, got:\n{choice}")


def _against_others(place: Place) -> list[bool]:
    """Both predictors, `mlflow models serve` and the echo, all started, asked in turns."""
    with contextlib.ExitStack() as opened:
        exact = opened.enter_context(ours(place, EXACT))
        # What answers is read at a start: this one has the pipeline, the next one has not.
        _optimise(place)
        fast = opened.enter_context(ours(place, ONNX))
        theirs = opened.enter_context(mlflow(place))
        least = opened.enter_context(echo(place))
        kept = []
        for connections in (16, 64):
            rates = _rates([exact, fast, theirs, least], connections)
            for name, faster in FASTER.items():
                kept.append(_told(name, rates, theirs.name, faster[connections]))
            if connections == 16:
                kept.append(_told(ONNX, rates, least.name, OF_ECHO))
        kept += [_one_by_one(place, exact, fast), _weight(exact, fast, theirs)]
    return kept


def _rates(servers: list[Server], connections: int) -> dict[str, float]:
    """Requests a second of each, in turns; the first turn pays for what later ones find made."""
    found: dict[str, list[tuple[float, float]]] = {server.name: [] for server in servers}
    for turn in range(TURNS + 1):
        for server in servers:
            one = asked(server, connections, SECONDS)
            found[server.name] += [one] if turn else []
    rates = {name: statistics.median(rate for rate, _ in all_) for name, all_ in found.items()}
    print(f"\n| {connections} connections, median of {TURNS} | requests a second | p50, ms |")
    print("| --- | --- | --- |")
    for name, all_ in found.items():
        print(f"| {name} | {rates[name]:,.0f} | {statistics.median(p for _, p in all_):.2f} |")
    print(flush=True)
    return rates


def _told(name: str, rates: dict[str, float], other: str, promised: float) -> bool:
    times = rates[name] / rates[other]
    print(f"{name}: {times:.3g} times {other}; promised: at least {promised:g}.", flush=True)
    return times >= promised


def _one_by_one(place: Place, exact: Server, fast: Server) -> bool:
    """The median over HTTP with one connection, against the pipeline's own in process."""
    found: dict[str, list[float]] = {exact.name: [], fast.name: [], "in process": []}
    for _ in range(TURNS):
        for server in (exact, fast):
            found[server.name].append(asked(server, 1, SECONDS)[1])
        command = ["taskset", "--cpu-list", SERVER, str(place.shipped), "-c", ALONE]
        command += [json.dumps(ROW), str(place.bundle)]
        done = subprocess.run(
            command, cwd=place.project, check=True, stdout=subprocess.PIPE, text=True
        )
        found["in process"].append(float(done.stdout.splitlines()[-1]))
    middle = {name: statistics.median(times) for name, times in found.items()}
    print(f"\n| one connection, median of {TURNS} | p50, ms |\n| --- | --- |")
    for server in (exact, fast):
        print(f"| {server.name}, over HTTP | {middle[server.name]:.2f} |")
    print(f"| the pipeline's `predict_proba` of one row, in process | {middle['in process']:.2f} |")
    times = middle[exact.name] / middle["in process"]
    print(f"\nThe pipeline over HTTP: {times:.2f} times; promised: at most {SLOWEST_P50:g}.")
    return times <= SLOWEST_P50


def _weight(exact: Server, fast: Server, theirs: Server) -> bool:
    """Memory after the work above, and the seconds from start to ready."""
    servers = (exact, fast, theirs)
    mb = {one.name: resident(one) for one in servers}
    print("\n| | resident, MB | start to ready, s |\n| --- | --- | --- |")
    for one in servers:
        print(f"| {one.name} | {mb[one.name]:,.0f} | {one.ready_seconds:.1f} |")
    print()
    kept = True
    for one in (exact, fast):
        memory, ready = mb[one.name] / mb[theirs.name], one.ready_seconds / theirs.ready_seconds
        print(f"{one.name}: {memory:.2f} and {ready:.2f} times {theirs.name}; "
              f"promised: at most {MOST_MEMORY:g} each.", flush=True)  # fmt: skip
        kept = kept and memory <= MOST_MEMORY and ready <= LATEST
    return kept


def _in_pairs(one: Server, other: Server) -> float:
    """How many times as many requests a second; each is first in every second pair."""
    for server in (one, other):  # the first requests pay for what later ones find made
        asked(server, 16, SECONDS)
    times = []
    for pair in range(PAIRS):
        turns = [one, other] if pair % 2 else [other, one]
        rates = {server.name: asked(server, 16, PAIR_SECONDS)[0] for server in turns}
        times.append(rates[one.name] / rates[other.name])
    return statistics.median(times)


def _forgetful(place: Place) -> bool:
    """What log and metrics cost, by each runtime: the faster it is, the more they are of it."""
    kept = []
    beside = Path(f"{place.bundle}.runtime")
    for name in (ONNX, EXACT):
        with (
            ours(place, f"{name}, log and metrics on") as whole,
            ours(place, "neither", ("-c", FORGETFUL)) as bare,
        ):
            times = _in_pairs(whole, bare)
        print(f"{whole.name}: {times:.3g} times neither, median of {PAIRS} pairs of "
              f"{PAIR_SECONDS} s; promised: at least {OF_FORGETFUL:g}.", flush=True)  # fmt: skip
        kept.append(times >= OF_FORGETFUL)
        # Without the choice beside the bundle the pipeline answers.
        shutil.rmtree(beside, ignore_errors=True)
    return all(kept)


if __name__ == "__main__":
    sys.exit(main())
