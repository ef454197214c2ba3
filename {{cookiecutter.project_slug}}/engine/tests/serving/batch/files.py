"""Small files of rows for the bundle that `tests.serving.made` makes, and what became of them."""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.tests.serving.made import COLUMNS
from serving.batch import batch

Row = Mapping[str, Any]
TYPES = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "date": pa.string(),
}
# The command with parts small enough that a test has several. `limit` bytes are what a file may
# have, 0 for as many as it likes. Once `held` parts are written and counted (-1: never), the run
# prints a line and waits for one: the test stops it there, or changes something before it goes on.
DRIVER = """
import resource, sys
from pathlib import Path
from engine.problem.errors import run
from engine.serving.batch.run import Run
from serving.batch import batch

def main(words):
    given, out, bundle, part_rows, limit, held = words
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    hold(int(held))
    return batch(Path(given), Path(out), Path(bundle), rehearsal=True, part_rows=int(part_rows))

def hold(parts):
    add, begin, written = Run.add, Run.__init__, []

    def wait():
        if len(written) == parts:
            print("held", flush=True)
            sys.stdin.readline()

    def begin_and_wait(self, *words):
        begin(self, *words)
        wait()

    def add_and_wait(self, number, counts):
        add(self, number, counts)
        written.append(number)
        wait()

    Run.__init__, Run.add = begin_and_wait, add_and_wait

run(main)
"""


def rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Rows that the contract allows, each with an id that it does not know."""
    rng = np.random.default_rng(seed)
    return [
        {
            "id": f"p{number}",
            "mean radius (mm)": round(float(rng.uniform(0, 50)), 3),
            "items": int(rng.integers(1, 100)),
            "days": None if rng.random() < 0.2 else int(rng.integers(0, 30)),
            "fragile": bool(rng.random() < 0.3),
            "insured": None if rng.random() < 0.2 else bool(rng.random() < 0.5),
            "service": str(rng.choice(["slow", "fast"])),
            "carrier": None if rng.random() < 0.2 else str(rng.choice(["blue", "red", "new"])),
            "ordered_at": f"2026-03-{rng.integers(1, 29):02d}T{rng.integers(0, 24):02d}:30:00",
        }
        for number in range(count)
    ]


def table(few: Sequence[Row]) -> pa.Table:
    """The rows with the types of the contract, dates as texts; what else they have is text."""
    kinds = {column.name: TYPES[column.type] for column in COLUMNS}
    names = few[0] if few else ["id", *kinds]
    return pa.table(
        {name: pa.array([row[name] for row in few], kinds.get(name, pa.string())) for name in names}
    )


def parquet(path: Path, few: Sequence[Row]) -> Path:
    """The rows in a Parquet file."""
    pq.write_table(table(few), path)
    return path


def text(path: Path, few: Sequence[Row], names: Sequence[str] = ()) -> Path:
    """The rows in a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names or few[0])
        writer.writerows(row.values() for row in few)
    return path


def answered(given: Path, bundle: Path, **more: Any) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the rows of OUT, which is called `out.parquet`."""
    out = given.with_name("out.parquet")
    code = batch(given, out, bundle, **{"rehearsal": True, "part_rows": 100} | more)
    return code, pq.read_table(out).to_pylist()


def refused(given: Path) -> list[dict[str, Any]]:
    """The rows without an answer."""
    result: list[dict[str, Any]] = pq.read_table(given.with_name("out.refused.parquet")).to_pylist()
    return result


def command(
    given: Path, bundle: Path, *, part_rows: int = 100, limit: int = 0, held: int = -1
) -> list[str]:
    """Words that answer a file in a process of its own, into `out.parquet`; see `DRIVER`."""
    out = given.with_name("out.parquet")
    return [sys.executable, "-c", DRIVER, *map(str, (given, out, bundle, part_rows, limit, held))]
