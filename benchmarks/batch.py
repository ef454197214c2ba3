"""`python -m serving batch`, Parquet to Parquet, against `predict_proba` of a frame in memory.

`python -m benchmarks.batch` trains on the table of `benchmarks.serving` and makes files of 2, 1 and
10 million such rows with ids. The first is timed, three times in turns: the pipeline alone on one
core, the command on that core, the command on two. The command's time is all of it: start, golden
rows, the file's digest, validation, parts on the disk, their join. The alone side's is that of the
call, without start or reading. The other two files are for memory.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import journey
from benchmarks.explore import environment, measured
from benchmarks.serving import TABLE

TURNS, TIMED, FEW, MANY = 3, 2_000_000, 1_000_000, 10_000_000
ONE_CORE, TWO_CORES, MOST_MB, NEAR = 0.9, 1.6, 600.0, 0.1

ROWS = """
import sys
import numpy as np, pyarrow as pa, pyarrow.parquet as pq
rng, rows, piece, writer = np.random.default_rng(1), int(sys.argv[2]), 500_000, None
words = pa.array(list("abcdefgh"))
for first in range(0, rows, piece):
    table = {"id": np.arange(first, first + piece)}
    table |= {f"n{i}": rng.normal(size=piece).round(4) for i in range(6)}
    table |= {f"c{i}": words.take(pa.array(rng.integers(0, 8, piece))) for i in range(4)}
    table = pa.table(table)
    writer = writer or pq.ParquetWriter(sys.argv[1], table.schema)
    writer.write_table(table)
writer.close()
"""
ALONE = """
import sys, time
import pandas as pd
from pathlib import Path
from engine.bundle.bundle import read
from engine.bundle.archive import load_model
from threadpoolctl import threadpool_limits

bundle = read(Path(sys.argv[1]))
names = [column.name for column in bundle.contract.inputs]
model, frame = load_model(bundle), pd.read_parquet(sys.argv[2], columns=names)
with threadpool_limits(limits=1):
    began = time.perf_counter()
    model.predict_proba(frame)
    print(time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Work:
    """A project with its one bundle, and the Python that it runs with."""

    project: Path
    python: Path

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return next((self.project / "build/bundles").iterdir())

    def rows(self, count: int) -> Path:
        """A file of so many rows."""
        path = self.project / "build" / f"{count}.parquet"
        measured(self.project, self.python, "-c", ROWS, str(path), str(count))
        return path

    def command(self, given: Path) -> list[str]:
        """What answers the file; an earlier answer gives way."""
        words = [str(self.python), "-m", "serving", "batch", str(given), f"{given}.out.parquet"]
        return [*words, "--rehearsal", "--bundle", str(self.bundle), "--overwrite"]


def main() -> int:
    """Measure and print the tables as Markdown; 3 if anything is less than promised."""
    if not shutil.which("taskset") or (os.cpu_count() or 1) < 2:
        print("expected two cores, and taskset on PATH (Debian: apt-get install util-linux)")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        work = Work(journey.render({"project_name": "Many Rows"}, Path(folder)), environment())
        (work.project / "data/raw").mkdir(exist_ok=True)
        for words in (
            ("-c", TABLE),
            ("-m", "data", "adopt", "data/raw/mixed.csv", "--target", "outcome"),
            ("-m", "poc", "train"),
            ("-m", "handoff", "build"),
        ):
            measured(work.project, work.python, *words)
        kept = [_speed(work), _memory(work)]
    return 0 if all(kept) else 3


def _speed(work: Work) -> bool:
    """Rows a second of the pipeline alone, and of the command on one core and on two."""
    given = work.rows(TIMED)
    taken: dict[str, list[float]] = {"alone": [], "0": [], "0,1": []}
    for _ in range(TURNS):
        words = ["taskset", "--cpu-list", "0", str(work.python), "-c", ALONE]
        words += [str(work.bundle), str(given)]
        done = subprocess.run(
            words, cwd=work.project, check=True, stdout=subprocess.PIPE, text=True
        )
        taken["alone"].append(float(done.stdout.splitlines()[-1]))
        for cores in ("0", "0,1"):
            began = time.perf_counter()
            words = ["taskset", "--cpu-list", cores, *work.command(given)]
            subprocess.run(words, cwd=work.project, check=True, stdout=sys.stderr)
            taken[cores].append(time.perf_counter() - began)
    rates = {name: TIMED / statistics.median(times) for name, times in taken.items()}
    print(f"\n| {TIMED:,} rows, median of {TURNS} | rows a second | times | at least |")
    print("| --- | --- | --- | --- |")
    print(f"| `predict_proba` of a frame in memory, one thread | {rates['alone']:,.0f} | 1 | |")
    kept = True
    for cores, said, least in (("0", "one core", ONE_CORE), ("0,1", "two cores", TWO_CORES)):
        times = rates[cores] / rates["alone"]
        kept = kept and times >= least
        print(f"| `serving batch`, {said} | {rates[cores]:,.0f} | {times:.2f} | {least} |")
    sys.stdout.flush()
    return kept


def _memory(work: Work) -> bool:
    """The most that all processes of the command hold at a time, for few rows and for many."""
    most = {rows: _peak(work, work.rows(rows)) for rows in (FEW, MANY)}
    print("\n| rows | most memory, MB | at most |\n| --- | --- | --- |")
    for rows, found in most.items():
        print(f"| {rows:,} | {found:,.0f} | {MOST_MB:,.0f} |")
    times = most[MANY] / most[FEW]
    print(f"\n{times:.2f} times; promised: at most {1 + NEAR:g}.", flush=True)
    return max(most.values()) <= MOST_MB and times <= 1 + NEAR


def _peak(work: Work, given: Path) -> float:
    process = subprocess.Popen(work.command(given), cwd=work.project, stdout=sys.stderr)
    most = 0.0
    while process.poll() is None:
        most = max(most, _held(process.pid))
        time.sleep(0.05)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return most


def _held(pid: int) -> float:
    """MB of a process and all that came of it; what they share is counted by its part."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
        [found] = re.findall(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()
    except (OSError, ValueError):  # it has just ended
        return 0.0
    return int(found) / 1024 + sum(_held(int(child)) for child in children)


if __name__ == "__main__":
    sys.exit(main())
