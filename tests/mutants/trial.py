"""Runs mutmut on one room of the engine, in a copy of the project, and tries what it left open."""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import journey
from tests.mutants.rooms import TESTS, Room
from tests.mutants.sample import Mutant, sample

PROJECT = journey.ROOT / "{{cookiecutter.project_slug}}"
PYTHON = str(journey.BUILD / ".mutants/bin/python")
WORKERS = os.cpu_count() or 1
# No test of a room takes so many seconds; a change may make a loop endless.
LONGEST = 1200
# mutmut's results of a mutant: a test failed, or none came to an end.
NOTICED = {1, 3, 24, 36, 152, 255}
# pytest's exit codes: all passed, a test failed. Any other says nothing about the change.
PASSED, FAILED = 0, 1
CONFIGURATION = """
[tool.mutmut]
source_paths = ["engine"]
only_mutate = {modules}
pytest_add_cli_args_test_selection = {tests}
also_copy = {others}
timeout_constant = 30.0
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

    mutmut runs the tests that reach the changed function in pytest's own process. A change that
    these do not notice is tried again with all tests of the room: many start a process.

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
    left = [mutant for mutant in chosen if _result(mutant, folder) not in NOTICED]
    with ThreadPoolExecutor(WORKERS) as workers:
        again = dict(
            zip(left, workers.map(lambda one: _fails(room, one, folder), left), strict=True)
        )
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


def _fails(room: Room, mutant: Mutant, folder: Path) -> bool:
    """Whether a test of the room fails where every process runs the changed function."""
    tests: Sequence[str] = [f"{TESTS}{name}" for name in room.tests]
    command = [PYTHON, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    env = os.environ | {"MUTANT_UNDER_TEST": mutant.name}
    try:
        done = subprocess.run(
            [*command, *tests],
            check=False,
            cwd=folder / "mutants",
            env=env,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return True
    if done.returncode not in {PASSED, FAILED}:
        raise Stopped(f"{mutant.name}: {(done.stdout + done.stderr)[-2000:]}")
    return done.returncode == FAILED
