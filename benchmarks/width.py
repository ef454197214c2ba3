"""A table of 1,000 columns, from adoption to the gate, step by step.

`python -m benchmarks.width` does it for numbers of which some are missing, for categories of thirty
values each, and for a target of four classes. All steps of one table together have a limit; and no
step may print a library's warning.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import journey
from benchmarks.explore import environment, measured

ROWS, COLUMNS = 2_000, 1_000
MOST_SECONDS = 300.0
FILE, GATE_REFUSES = "data/raw/wide.csv", 3
STEPS = (
    ("data", "adopt", FILE, "--target", "outcome"),
    ("data", "check", FILE),
    ("eda", "report"),
    ("poc", "train"),
    ("handoff", "build"),
    ("handoff", "check"),
)
# As Python's `warnings` print one, with file, line and class; and as MLflow logs one.
WARNING = re.compile(r"^.*(?:\.py:\d+: \w*Warning: |\bWARNING\b).*$", re.MULTILINE)

# Runs with the project's Python: measurements of several scales and precisions, categories of a few
# values or of thirty, and flags; a part is missing. Twenty columns explain the outcome.
TABLE = f"""
import sys
import numpy as np
import pandas as pd

numbers, words, flags, classes = map(int, sys.argv[1:])
rng, rows = np.random.default_rng(0), {ROWS}
table, strength = {{}}, rng.normal(0, 2.5, rows)
strong = set(rng.permutation(numbers + words + flags)[:20].tolist())
for i in range(numbers):
    values = rng.gamma(2, 10, rows) if i % 3 == 0 else rng.normal(10 + i % 7, 1 + i % 5, rows)
    strength += (i in strong) * (values - values.mean()) / values.std()
    values = values.round(i % 4)
    values[rng.random(rows) < (0.08 if i % 4 == 0 else 0)] = np.nan
    table[f"measured_{{i:03}}"] = values
for i in range(words):
    codes = rng.integers(0, 30 if words > numbers else rng.integers(2, 30), rows)
    strength += (numbers + i in strong) * rng.normal(size=30)[codes]
    values = np.array([f"kind {{j}}" for j in range(30)], object)[codes]
    values[rng.random(rows) < (0.05 if i % 5 == 0 else 0)] = None
    table[f"category_{{i:03}}"] = values
for i in range(flags):
    values = rng.random(rows) < 0.1 + 0.8 * rng.random()
    strength += (numbers + words + i in strong) * values
    table[f"flag_{{i:03}}"] = np.where(values, "yes", "no")
limits = np.quantile(strength, np.arange(1, classes) / classes)
table["outcome"] = np.array([f"class {{j}}" for j in range(classes)])[np.digitize(strength, limits)]
frame = pd.DataFrame(table)
assert frame.shape == (rows, {COLUMNS} + 1), frame.shape
frame.to_csv("{FILE}", index=False)
"""


@dataclass(frozen=True)
class Table:
    """How many columns of each kind, and of how many classes the target is."""

    name: str
    numbers: int
    words: int
    flags: int
    classes: int = 2


TABLES = (
    Table("numbers", 800, 150, 50),
    Table("categories of 30 values", 150, 800, 50),
    Table("four classes", 800, 150, 50, classes=4),
)


@dataclass(frozen=True)
class Step:
    """What a step took, and the warnings of libraries that it printed."""

    seconds: float
    computing: float
    warnings: tuple[str, ...]


def main() -> int:
    """Measure and print the table as Markdown; 3 if one is too slow, or a library warned."""
    python, taken = environment(), dict[str, list[Step]]()
    for table in TABLES:
        with tempfile.TemporaryDirectory() as folder:
            project = journey.render({"project_name": "Wide Table"}, Path(folder))
            (project / "data/raw").mkdir(exist_ok=True)
            counts = (table.numbers, table.words, table.flags, table.classes)
            measured(project, python, "-c", TABLE, *map(str, counts))
            taken[table.name] = [step(project, python, *words) for words in STEPS]
    totals = [sum(one.seconds for one in steps) for steps in taken.values()]
    print(f"\n| {COLUMNS:,} columns, {ROWS:,} rows, seconds | {' | '.join(taken)} |")
    print(f"| --- {'| --- ' * len(taken)}|")
    for words, steps in zip(STEPS, zip(*taken.values(), strict=True), strict=True):
        cells = " | ".join(f"{one.seconds:.1f}" for one in steps)
        print(f"| `python -m {words[0]} {words[1]}` | {cells} |")
    computing = (sum(one.computing for one in steps) for steps in taken.values())
    print(f"| of a processor, in all | {' | '.join(f'{one:.1f}' for one in computing)} |")
    cells = " | ".join(f"**{one:.1f}**" for one in totals)
    print(f"| **in all** (at most {MOST_SECONDS:.0f}) | {cells} |")
    warned = [line for steps in taken.values() for one in steps for line in one.warnings]
    print(f"\nWarnings of libraries: {len(warned)}.", *dict.fromkeys(warned), sep="\n")
    return 3 if warned or max(totals) > MOST_SECONDS else 0


def step(project: Path, python: Path, *words: str) -> Step:
    """Run a command of the project; the gate may refuse the model, anything else must pass."""
    began, before = time.perf_counter(), os.times()
    command = [str(python), "-m", *words]
    done = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True)
    seconds, after = time.perf_counter() - began, os.times()
    sys.stderr.write(done.stderr)
    if done.returncode and (words[1], done.returncode) != (STEPS[-1][1], GATE_REFUSES):
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    computing = after.children_user + after.children_system
    computing -= before.children_user + before.children_system
    return Step(seconds, computing, tuple(WARNING.findall(done.stderr)))


if __name__ == "__main__":
    sys.exit(main())
