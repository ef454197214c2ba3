"""Takes a table that nobody here has seen and frames a first problem for it, guesses said aloud."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data import sources
from data.framing import contract_text, problem_text
from data.generated import is_edited, replace, seal
from data.infer import FEWEST_ROWS, Guess, guess, guess_task
from problem.errors import BadInput
from problem.spec import PROBLEM_FILE, TASKS_OF_METRIC, Task, parse

CONTRACT_FILE = Path("data/contract.py")
RAW = Path("data/raw")


@dataclass(frozen=True)
class Adoption:
    """What was decided on a table: `notes` says each guess and why, a line each."""

    task: Task
    rows: int
    guesses: tuple[Guess, ...]
    notes: tuple[str, ...]


def adopt(
    source: str,
    target: str,
    *,
    time: str | None = None,
    id_column: str | None = None,
    task: Task | None = None,
    force: bool = False,
) -> Adoption:
    """Write problem/problem.toml and data/contract.py for `source`, and keep a copy of its file.

    Files as generated are replaced; files that someone edited only with `force`.

    Raises:
        BadInput: the source is unreadable or unfit, a column is not there, or a file that someone
            edited stands in the way. Nothing is written then.
    """
    edited = [str(path) for path in (PROBLEM_FILE, CONTRACT_FILE) if is_edited(path)]
    if edited and not force:
        raise BadInput(
            f"{' and '.join(edited)} {'was' if len(edited) == 1 else 'were'} edited and would be "
            "lost; keep them in git first, then add --force"
        )
    frame = sources.read(source)
    for role, name in (("--target", target), ("--time", time), ("--id", id_column)):
        if name is not None and name not in frame.columns:
            raise BadInput(f"{role} {name}: no such column; {source} has {_listed(frame)}")
    labelled = frame[frame[target].notna()]
    if len(labelled) < FEWEST_ROWS:
        raise BadInput(
            f"{source} has {len(labelled)} rows with a known '{target}'; expected at least "
            f"{FEWEST_ROWS}: nothing honest can be said from fewer"
        )
    _check_cells(labelled, source)
    task = _check_task(labelled[target], task)
    guesses = tuple(guess(labelled, name) for name in labelled.columns)
    if time:
        guesses = tuple(_timed(one) if one.name == time else one for one in guesses)
    kept = _raw_path(source)
    problem = problem_text(kept, labelled, guesses, target, task, time, id_column)
    contract = contract_text(source, guesses, target, task, id_column)
    parse(problem, "the problem as adopted")  # what we write, we can read
    _keep(source, kept)
    replace(PROBLEM_FILE, seal(problem))
    replace(CONTRACT_FILE, seal(contract))
    return Adoption(task, len(labelled), guesses, _notes(frame, labelled, guesses, target, task))


def _listed(frame: pd.DataFrame) -> str:
    names = [str(name) for name in frame.columns]
    return ", ".join(names[:30]) + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def _check_cells(frame: pd.DataFrame, source: str) -> None:
    for name in frame.columns:
        if frame[name].dtype == object:
            odd = frame[name].dropna().map(lambda cell: isinstance(cell, (list, dict, set, tuple)))
            if odd.any():
                raise BadInput(
                    f"column '{name}' of {source} holds lists; a row needs one value a column, "
                    "so flatten it or leave it out"
                )


def _check_task(target: pd.Series, wanted: Task | None) -> Task:
    guessed = guess_task(target)
    if wanted is None or wanted == guessed:
        return guessed
    numeric = pd.api.types.is_numeric_dtype(target)
    if wanted == "binary" or (wanted == "regression" and not numeric):
        raise BadInput(
            f"--task {wanted}: target '{target.name}' has {target.nunique()} different values of "
            f"type {target.dtype}; leave --task out for {guessed}, or choose another target"
        )
    return wanted


def _timed(one: Guess) -> Guess:
    if one.type != "date":
        raise BadInput(
            f"--time {one.name}: expected dates such as 2026-11-23 or 2026-11-23T08:30:00, found "
            f"{one.type} values; convert the column, or leave --time out"
        )
    if one.nullable:
        raise BadInput(f"--time {one.name}: some rows have no time; fill it or leave --time out")
    return Guess(one.name, one.type, one.nullable)


def _raw_path(source: str) -> str:
    """Where the project keeps its copy; sources that are no file stay as they are."""
    return source if not Path(source).is_file() else (RAW / Path(source).name).as_posix()


def _keep(source: str, kept: str) -> None:
    """Copy the file into data/raw (which git ignores), as a whole or not at all."""
    if source == kept or Path(source).resolve() == Path(kept).resolve():
        return
    RAW.mkdir(parents=True, exist_ok=True)
    draft = Path(kept).with_name(f".{Path(kept).name}.{os.getpid()}")
    shutil.copyfile(source, draft)
    draft.replace(kept)


def _notes(
    frame: pd.DataFrame, labelled: pd.DataFrame, guesses: tuple[Guess, ...], target: str, task: Task
) -> tuple[str, ...]:
    fitting = ", ".join(name for name, tasks in TASKS_OF_METRIC.items() if task in tasks)
    notes = [f"target '{target}' is {task}; metrics that fit: {fitting}"]
    if len(labelled) < len(frame):
        notes.append(f"{len(frame) - len(labelled)} rows have no '{target}' and are left out")
    notes += [f"'{one.name}' is excluded: {one.excluded}" for one in guesses if one.excluded]
    missing = [one.name for one in guesses if one.nullable]
    if missing:
        notes.append(f"may be missing: {', '.join(missing)}")
    return tuple(notes)
