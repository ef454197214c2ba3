"""One planted fault, and the run of the test that must notice it."""

import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import journey

PROJECT = journey.ROOT / "{{cookiecutter.project_slug}}"
# pytest's exit code where a test failed; another says that it did not come to run one.
FAILED = 1
# Seconds; a test that hangs where it should fail holds up everybody's checks.
LONGEST = 180


@dataclass(frozen=True)
class Slip:
    """In `file` (below engine/) `old`, which stands there once, is replaced by `new`.

    `test` is what pytest is called with, below engine/tests/: a file, a test, or a file and `-k`.
    """

    about: str
    file: str
    old: str
    new: str
    test: str


def attempt(slip: Slip, python: Path, folder: Path) -> str:
    """What is wrong with the slip: its test does not fail, or it does not fit; empty if noticed."""
    place = folder / "project"
    shutil.copytree(
        PROJECT, place, ignore=shutil.ignore_patterns("build", ".*_cache", "__pycache__")
    )
    path = place / "engine" / slip.file
    text = path.read_text(encoding="utf-8")
    if text.count(slip.old) != 1:
        return f"{slip.file} holds {slip.old!r} {text.count(slip.old)} times, expected once"
    path.write_text(text.replace(slip.old, slip.new), encoding="utf-8")
    command = [str(python), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    test, *options = shlex.split(slip.test)
    command += [f"engine/tests/{test}", *options]
    try:
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, check=False, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return f"pytest {slip.test} did not end within {LONGEST} s"
    if done.returncode == FAILED:
        return ""
    return f"pytest {slip.test} ended with {done.returncode}: {done.stdout[-1000:]}{done.stderr}"
