"""Serving against what a team would pick instead: the run's own model under `mlflow models serve`.

`python -m benchmarks.serving` trains on six numbers and four categories, accepts nothing, and
serves the bundle as a rehearsal: checks, log and metrics are on. Both servers hold the same model
and share one core; the sender (`wrk`, a Debian package) has the other. They take turns within one
run.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import journey
from benchmarks.explore import environment, measured

TURNS, SECONDS = 3, 4
SERVER, SENDER = "0", "1"
PATIENCE = 120.0
# At least, requests a second by connections; at most, of the other's or of the pipeline's own.
FASTER, SLOWEST_P50, MOST_MEMORY, LATEST = {16: 10.0, 64: 24.0}, 0.8, 0.5, 0.5

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
ROW = {f"n{i}": 0.1 * (i + 1) for i in range(6)} | {f"c{i}": "abcd"[i] for i in range(4)}
# The pipeline alone, asked for one row in process, on the core that the servers have.
ALONE = """
import json, statistics, sys, time
import pandas as pd
from handoff.bundle import read
from pathlib import Path
from serving.model.archive import load_model
from threadpoolctl import threadpool_limits

model = load_model(read(next(Path("build/bundles").iterdir())))
row, taken = pd.DataFrame([json.loads(sys.argv[1])]), []
with threadpool_limits(limits=1):
    for _ in range(300):
        began = time.perf_counter()
        model.predict_proba(row)
        taken.append(time.perf_counter() - began)
print(1000 * statistics.median(taken))
"""


@dataclass(frozen=True)
class Server:
    """A server that answers, and what is sent to it."""

    folder: Path
    name: str
    url: str
    body: str
    pid: int
    ready_seconds: float


def main() -> int:
    """Measure and print the tables as Markdown; 3 if anything is less than promised."""
    if not shutil.which("wrk") or not shutil.which("taskset"):
        print("expected wrk and taskset on PATH (Debian: apt-get install wrk util-linux)")
        return 2
    python = environment()
    with tempfile.TemporaryDirectory() as folder:
        project = journey.render({"project_name": "Real Time"}, Path(folder))
        _prepare(project, python)
        with _ours(project, python) as ours, _mlflow(project, python) as theirs:
            kept = [_throughput(ours, theirs, sent) for sent in FASTER]
            kept += [_one_by_one(project, python, ours), _weight(ours, theirs)]
    return 0 if all(kept) else 3


def _prepare(project: Path, python: Path) -> None:
    """Train and build, as a project would; the run stays in MLflow, the bundle in build/."""
    (project / "data/raw").mkdir(exist_ok=True)
    measured(project, python, "-c", TABLE)
    measured(project, python, "-m", "data", "adopt", "data/raw/mixed.csv", "--target", "outcome")
    measured(project, python, "-m", "poc", "train")
    measured(project, python, "-m", "handoff", "build")


@contextlib.contextmanager
def _ours(project: Path, python: Path) -> Iterator[Server]:
    port, bundle = _free(), next((project / "build/bundles").iterdir())
    words = ["-m", "serving", "run", "--rehearsal", "--bundle", str(bundle), "--port", str(port)]
    with _started(project, python, words, port, "/readyz") as (pid, seconds):
        url = f"http://127.0.0.1:{port}/v1/predict"
        yield Server(project, "this project", url, json.dumps(ROW), pid, seconds)


@contextlib.contextmanager
def _mlflow(project: Path, python: Path) -> Iterator[Server]:
    # The one run of the project, of which its one bundle was built.
    port, [model] = _free(), list((project / "mlartifacts").rglob("MLmodel"))
    words = ["-m", "mlflow", "models", "serve", "--env-manager", "local"]
    words += ["--model-uri", str(model.parent)]
    with _started(project, python, [*words, "--port", str(port)], port, "/ping") as (pid, seconds):
        body = {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}}
        url = f"http://127.0.0.1:{port}/invocations"
        yield Server(project, "mlflow models serve", url, json.dumps(body), pid, seconds)


@contextlib.contextmanager
def _started(
    project: Path, python: Path, words: list[str], port: int, probe: str
) -> Iterator[tuple[int, float]]:
    """A server on the servers' core: its process, and the seconds until it answers."""
    began = time.perf_counter()
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    environ = os.environ | {"PYTHONPATH": str(project), "PATH": path}
    with tempfile.TemporaryFile() as log:
        command = ["taskset", "--cpu-list", SERVER, str(python), *words]
        process = subprocess.Popen(
            command, cwd=project, env=environ, stdout=log, stderr=log, start_new_session=True
        )
        try:
            while not _answers(f"http://127.0.0.1:{port}{probe}"):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                    log.seek(0)
                    raise SystemExit(f"{' '.join(words)} did not start:\n{log.read().decode()}")
                time.sleep(0.02)
            yield process.pid, time.perf_counter() - began
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310  # our own servers
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _free() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _throughput(ours: Server, theirs: Server, connections: int) -> bool:
    """Requests a second of both, in turns."""
    found: dict[str, list[tuple[float, float]]] = {ours.name: [], theirs.name: []}
    for turn in range(TURNS + 1):
        for server in (ours, theirs):
            if turn:
                found[server.name].append(_asked(server, connections))
            else:
                _asked(server, connections)  # the first calls pay for what later ones find made
    rates = {name: statistics.median(rate for rate, _ in all_) for name, all_ in found.items()}
    times = rates[ours.name] / rates[theirs.name]
    print(f"\n| {connections} connections, median of {TURNS} | requests a second | p50, ms |")
    print("| --- | --- | --- |")
    for name, all_ in found.items():
        print(f"| {name} | {rates[name]:,.0f} | {statistics.median(p for _, p in all_):.1f} |")
    print(f"\n{times:.1f} times; promised: {FASTER[connections]:g}.", flush=True)
    return times >= FASTER[connections]


