"""Runs mutmut on one room of the engine, in a copy of the project, and tries what it left open."""

import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import journey
from tests.mutants.rooms import TESTS, Room
from tests.mutants.sample import NUMBER_MARK, Mutant, sample

PROJECT = journey.ROOT / "{{cookiecutter.project_slug}}"
PYTHON = str(journey.BUILD / ".mutants/bin/python")
WORKERS = os.cpu_count() or 1
# A change may make a loop infinite: a limit in multiples of the tests' usual time, and in seconds.
PATIENCE, MOMENT = 5, 300
# mutmut's results of a mutant: a test failed (or pytest did); all that reach the change passed.
NOTICED, MISSED = {1, 3}, 0
# pytest's exit codes: all passed, one failed, none was left. Others say nothing about the change.
PASSED, FAILED, NONE_LEFT = 0, 1, 5
CONFIGURATION = """
[tool.mutmut]
source_paths = ["engine"]
only_mutate = {modules}
pytest_add_cli_args_test_selection = {tests}
also_copy = {others}
process_isolation = "forkserver"
timeout_constant = 30.0
timeout_multiplier = 4.0
"""

# Read by processes that tests start in folders of their own: there mutmut finds no configuration,
# and fails where it records which tests reach which functions.
UNRECORDED = """
import os

if os.environ.get("MUTANT_UNDER_TEST") == "stats":
    os.environ["MUTANT_UNDER_TEST"] = ""
"""


class Stopped(Exception):
    """mutmut or pytest came to no result; the message is the end of what it printed."""


@dataclass(frozen=True)
class Trial:
    """A mutant, and whether a test of its room noticed it."""

    mutant: Mutant
    noticed: bool


def attempt(room: Room, size: int, seed: int, folder: Path) -> list[Trial]:
    """Change the code of `room` in `size` places drawn by `seed`, one at a time, and run its tests.

    mutmut runs the tests that reach the changed function in pytest's own process, a fork of one
    that has run no test: with threads of an earlier test it would hang. A change that these do not
    notice is tried again with the others of the room: many start a process. One with another
    result, such as a time limit, is tried again with all of them, in a process that is no fork.

    Raises:
        Stopped: the tests fail without a change, or cannot be run.
    """
    _copy(room, folder)
    # No mutant has this name: mutmut makes all of them, times the tests, and finds none to try.
    _mutmut(folder, "no-mutant")
    chosen = sample(folder / "mutants", size, seed)
    if not chosen:
        raise Stopped((folder / "mutmut.log").read_text(encoding="utf-8")[-2000:])
    _mutmut(folder, *(mutant.name for mutant in chosen))
    if any(_result(mutant, folder) is None for mutant in chosen):
        raise Stopped((folder / "mutmut.log").read_text(encoding="utf-8")[-2000:])
    left = [mutant for mutant in chosen if _result(mutant, folder) not in NOTICED]
    retry = partial(_fails, room, _Timed.read(folder), folder)
    with ThreadPoolExecutor(WORKERS) as workers:
        again = dict(zip(left, workers.map(retry, left), strict=True))
    return [Trial(mutant, again.get(mutant, True)) for mutant in chosen]


def _copy(room: Room, folder: Path) -> None:
    """The project without what its work leaves behind, and mutmut's configuration for the room."""
    left_behind = shutil.ignore_patterns("build", "__pycache__", ".*_cache", "mlartifacts", "*.db")
    shutil.copytree(PROJECT, folder, ignore=left_behind)
    (folder / "sitecustomize.py").write_text(UNRECORDED, encoding="utf-8")
    others = sorted(path.name for path in folder.iterdir() if path.name != "engine")
    text = CONFIGURATION.format(
        modules=json.dumps([f"engine/{pattern}" for pattern in room.modules]),
        tests=json.dumps([f"{TESTS}{name}" for name in room.tests]),
        others=json.dumps(others),
    )
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(text)


def _mutmut(folder: Path, *names: str) -> None:
    """`mutmut run` these mutants; what it prints is in mutmut.log."""
    with (folder / "mutmut.log").open("w", encoding="utf-8") as log:
        command = [PYTHON, "-m", "mutmut", "run", *names]
        subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT, check=False)


def _result(mutant: Mutant, folder: Path) -> int | None:
    path = mutant.name.rpartition(".")[0].replace(".", "/")
    meta = folder / "mutants" / f"{path}.py.meta"
    result: int | None = json.loads(meta.read_text("utf-8"))["exit_code_by_key"][mutant.name]
    return result


@dataclass(frozen=True)
class _Timed:
    """What mutmut recorded of the tests without a change."""

    seconds: float
    by_function: dict[str, list[str]]

    @classmethod
    def read(cls, folder: Path) -> "_Timed":
        stats = json.loads((folder / "mutants/mutmut-stats.json").read_text("utf-8"))
        return cls(sum(stats["duration_by_test"].values()), stats["tests_by_mangled_function_name"])


def _fails(room: Room, timed: _Timed, folder: Path, mutant: Mutant) -> bool:
    """Whether a test fails where every process runs the changed function; passed ones are left."""
    passed: list[str] = []
    if _result(mutant, folder) == MISSED:
        passed = timed.by_function.get(mutant.name.partition(NUMBER_MARK)[0], [])
    command = [PYTHON, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += [f"{TESTS}{name}" for name in room.tests]
    command += [f"--deselect={test}" for test in passed]
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder / "mutants",
            env=os.environ | {"MUTANT_UNDER_TEST": mutant.name},
            capture_output=True,
            text=True,
            timeout=PATIENCE * timed.seconds + MOMENT,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in {PASSED, FAILED, NONE_LEFT}:
        raise Stopped(f"{mutant.name}: {(done.stdout + done.stderr)[-2000:]}")
    return done.returncode == FAILED
