"""Takes a table that nobody here has seen and frames a first problem for it, guesses said aloud."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from engine.adopt import generated
from engine.adopt.copying import CONTRACT_FILE, check_nothing_is_lost, keep, kept_as
from engine.adopt.framing import Roles, classes_of, contract_text, problem_text
from engine.adopt.infer import FEWEST_ROWS, Guess, found_in, guess, guess_task, has_zone, typed
from engine.adopt.inferred import Found, habits
from engine.adopt.words import decided, layout_notes, table_notes
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.data import sources
from engine.leakage import Leak, find
from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE, Task, parse

# How many columns a message names before it only counts.
SHOWN = 30
# Time as machines count it: units a second, and the seconds from 1990 to 2100.
EPOCHS = {1: "seconds", 1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}
CLOCK = (631_152_000, 4_102_444_800)


@dataclass(frozen=True)
class Adoption:
    """What was decided on a table.

    `decided` says it column by column, `notes` on the table as a whole, a line each.
    """

    task: Task
    rows: int
    guesses: tuple[Guess, ...]
    decided: tuple[tuple[Guess, str], ...]
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
    kept = kept_as(source)
    if not force:
        check_nothing_is_lost(source, kept)
    layout = sources.layout_of(source)
    raw = sources.read(source, layout)
    _check_columns(raw, source, {"target": target, "time": time, "id": id_column})
    rows = len(raw)
    raw, found = _labelled(raw, layout, source, target)
    zoned = {name for name, one in found.items() if one.kind == "date" and has_zone(raw[name])}
    frame = pd.DataFrame({name: typed(raw.pop(name), one) for name, one in found.items()})
    kind = guess_task(frame[target], found[target].kind, task)
    roles = Roles(target, kind, time, id_column, classes_of(frame[target], kind))
    guesses = tuple(
        _in_role(guess(frame[name], one, zoned=name in zoned), frame, roles)
        for name, one in found.items()
    )
    _check_something_is_left(guesses, roles, source)
    leaks = _leaks(problem_text(kept, frame, guesses, roles), frame, guesses)
    problem = problem_text(kept, frame, guesses, roles, leaks)
    parse(problem, "the problem as adopted")  # what we write, we can read
    contract = contract_text(source, guesses, roles, layout)
    keep(source, kept)
    generated.replace(
        {PROBLEM_FILE: generated.seal(problem), CONTRACT_FILE: generated.seal(contract)}
    )
    return Adoption(
        roles.task,
        len(frame),
        guesses,
        tuple((one, decided(one, roles)) for one in guesses),
        (*layout_notes(source, layout), *table_notes(rows, frame, guesses, roles, leaks)),
    )


def _labelled(
    raw: pd.DataFrame, layout: Layout | None, source: str, target: str
) -> tuple[pd.DataFrame, dict[str, Found]]:
    """The rows with a known outcome, and what their columns hold.

    Other rows have no say in that: a line of totals would make words of a column of numbers.
    """
    found = _found(raw, layout, target)
    known = typed(raw[target], found[target]).notna()
    if known.sum() < FEWEST_ROWS:
        raise BadInput(
            f"{source} has {known.sum()} rows with a known '{target}'; expected at least "
            f"{FEWEST_ROWS}: nothing honest can be said from fewer, so add rows",
            code="too-few-rows",
        )
    if known.all():
        return raw, found
    return raw[known], _found(raw[known], layout, target) | {target: found[target]}


def _found(raw: pd.DataFrame, layout: Layout | None, target: str) -> dict[str, Found]:
    """What each column holds; where one leaves it open, the habits of the others decide."""
    found = {str(name): found_in(raw[name]) for name in raw.columns}
    known = habits(found.values(), layout.separator if layout else ",")
    found |= {name: found_in(raw[name], known) for name, one in found.items() if one.open}
    words = found[target].cells
    if words.true and raw[target].nunique() == len(words.missing) + 2:
        # Outcomes keep their names: these come back from live as they are written here.
        cells = replace(words, true=(), false=())
        found[target] = Found("category", cells, found[target].notes[1:])
    return found


def _leaks(framed: str, frame: pd.DataFrame, guesses: Sequence[Guess]) -> list[Leak]:
    """What gives the target away, among the columns that would be inputs."""
    problem = parse(framed, "the problem as adopted")
    columns = [
        Column(one.name, one.type, one.nullable, one.minimum, one.maximum, _values(one, frame))
        for one in guesses
        if one.name not in problem.kept_out
    ]
    return find(problem, frame, columns)


def _values(one: Guess, frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(frame[one.name].dropna().unique())) if one.type == "category" else ()


def _check_columns(frame: pd.DataFrame, source: str, named: dict[str, str | None]) -> None:
    for role, name in named.items():
        if name is not None and name not in frame.columns:
            names = list(map(repr, frame.columns))
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            raise BadInput(
                f"--{role} {name}: no such column; {source} has {', '.join(names[:SHOWN])}{more}; "
                f"give one of these{_header_below(frame, name)}",
                code="unknown-column",
            )
        if role != "target" and name == named["target"]:
            raise BadInput(
                f"--{role} {name}: that is the target, which is what is not known yet; give "
                f"another column, or leave --{role} out",
                code="target-in-other-role",
            )


def _header_below(frame: pd.DataFrame, name: str) -> str:
    """What to do where a title stands above the header, which was taken for a row."""
    held = frame.head(SHOWN).isin([name]).any(axis=1)
    if not held.any():
        return ""
    return f", or, as row {held.argmax() + 1} holds {name!r}, delete the lines above that header"


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
            f"{one.type} values such as {values.dropna().iloc[:1].tolist()}{_since_1970(values)}; "
            "convert the column, or leave --time out",
            code="not-a-date",
        )
    if one.nullable:
        gaps = values.index[values.isna()]
        raise BadInput(
            f"--time {one.name}: {count(len(gaps), 'row')} without a time (first: row "
            f"{gaps[0] + 1}); fill it, leave such rows out, or leave --time out",
            code="missing-time",
        )
    if values.nunique() < 2:
        raise BadInput(
            f"--time {one.name}: all rows have the same time; nothing is later than anything "
            "else, so leave --time out",
            code="constant-time",
        )


def _since_1970(values: pd.Series) -> str:
    """Which date whole numbers stand for that count time as machines do; nothing for others."""
    first = values.dropna().iloc[0]
    for unit, words in EPOCHS.items():
        if pd.api.types.is_numeric_dtype(values) and CLOCK[0] <= first / unit <= CLOCK[1]:
            timestamp = pd.to_datetime(first / unit, unit="s").round("s").isoformat()
            return f", which looks like {timestamp} in {words} since 1970"
    return ""


def _check_id(one: Guess, values: pd.Series) -> None:
    repeated = int(values.duplicated().sum())
    if one.nullable or repeated:
        found = f"{repeated} rows repeat one" if repeated else f"{values.isna().sum()} have none"
        raise BadInput(
            f"--id {one.name}: expected a different value in each row, {found}; leave --id out, "
            "or say under [rows] unit that several rows belong to one",
            code="not-unique",
        )


def _check_something_is_left(guesses: Sequence[Guess], roles: Roles, source: str) -> None:
    others = [one for one in guesses if one.name not in (roles.target, roles.id)]
    if not [one for one in others if not one.excluded]:
        reasons = "; ".join(f"{one.name!r}: {one.excluded}" for one in others[:SHOWN])
        raise BadInput(
            f"{source} has no column to learn from beside '{roles.target}' "
            f"({reasons or 'it is alone'}); add columns that are known when the decision is due",
            code="no-inputs",
        )
