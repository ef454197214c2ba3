"""Tries the cases, each in a copy of one rendered project."""

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.trial import WORKERS
from tests.robustness.catalogue import Case
from tests.robustness.project import Project


@dataclass(frozen=True)
class Outcome:
    """A case, and what is wrong with its result; empty where it is right."""

    case: Case
    wrong: str


def attempt(case: Case, rendered: Path, python: Path, folder: Path) -> Outcome:
    """Try one case in a copy of the `rendered` project below `folder`."""
    place = folder / case.name
    # The engine is shared: no case changes it, and it is most of the files.
    shutil.copytree(rendered, place, ignore=shutil.ignore_patterns(".git", "engine"))
    (place / "engine").symlink_to(rendered / "engine")
    try:
        case.trial(Project(place, python))
    except AssertionError as error:
        return Outcome(case, str(error) or "an assertion failed")
    return Outcome(case, "")


def attempt_all(
    cases: Iterable[Case], rendered: Path, python: Path, folder: Path
) -> Iterator[Outcome]:
    """Try the cases, as many at a time as there are processors; in their order."""
    with ThreadPoolExecutor(WORKERS) as workers:
        yield from workers.map(lambda case: attempt(case, rendered, python, folder), cases)
