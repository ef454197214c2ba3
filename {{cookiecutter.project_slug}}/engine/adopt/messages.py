"""Describes and prints what was decided: for each column, and for the table as a whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from engine.adopt.copying import CONTRACT_FILE
from engine.adopt.framing import Roles
from engine.adopt.infer import FEWEST_KEYS, NAMED_ID, NAMED_NUMBER, Guess, is_key
from engine.adopt.spellings import respelled
from engine.adopt.time_role import time_hints
from engine.contract.layout import SEPARATORS, Layout
from engine.contract.text_table import header, line_count
from engine.leakage import Leak
from engine.leakage.outcome import SAMPLE
from engine.pages.formatting import NOTHING, count, percent
from engine.pages.terminal import table
from engine.problem.errors import command
from engine.problem.known_metrics import metrics_of
from engine.problem.spec import PROBLEM_FILE

# How many columns a message names before it only counts.
SHOWN = 10
# Fewer numbers add up to another by chance.
FEWEST_SUMMED = 10


@dataclass(frozen=True)
class Adoption:
    """What was decided on a table: by column in `guesses`, in `notes` on the table as a whole."""

    rows: int
    roles: Roles
    guesses: tuple[Guess, ...]
    notes: tuple[str, ...]


def print_report(source: str, adoption: Adoption) -> None:
    """Print what was decided, column by column, and what to do next."""
    rows, guesses = adoption.rows, adoption.guesses
    columns = []
    for one in guesses:
        missing = percent(one.missing / rows) if one.missing else NOTHING
        columns.append([one.name, one.type, missing, column_note(one, adoption.roles)])
    excluded = sum(1 for one in guesses if one.excluded)
    size = f"{count(rows, 'row')}, {count(len(guesses), 'column')}, {excluded} excluded"
    table(f"adopted {source}: {size}", ["column", "type", "missing", "decided"], columns)
    for note in adoption.notes:
        print(f"  {note}")
    print(f"wrote {PROBLEM_FILE} and {CONTRACT_FILE}; guesses are listed under 'assumed'")
    print(f"next: {command('problem check')}, then make journey")


def column_note(one: Guess, roles: Roles) -> str:
    """How the model uses a column, and how its cells are read."""
    use = "an input; open to new values" if one.type == "category" else "an input"
    if one.excluded:
        use = f"excluded: {one.excluded}"
    elif (one.type, one.minimum, one.maximum) == ("integer", 0, 1):
        use = "an input; 0 or 1, kept as numbers"
    elif one.minimum is not None and one.maximum is not None:
        use = f"an input; from {one.minimum:.12g} to {one.maximum:.12g}"
    special = {roles.time: "the time that rows are split by", roles.id: "names a row: no input"}
    use = ({roles.target: f"the target, {roles.task}"} | special).get(one.name, use)
    zone = ("times with an offset, read in UTC",) if one.inferred.zoned else ()
    notes = (note for note in one.inferred.notes if note not in use)
    return "; ".join((use, *notes, *zone))


def layout_notes(source: str, layout: Layout | None, rows: int) -> tuple[str, ...]:
    """How a text file was read, and what was fixed in its header; its rows are counted twice."""
    if layout is None:
        return ()
    note = f"read as {layout.encoding} text, separated by {SEPARATORS[layout.separator]}"
    if layout.encoding == "windows-1252":
        note += "; if letters look wrong, save it as UTF-8 and adopt again"
    lines = line_count(Path(source), layout) - layout.header
    counted = f"{lines:,} lines below the header hold {rows:,} rows: cells with line breaks"
    return (note, *header(Path(source), layout).notes, *([counted] * (lines != rows)))


def table_notes(
    rows: int, frame: pd.DataFrame, guesses: Sequence[Guess], roles: Roles, leaks: Sequence[Leak]
) -> Iterator[str]:
    """What a reader should know of the table before training."""
    fitting = ", ".join(metrics_of(roles.task))
    yield f"target {roles.target!r} is {roles.task}; metrics that fit: {fitting}"
    yield from _spellings(frame, guesses, roles.target)
    if unlabelled := rows - len(frame):
        yield f"left out because {roles.target!r} is missing: {count(unlabelled, 'row')}"
    compared = frame.drop(columns=[roles.id]) if roles.id else frame
    if repeats := int(pd.util.hash_pandas_object(compared, index=False).duplicated().sum()):
        but = f" but {roles.id!r}" if roles.id else ""
        yield f"{repeats:,} rows repeat another in every column{but}: the split keeps them together"
    if missing := [repr(one.name) for one in guesses if one.nullable]:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        yield f"may be missing: {', '.join(missing[:SHOWN])}{more}"
    if len(frame) > SAMPLE:
        yield f"searched for leaks in {SAMPLE:,} of {len(frame):,} rows"
    if summed := [repr(one.name) for one in guesses if _ends_in_sum(one, frame[one.name])]:
        totals = "a line of totals? Delete it in the file, and adopt again"
        yield f"the last row holds the sum of {', '.join(summed[:SHOWN])}: {totals}"
    yield from _hints(frame, guesses, roles)
    for leak in leaks:
        suspected = f"suspected leak: {', '.join(leak.columns)}: {leak.mechanism}"
        yield f"{suspected}; not applied, but proposed under [columns.known_after]"


def _spellings(frame: pd.DataFrame, guesses: Sequence[Guess], target: str) -> Iterator[str]:
    """Categories that differ by their spelling only, those of the target first."""
    texts = [one.name for one in guesses if one.type == "category" and not one.excluded]
    noted = {name: same for name in texts if (same := respelled(frame[name].dropna().unique()))}
    for name in sorted(noted, key=lambda name: name != target)[:SHOWN]:
        of = "classes of the target" if name == target else f"values of {name!r}"
        yield f"{of}: {noted[name]}; if they mean the same, spell them the same way and adopt again"


# A sum near the limits of a float overflows, and is then no cell's value.
@np.errstate(over="ignore", invalid="ignore")
def _ends_in_sum(one: Guess, column: pd.Series) -> bool:
    """Whether the last value is the sum of the others, of which some ten are not 0."""
    if one.type not in ("number", "integer"):
        return False
    values = column.to_numpy("float64", na_value=0.0)
    are_many = np.count_nonzero(values[:-1]) >= FEWEST_SUMMED
    return bool(are_many and np.isclose(values[-1], values[:-1].sum()))


def _hints(frame: pd.DataFrame, guesses: Sequence[Guess], roles: Roles) -> Iterator[str]:
    """Roles that columns could have and the command line did not give."""
    others = [one for one in guesses if one.name not in (roles.target, roles.id, roles.time)]
    if not roles.time:
        gaps = [one.name for one in others if one.nullable]
        yield from time_hints(frame, {one.name: one.type for one in others}, gaps)
    for one in others:
        values = frame[one.name].nunique()
        if not FEWEST_KEYS <= values < len(frame):
            continue
        named = NAMED_ID.fullmatch(one.name) or NAMED_NUMBER.fullmatch(one.name)
        is_number = one.type in ("integer", "number")
        if is_key(frame[one.name]) if is_number else named and one.type == "category":
            many = f"{one.name!r} has {values:,} values in {len(frame):,} rows"
            advice = f"set unit = {one.name!r} under [rows]"
            yield f"{many}; if rows of one value belong together, {advice}"