def _asked(server: Server, connections: int) -> tuple[float, float]:
    """Requests a second and the median of their milliseconds, as wrk counts them."""
    script = server.folder / "post.lua"
    script.write_text(
        'wrk.method = "POST"; wrk.headers["Content-Type"] = "application/json"\n'
        f"wrk.body = [==[{server.body}]==]\n",
        encoding="utf-8",
    )
    command = ["taskset", "--cpu-list", SENDER, "wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s"]
    command += ["--latency", "--script", str(script), server.url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    if "Non-2xx" in done.stdout:
        raise SystemExit(f"{server.name} refused what it was sent:\n{done.stdout}")
    [rate] = re.findall(r"Requests/sec:\s+([\d.]+)", done.stdout)
    [(middle, unit)] = re.findall(r"50%\s+([\d.]+)(us|ms|s)", done.stdout)
    return float(rate), float(middle) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def _one_by_one(project: Path, python: Path, ours: Server) -> bool:
    """The median over HTTP with one connection, against the pipeline's own in process."""
    served, alone = [], []
    for _ in range(TURNS):
        served.append(_asked(ours, 1)[1])
        command = ["taskset", "--cpu-list", SERVER, str(python), "-c", ALONE, json.dumps(ROW)]
        done = subprocess.run(command, cwd=project, check=True, stdout=subprocess.PIPE, text=True)
        alone.append(float(done.stdout.splitlines()[-1]))
    ours_ms, alone_ms = statistics.median(served), statistics.median(alone)
    print(f"\n| one connection, median of {TURNS} | p50, ms |\n| --- | --- |")
    print(f"| over HTTP: checked, logged, counted | {ours_ms:.1f} |")
    print(f"| the pipeline's `predict_proba` of one row, in process | {alone_ms:.1f} |")
    print(f"\n{ours_ms / alone_ms:.2f} times; promised: at most {SLOWEST_P50:g}.", flush=True)
    return ours_ms <= SLOWEST_P50 * alone_ms


def _weight(ours: Server, theirs: Server) -> bool:
    """Memory after the work above, and the seconds from start to ready."""
    mb = {one.name: sum(_resident(pid) for pid in _family(one.pid)) for one in (ours, theirs)}
    print("\n| | resident, MB | start to ready, s |\n| --- | --- | --- |")
    for one in (ours, theirs):
        print(f"| {one.name} | {mb[one.name]:,.0f} | {one.ready_seconds:.1f} |")
    memory, ready = mb[ours.name] / mb[theirs.name], ours.ready_seconds / theirs.ready_seconds
    print(f"\n{memory:.2f} and {ready:.2f} times; promised: at most {MOST_MEMORY:g} each.")
    return memory <= MOST_MEMORY and ready <= LATEST


def _family(pid: int) -> list[int]:
    """A process and all that came of it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    return [pid, *(one for child in children for one in _family(int(child)))]


def _resident(pid: int) -> float:
    """MB that it has to itself; what it shares with others is counted by its part."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
    [found] = re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found) / 1024


if __name__ == "__main__":
    sys.exit(main())
