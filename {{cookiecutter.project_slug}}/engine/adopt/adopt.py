"""Takes an unseen table and writes a first problem for it, every guess listed."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from engine.adopt.copying import check_nothing_is_lost, copy_path, write
from engine.adopt.first_rows import check_first_rows
from engine.adopt.framing import Roles, classes_of, contract_text, guess_task, problem_text
from engine.adopt.infer import FEWEST_ROWS, Guess, guess, infer_column, marker_notes, typed
from engine.adopt.inferred import InferredColumn, dialect_hints
from engine.adopt.messages import Adoption, layout_notes, table_notes
from engine.adopt.time_role import as_time, check_time
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.contract.text_table import header
from engine.data import sources
from engine.data.unread import check_read, reasons_of
from engine.leakage import find
from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.problem.spec import Task, parse

# A message names so many columns, and counts the others.
SHOWN = 30
# Tables of fewer columns are adopted before anyone reads a line on progress.
WIDE = 100


def adopt(
    source: str,
    target: str,
    *,
    time: str | None = None,
    id_column: str | None = None,
    task: Task | None = None,
    missing: Sequence[str] = (),
    force: bool = False,
    progress: Callable[[str], None] = lambda _: None,
) -> Adoption:
    """Write problem/problem.toml and data/contract.py for `source`, and keep a copy of its file.

    Files as generated are replaced; files that someone edited only with `force`. `missing` are
    words that mean missing in all columns. `progress` gets a line before each slow step on a wide
    table.

    Raises:
        BadInput: the source is unfit, a column is not there, or a file that someone edited stands
            in the way. Nothing is written then.
    """
    copy = copy_path(source)
    if not force:
        check_nothing_is_lost(source, copy)
    layout = sources.layout_of(source)
    raw = sources.read(source, layout)
    roles_given = {"target": target, "time": time, "id": id_column}
    repeated = header(Path(source), layout).repeated if layout else ()
    _check_columns(raw, source, roles_given, repeated)
    check_read(raw, source, [name for name in roles_given.values() if name])
    unread = reasons_of(raw)
    if layout:
        check_first_rows(source, raw)
    rows = len(raw)
    is_slow = len(raw.columns) >= WIDE
    if is_slow:
        progress(f"inferring the types of {count(len(raw.columns), 'column')}")
    raw, inferred = _labelled(raw, layout, source, target, frozenset(missing))
    _check_missing(missing, inferred)
    if time:
        inferred[time] = as_time(raw[time], inferred[time])
    frame = pd.DataFrame({name: typed(raw[name], one) for name, one in inferred.items()})
    for name, one in inferred.items():
        markers = marker_notes(raw.pop(name), frame[name])
        inferred[name] = replace(one, notes=(*one.notes, *markers))
    kind = guess_task(frame[target], inferred[target].kind, task)
    roles = Roles(target, kind, time, id_column, classes_of(frame[target], kind))
    guessed = [guess(frame[name], one, unread.get(name)) for name, one in inferred.items()]
    guesses = tuple(_in_role(one, frame, roles) for one in guessed)
    others = [one for one in guesses if one.name not in (target, id_column)]
    if all(one.excluded for one in others):
        reasons = "; ".join(f"{one.name!r}: {one.excluded}" for one in others[:SHOWN])
        message = f"{source} has no column to learn from beside '{target}' "
        message += f"({reasons or 'it is alone'}); add columns that are known in time"
        raise BadInput(message, code="no-inputs")
    if is_slow:
        progress(f"searching {count(len(guesses), 'column')} for leaks")
    assumed = parse(problem_text(copy, frame, guesses, roles), "the problem as adopted")
    inputs = [one for one in guesses if one.name not in assumed.kept_out]
    columns = [Column(i.name, i.type, i.nullable, i.minimum, i.maximum) for i in inputs]
    leaks = find(assumed, frame, columns)
    problem = problem_text(copy, frame, guesses, roles, leaks)
    parse(problem, "the problem as adopted")  # what we write, we can read
    write(source, copy, problem, contract_text(source, guesses, roles, layout))
    notes = table_notes(rows, frame, guesses, roles, leaks)
    return Adoption(len(frame), roles, guesses, (*layout_notes(source, layout, rows), *notes))


def _labelled(
    raw: pd.DataFrame, layout: Layout | None, source: str, target: str, given: frozenset[str]
) -> tuple[pd.DataFrame, dict[str, InferredColumn]]:
    """The rows with a target, and what their columns hold.

    Other rows do not count: a line of totals would make categories of a column of numbers.
    """
    inferred = _infer(raw, layout, target, given)
    labelled = typed(raw[target], inferred[target]).notna()
    if labelled.sum() < FEWEST_ROWS:
        message = f"{source} has {labelled.sum()} rows with a known '{target}'; expected at least "
        raise BadInput(f"{message}{FEWEST_ROWS}: add rows", code="too-few-rows")
    if labelled.all():
        return raw, inferred
    others = _infer(raw[labelled], layout, target, given)
    return raw[labelled], others | {target: inferred[target]}


def _infer(
    raw: pd.DataFrame, layout: Layout | None, target: str, given: frozenset[str]
) -> dict[str, InferredColumn]:
    """What each column holds; where one is ambiguous, the dialect of the others decides."""
    inferred = {str(name): infer_column(raw[name], given=given) for name in raw.columns}
    hints = dialect_hints(inferred.values(), layout.separator if layout else ",")
    ambiguous = [name for name, one in inferred.items() if one.ambiguous]
    inferred |= {name: infer_column(raw[name], hints, given) for name in ambiguous}
    cells = inferred[target].cells
    if cells.true and raw[target].nunique() == len(cells.missing) + 2:
        # Outcomes keep their names: these come back from live as they are written here.
        cells = replace(cells, true=(), false=())
        inferred[target] = InferredColumn("category", cells, inferred[target].notes[1:])
    return inferred


def _check_missing(missing: Sequence[str], inferred: dict[str, InferredColumn]) -> None:
    words = {word for one in inferred.values() for word in one.cells.missing}
    if unused := [word for word in missing if word not in words]:
        message = f"--missing {unused[0]}: no cell holds it alone; give it as the cells write it, "
        raise BadInput(f"{message}upper and lower case too, or leave it out", code="unused-missing")


def _check_columns(
    frame: pd.DataFrame, source: str, roles: dict[str, str | None], repeated: Collection[str]
) -> None:
    for role, name in roles.items():
        if name in repeated:
            message = f"--{role} {name}: {source} has several columns of this name; rename all but "
            raise BadInput(f"{message}one of them", code="repeated-name")
        if name is not None and name not in frame.columns:
            names = list(map(repr, frame.columns))
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            # A title above the header makes a row of the header.
            headers = frame.head(SHOWN).isin([name]).any(axis=1)
            below = f", or, as row {headers.argmax() + 1} holds {name!r}, delete the lines above it"
            message = f"--{role} {name}: no such column; {source} has {', '.join(names[:SHOWN])}"
            message += f"{more}; give one of these{below if headers.any() else ''}"
            raise BadInput(message, code="unknown-column")
        if role != "target" and name == roles["target"]:
            message = f"--{role} {name}: that is the target; give another column, or omit --{role}"
            raise BadInput(message, code="target-in-other-role")


def _in_role(one: Guess, frame: pd.DataFrame, roles: Roles) -> Guess:
    """The guess on a column; one with a role on the command line is never excluded."""
    values = frame[one.name]
    if one.name == roles.time:
        check_time(one.name, one.type, values)
    elif one.name == roles.id:
        repeated = int(values.duplicated().sum())
        if one.nullable or repeated:
            message = f"--id {one.name}: expected a different value in each row, "
            message += f"{repeated} rows repeat one" if repeated else f"{one.missing} have none"
            message += "; leave --id out, or name the column as unit under [rows]"
            raise BadInput(message, code="not-unique")
    elif one.name == roles.target:
        # Labels beside missing ones were read as 0.0 and 1.0.
        is_code = one.type == "number" and roles.task != "regression"
        one = replace(one, type="integer") if is_code else one
    else:
        return one
    return replace(one, excluded=None)
