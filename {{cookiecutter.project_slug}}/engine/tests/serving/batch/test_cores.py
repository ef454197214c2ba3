"""The CPU quota of a container limits how much runs at once, on however many cores it runs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
# Kubernetes and `docker run --cpus` write such files; neither changes the number of cores.
V1 = "/sys/fs/cgroup/cpu/cpu.cfs_"
QUOTAS = {
    "version 2": ({"/sys/fs/cgroup/cpu.max": "150000 100000\n"}, 2),
    "version 1": ({f"{V1}quota_us": "300000\n", f"{V1}period_us": "100000\n"}, 3),
    "none": ({"/sys/fs/cgroup/cpu.max": "max 100000\n"}, 64),
}
# The files of a container with 64 cores.
CONTAINER = """
import builtins, io, os
opened, exists = builtins.open, os.path.exists
def is_quota(path): return str(path).startswith("/sys/fs/cgroup/")
def open(path, *words, **options):
    return io.StringIO(FILES[path]) if is_quota(path) else opened(path, *words, **options)
builtins.open = open
os.path.exists = lambda path: path in FILES if is_quota(path) else exists(path)
os.cpu_count = lambda: 64
os.sched_getaffinity = lambda _: set(range(64))
"""
COUNTS = """
from types import SimpleNamespace
from engine.serving.batch import run
from engine.training import parallel
given = []
def predict_parts(parts, count, setting):
    given.append(count)
    yield from ()
run.predict_parts = predict_parts
part = SimpleNamespace(number=0, table=[1], unreadable=[], share=1.0)
source = SimpleNamespace(path="in.csv", parts=lambda size: iter([part]))
parts = SimpleNamespace(finished=dict, out="out.parquet")
setting = SimpleNamespace(parts=parts, id="0" * 64)
with run.Run(source, setting, 1, (0, 0)).predictions(0) as written:
    list(written)
print(given[0], parallel.POOL._max_workers)
"""


@pytest.mark.parametrize("case", QUOTAS)
def test_quota_of_a_container_limits_processes_and_threads(case: str) -> None:
    """Bulk work and training count the cores that may be used, not those there are."""
    files, cores = QUOTAS[case]
    program = f"FILES = {files!r}\n{CONTAINER}\n{COUNTS}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [str(cores)] * 2, done.stderr
