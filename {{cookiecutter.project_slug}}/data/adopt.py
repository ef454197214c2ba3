"""Takes a table that nobody here has seen and frames a first problem for it, guesses said aloud."""

import filecmp
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from data import generated, sources
from data.framing import Roles, contract_text, problem_text
from data.infer import FEWEST_ROWS, Guess, guess, guess_task
from problem.errors import BadInput
from problem.spec import PROBLEM_FILE, TASKS_OF_METRIC, Task, parse

CONTRACT_FILE = Path("data/contract.py")
RAW = Path("data/raw")
# How many columns a message names before it only counts.
SHOWN = 30


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
    kept = _kept(source)
    if not force:
        _check_nothing_is_lost(source, kept)
    frame = sources.read(source)
    _check_columns(frame, source, {"target": target, "time": time, "id": id_column})
    labelled = frame[frame[target].notna()]
    if len(labelled) < FEWEST_ROWS:
        raise BadInput(
            f"{source} has {len(labelled)} rows with a known '{target}'; expected at least "
            f"{FEWEST_ROWS}: nothing honest can be said from fewer, so add rows"
        )
    roles = Roles(target, guess_task(labelled[target], task), time, id_column)
    guesses = tuple(_in_role(guess(labelled[name]), labelled, roles) for name in labelled.columns)
    _check_something_is_left(guesses, roles, source)
    problem = problem_text(kept, labelled, guesses, roles)
    parse(problem, "the problem as adopted")  # what we write, we can read
    contract = contract_text(source, guesses, roles)
    _keep(source, kept)
    generated.replace(
        {PROBLEM_FILE: generated.seal(problem), CONTRACT_FILE: generated.seal(contract)}
    )
    return Adoption(
        roles.task, len(labelled), guesses, _notes(len(frame) - len(labelled), guesses, roles)
    )


def _kept(source: str) -> str:
    """Where the project keeps its copy; sources that are no file stay as they are."""
    return (RAW / Path(source).name).as_posix() if sources.is_file(source) else source


def _check_nothing_is_lost(source: str, kept: str) -> None:
    edited = [str(path) for path in (PROBLEM_FILE, CONTRACT_FILE) if generated.is_edited(path)]
    if edited:
        raise BadInput(
            f"{' and '.join(edited)} {'was' if len(edited) == 1 else 'were'} edited and would be "
            "lost; keep them in git first, then add --force"
        )
    old, new = Path(kept), Path(source)
    if old.is_file() and new.is_file() and not filecmp.cmp(old, new, shallow=False):
        raise BadInput(
            f"{kept} is there already and holds other rows than {source}; rename the new file to "
            "keep both, or add --force to replace the old one"
        )


def _check_columns(frame: pd.DataFrame, source: str, named: dict[str, str | None]) -> None:
    for role, name in named.items():
        if name is not None and name not in frame.columns:
            names = list(map(repr, frame.columns))
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise BadInput(
                f"--{role} {name}: no such column; {source} has {', '.join(names[:SHOWN])}{more}; "
                "give one of these"
            )
        if role != "target" and name == named["target"]:
            raise BadInput(
                f"--{role} {name}: that is the target, which is what is not known yet; give "
                f"another column, or leave --{role} out"
            )


def _in_role(one: Guess, frame: pd.DataFrame, roles: Roles) -> Guess:
    """The guess on a column that the caller gave a part to; then nothing is to be excluded."""
    if one.name == roles.time:
        _check_time(one, frame[one.name])
    elif one.name == roles.id:
        _check_id(one, frame[one.name])
    elif one.name == roles.target:
        # Labels beside missing ones were read as 0.0 and 1.0.
        is_code = one.type == "number" and roles.task != "regression"
        one = replace(one, type="integer") if is_code else one
    else:
        return one
    return replace(one, excluded=None)


def _check_time(one: Guess, values: pd.Series) -> None:
    if one.type != "date":
        raise BadInput(
            f"--time {one.name}: expected dates such as 2026-11-23 or 2026-11-23T08:30:00, found "
            f"{one.type} values such as {values.dropna().iloc[:1].tolist()}; convert the column, "
            "or leave --time out"
        )
    if one.nullable:
        raise BadInput(
            f"--time {one.name}: {values.isna().sum()} rows have no time; fill it, leave these "
            "rows out, or leave --time out"
        )
    if values.nunique() < 2:
        raise BadInput(
            f"--time {one.name}: all rows have the same time; nothing is later than anything "
            "else, so leave --time out"
        )


def _check_id(one: Guess, values: pd.Series) -> None:
    repeated = int(values.duplicated().sum())
    if one.nullable or repeated:
        found = f"{repeated} rows repeat one" if repeated else f"{values.isna().sum()} have none"
        raise BadInput(
            f"--id {one.name}: expected a different value in each row, {found}; leave --id out, "
            "or say under [rows] unit that several rows belong to one"
        )


def _check_something_is_left(guesses: Sequence[Guess], roles: Roles, source: str) -> None:
    others = [one for one in guesses if one.name not in (roles.target, roles.id)]
    if not [one for one in others if not one.excluded]:
        reasons = "; ".join(f"{one.name!r}: {one.excluded}" for one in others[:SHOWN])
        raise BadInput(
            f"{source} has no column to learn from beside '{roles.target}' "
            f"({reasons or 'it is alone'}); add columns that are known when the decision is due"
        )


def _keep(source: str, kept: str) -> None:
    """Copy the file into data/raw (which git ignores), as a whole or not at all."""
    if source == kept or Path(source).resolve() == Path(kept).resolve():
        return
    RAW.mkdir(parents=True, exist_ok=True)
    draft = Path(kept).with_name(f".{Path(kept).name}.{os.getpid()}")
    try:
        shutil.copyfile(source, draft)
        draft.replace(kept)
    finally:
        draft.unlink(missing_ok=True)


def _notes(unlabelled: int, guesses: Sequence[Guess], roles: Roles) -> tuple[str, ...]:
    fitting = ", ".join(name for name, tasks in TASKS_OF_METRIC.items() if roles.task in tasks)
    notes = [f"target {roles.target!r} is {roles.task}; metrics that fit: {fitting}"]
    if unlabelled:
        notes.append(f"{unlabelled} rows have no {roles.target!r} and are left out")
    notes += [f"{one.name!r} is excluded: {one.excluded}" for one in guesses if one.excluded]
    notes += [f"{one.name!r} has times with an offset, read on UTC's clock"
              for one in guesses if one.zoned]  # fmt: skip
    missing = [repr(one.name) for one in guesses if one.nullable]
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        notes.append(f"may be missing: {', '.join(missing[:SHOWN])}{more}")
    return tuple(notes)
