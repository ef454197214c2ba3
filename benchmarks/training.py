"""`python -m poc train` against the fits it contains, made one after the other in a plain loop.

`python -m benchmarks.training` trains on the parcels and on a larger table of the same kind. The
two sides take turns in one process, so that both find the libraries loaded and the tracking store
made; memory is measured in a process of its own.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import journey
from benchmarks.explore import environment

SIZES = {20_000: 5, 200_000: 3}
MOST_TIMES, MOST_FRAMES = 1.3, 3.0

# Both run with the project's Python, in the project. The loop fits the same clones on the same
# folds, and the chosen candidate on all rows; it predicts nothing and judges nothing.
TURNS = """
import json, statistics, sys, time
from sklearn.base import clone
from threadpoolctl import threadpool_limits
from data.contract import ROW
from data.split import folds
from poc.dataset import SEED, gather
from poc.model import candidates
from poc.train import train
from problem.spec import read

problem, taken = read(), {"train": [], "loop": []}
quiet = lambda words: None
chosen = train(problem, ROW, quiet).chosen
for turn in range(int(sys.argv[1])):
    began = time.perf_counter()
    train(problem, ROW, quiet)
    taken["train"].append(time.perf_counter() - began)
    dataset = gather(problem, ROW)
    table, labels = dataset.inputs(dataset.learning), dataset.known.labels
    pairs = list(folds(problem, dataset.learning, SEED))
    tried = candidates(dataset.columns, problem.target.task, SEED, len(table))
    began = time.perf_counter()
    with threadpool_limits(limits=1):
        for one in tried:
            for learn, judge in pairs:
                clone(one.model).fit(table.iloc[learn], labels[learn])
            if one.name == chosen:
                clone(one.model).fit(table, labels)
    taken["loop"].append(time.perf_counter() - began)
print(json.dumps({name: statistics.median(times) for name, times in taken.items()}))
"""
# What the process holds at its peak beyond what it holds with everything imported, against the
# frame that it read.
MEMORY = """
import json, resource, sys
from data.contract import ROW
from poc.train import train
from problem.spec import read
from data.load import load
from poc.tracking import mlflow
import mlflow.sklearn, optuna, pyarrow.parquet

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

before = peak()
train(read(), ROW, lambda words: None)
after = peak()
frame = load(read(), ROW).memory_usage(deep=True).sum()
print(json.dumps({"frame": int(frame), "more": after - before}))
"""
PARCELS = """
import sys
from data.parcels import simulate
simulate(int(sys.argv[1])).to_parquet("data/raw/large.parquet")
"""


def main() -> int:
    """Measure and print the table as Markdown; 3 if it takes more than is promised."""
    python = environment()
    print("\n| rows | plain loop of its fits, s | `poc train`, s | times | frame, MB | more at the "
          "peak, MB | frames |\n| --- | --- | --- | --- | --- | --- | --- |")  # fmt: skip
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        project = journey.render({"project_name": "Many Fits"}, Path(folder))
        for rows, turns in SIZES.items():
            _bring(project, python, rows)
            time = json.loads(_said(project, python, TURNS, str(turns)))
            memory = json.loads(_said(project, python, MEMORY))
            times = time["train"] / time["loop"]
            frames = memory["more"] / memory["frame"]
            kept = kept and times <= MOST_TIMES and frames <= MOST_FRAMES
            print(f"| {rows:,} | {time['loop']:.1f} | {time['train']:.1f} | {times:.2f} "
                  f"| {memory['frame'] / 1e6:.0f} | {memory['more'] / 1e6:.0f} "
                  f"| {frames:.1f} |")  # fmt: skip
    print(f"\nPromised: at most {MOST_TIMES} times the loop, {MOST_FRAMES:g} frames of memory.")
    return 0 if kept else 3


def _bring(project: Path, python: Path, rows: int) -> None:
    """So many parcels as the project's source."""
    (project / "data/raw").mkdir(exist_ok=True)
    _said(project, python, PARCELS, str(rows))
    file = project / "problem/problem.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('source = "parcels"', 'source = "data/raw/large.parquet"'),
                    encoding="utf-8")  # fmt: skip


def _said(project: Path, python: Path, code: str, *words: str) -> str:
    """The last line that the project's Python printed."""
    command = [str(python), "-c", code, *words]
    done = subprocess.run(command, cwd=project, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()[-1] if done.stdout else ""


if __name__ == "__main__":
    sys.exit(main())
