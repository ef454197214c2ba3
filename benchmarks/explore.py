"""The page about a large table: 1,000,000 rows of 30 columns, in a process of its own.

`python -m benchmarks.explore` writes the table as Parquet, adopts it as a newcomer would, and then
measures `python -m eda report`: start, reading, the contract, looking and drawing.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import journey

INSIDE = journey.ROOT / "{{cookiecutter.project_slug}}"
ROWS, COLUMNS = 1_000_000, 30
MOST_SECONDS, MOST_MB = 30.0, 2_000.0

# Runs with the project's Python: numbers with gaps and without, counts, words of few and of many
# values, a truth value, a long tail, dates, and an outcome that two of them tell.
TABLE = f"""
import numpy as np
import pandas as pd

rng, rows = np.random.default_rng(0), {ROWS}
minutes = np.sort(rng.integers(0, 365 * 24 * 60, rows)).astype("timedelta64[m]")
table = {{"when": np.datetime64("2025-01-01T00:00") + minutes}}
table |= {{f"number_{{i}}": rng.normal(size=rows).round(4) for i in range(13)}}
for i in range(6):
    table[f"number_{{i}}"][rng.random(rows) < 0.1] = np.nan
table |= {{f"count_{{i}}": rng.poisson(8 + i, rows) for i in range(5)}}
for i, values in enumerate((3, 5, 12, 40, 200, 1000)):
    words = np.array([f"w{{j}}" for j in range(values)])
    table[f"word_{{i}}"] = words[rng.integers(0, values, rows)]
table["flag"] = rng.random(rows) < 0.3
table["tail"] = np.exp(3 * rng.normal(size=rows)).round(3)
table["due"] = np.datetime64("2025-01-01") + rng.integers(0, 900, rows).astype("timedelta64[D]")
table["place"] = rng.uniform(-90, 90, rows).round(3)
strength = table["number_10"] + (table["word_0"] == "w0") + rng.normal(size=rows)
table["outcome"] = strength > 1.5
frame = pd.DataFrame(table)
assert frame.shape == (rows, {COLUMNS}), frame.shape
frame.to_parquet("data/raw/large.parquet")
"""


@dataclass(frozen=True)
class Run:
    """What a command took: seconds from start to end, those of a processor, and the most MB."""

    seconds: float
    computing: float
    megabytes: float


def main() -> int:
    """Measure and print the table as Markdown; 3 if it takes more than is promised."""
    python = environment()
    with tempfile.TemporaryDirectory() as folder:
        project = journey.render({"project_name": "Large Table"}, Path(folder))
        (project / "data/raw").mkdir(exist_ok=True)
        measured(project, python, "-c", TABLE)
        words = ("data", "adopt", "data/raw/large.parquet", "--target", "outcome")
        measured(project, python, "-m", *words)
        page = measured(project, python, "-m", "eda", "report")
    print(f"\n| `python -m eda report`, {ROWS:,} rows, {COLUMNS} columns | measured | at most |")
    print("| --- | --- | --- |")
    print(f"| seconds | {page.seconds:.1f} | {MOST_SECONDS:.0f} |")
    print(f"| seconds of a processor, whoever else uses the machine | {page.computing:.1f} | |")
    print(f"| peak memory of the process, MB | {page.megabytes:,.0f} | {MOST_MB:,.0f} |")
    return 0 if page.seconds <= MOST_SECONDS and page.megabytes <= MOST_MB else 3


def environment() -> Path:
    """The Python with the project's pins, made where `make check` makes it."""
    place = journey.BUILD / ".project"
    outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    outer["PATH"] = os.pathsep.join([outer["PATH"], str(journey.BUILD / ".uv" / "bin")])
    command = ["make", "--directory", str(INSIDE), "env", f"VENV={place}"]
    subprocess.run(command, check=True, env=outer, stdout=sys.stderr)
    return place / "bin/python"


def shipped() -> Path:
    """A Python with the packages of the project's image and no others."""
    place = journey.BUILD / ".shipped"
    python, pins = place / "bin/python", INSIDE / "requirements/serving.txt"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(pins)]
    subprocess.run(install, check=True, stdout=sys.stderr)
    return python


def measured(project: Path, python: Path, *words: str) -> Run:
    """Run the project's Python; its exit code must be 0."""
    began = time.perf_counter()
    child = subprocess.Popen([str(python), *words], cwd=project, stdout=sys.stderr)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, child.args)
    # Linux counts in KiB, macOS in bytes.
    unit = 1e6 if sys.platform == "darwin" else 1e6 / 1024
    seconds = time.perf_counter() - began
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


if __name__ == "__main__":
    sys.exit(main())
