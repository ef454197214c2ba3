"""`python -m poc train` against the fits it contains, made one after the other in a plain loop.

`python -m benchmarks.training` trains on parcels, on more of them, and on two tables of numbers.
The two sides take turns in one process; memory is measured in a process of its own for each side,
of which the loop's is left as Python finds it.
"""

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import journey
from benchmarks.explore import environment

MOST_TIMES, MOST_MEMORY = 1.3, 1.0
LARGE, SMALL = "data/raw/large.parquet", "data/raw/small.parquet"


@dataclass(frozen=True)
class Table:
    """Rows to train on, which `code` makes; each side is timed `turns` times."""

    name: str
    rows: int
    turns: int
    code: str


PARCELS = """
from engine.data.simulator import simulate
frame = simulate(rows)
"""
NUMBERS = """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
values = rng.normal(size=(rows, 30))
frame = pd.DataFrame(values, columns=[f"number_{i}" for i in range(30)])
frame["outcome"] = values[:, 0] + values[:, 1] * values[:, 2] + rng.normal(size=rows) > 0
"""
WRITE = f"""
import sys
rows = int(sys.argv[1])
{{}}
frame.to_parquet("{LARGE}")
frame.head(2000).to_parquet("{SMALL}")
"""
TABLES = (
    Table("parcels, 12 inputs", 20_000, 3, PARCELS),
    Table("parcels, 12 inputs", 200_000, 1, PARCELS),
    Table("numbers, 30 inputs", 100_000, 1, NUMBERS),
    # A frame of 121 MB: beside a small one, what is the same for every table weighs more than rows.
    Table("numbers, 30 inputs", 500_000, 1, NUMBERS),
)

# What both sides share; it runs with the project's Python, in the project. The loop fits the same
# clones on the same folds, then the chosen candidate on all rows, and for the learning curve on
# parts of each fold's; it predicts and evaluates nothing. A training of 2,000 rows comes first: it
# loads the libraries and creates the tracking store.
BOTH = f"""
import sys
if sys.argv[1] != "loop":
    from engine.training.memory import configure_allocator
    configure_allocator()
import json, os, resource, statistics, time
from sklearn.base import clone
from threadpoolctl import threadpool_limits
from data.contract import ROW
from engine.data.load import load
from engine.data.split import folds
from engine.training.dataset import SEED, gather
from engine.training.insight import PARTS
from poc.model import MODEL, candidates
from poc.train import train
from engine.problem.spec import read

problem = read()
rows = problem.rows.model_copy(update={{"source": "{SMALL}"}})
quiet = lambda words: None
train(problem.model_copy(update={{"rows": rows}}), MODEL, quiet)

def loop(chosen):
    "The seconds that the fits take, one after the other."
    dataset = gather(problem, ROW)
    table, labels = dataset.inputs(dataset.train), dataset.targets.labels
    pairs = list(folds(problem, dataset.train, SEED))
    began = time.perf_counter()
    with threadpool_limits(limits=1):
        for one in candidates(dataset.columns, problem.target.task, SEED, len(table)):
            for learn, _ in pairs:
                clone(one.model).fit(table.iloc[learn], labels[learn])
            if one.name == chosen:
                clone(one.model).fit(table, labels)
                for learn, part in ((learn, part) for learn, _ in pairs for part in PARTS):
                    rows = learn[-int(part * len(learn)):]
                    clone(one.model).fit(table.iloc[rows], labels[rows])
    return time.perf_counter() - began
"""
TIME = (
    BOTH
    + """
taken = {"train": [], "loop": []}
for turn in range(int(sys.argv[1])):
    began = time.perf_counter()
    chosen = train(problem, MODEL, quiet).chosen
    taken["train"].append(time.perf_counter() - began)
    taken["loop"].append(loop(chosen))
found = {name: statistics.median(times) for name, times in taken.items()}
print(json.dumps(found | {"chosen": chosen}))
"""
)
# Beyond what the process holds now: the libraries, and whatever a training of few rows needs too.
MEMORY = (
    BOTH
    + """
with open("/proc/self/statm") as file:
    before = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
train(problem, MODEL, quiet) if sys.argv[1] == "train" else loop(sys.argv[2])
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
print(json.dumps({"more": more, "frame": int(load(problem, ROW).memory_usage(deep=True).sum())}))
"""
)


def main() -> int:
    """Measure and print the table as Markdown; 3 if it takes more than is promised."""
    python = environment()
    print("\n| table | rows | plain loop, s | `poc train`, s | times | frame, MB | plain loop, "
          "frames | `poc train`, frames | times |\n"
          "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
          flush=True)  # fmt: skip
    within = True
    for table in TABLES:
        with tempfile.TemporaryDirectory() as folder:
            project = journey.render({"project_name": "Many Fits"}, Path(folder))
            _bring(project, python, table)
            time = _printed(project, python, TIME, str(table.turns))
            loop, train = (_printed(project, python, MEMORY, side, time["chosen"])
                           for side in ("loop", "train"))  # fmt: skip
        times, memory = time["train"] / time["loop"], train["more"] / loop["more"]
        within = within and times <= MOST_TIMES and memory <= MOST_MEMORY
        print(f"| {table.name} | {table.rows:,} | {time['loop']:.1f} | {time['train']:.1f} "
              f"| {times:.2f} | {train['frame'] / 1e6:.1f} | {loop['more'] / loop['frame']:.1f} "
              f"| {train['more'] / train['frame']:.1f} | {memory:.2f} |", flush=True)  # fmt: skip
    print(f"\nPromised: at most {MOST_TIMES} times the loop's time, {MOST_MEMORY:g} its memory.")
    return 0 if within else 3


def _bring(project: Path, python: Path, table: Table) -> None:
    """The table as the project's source."""
    (project / "data/raw").mkdir(exist_ok=True)
    _run(project, python, "-c", WRITE.format(table.code), str(table.rows))
    if table.code == PARCELS:
        file = project / "problem/problem.toml"
        text = file.read_text(encoding="utf-8")
        text = text.replace('source = "parcels"', f'source = "{LARGE}"')
        file.write_text(text, encoding="utf-8")
    else:
        _run(project, python, "-m", "data", "adopt", LARGE, "--target", "outcome")


def _printed(project: Path, python: Path, code: str, *words: str) -> dict[str, Any]:
    """The last line that the project's Python printed, read as JSON."""
    printed: dict[str, Any] = json.loads(_run(project, python, "-c", code, *words).splitlines()[-1])
    return printed


def _run(project: Path, python: Path, *words: str) -> str:
    done = subprocess.run(
        [str(python), *words], cwd=project, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
