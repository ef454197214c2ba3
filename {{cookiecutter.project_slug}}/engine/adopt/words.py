"""What was decided on a table, in words: for each column, and for the table as a whole."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from engine.adopt.framing import Roles
from engine.adopt.infer import FEWEST_KEYS, NAMED_ID, Guess
from engine.data.reading.layout import SEPARATORS, Layout
from engine.data.reading.text import header
from engine.leakage import Leak
from engine.leakage.outcome import SAMPLE
from engine.pages.formatting import count
from engine.problem.known_metrics import metrics_of

# How many columns a message names before it only counts.
SHOWN = 10
# Fewer numbers add up to another by chance.
FEWEST_SUMMED = 10


def decided(one: Guess, roles: Roles) -> str:
    """What a column is to the model, and how its cells are read."""
    said = {
        roles.target: f"the target, {roles.task}",
        roles.time: "the time that rows are split by",
        roles.id: "names a row: no input",
    }.get(one.name)
    if said is None:
        said = f"excluded: {one.excluded}" if one.excluded else _input(one)
    zone = ("times with an offset, read on UTC's clock",) if one.zoned else ()
    return "; ".join((said, *one.notes, *zone))


def _input(one: Guess) -> str:
    if one.minimum is None or one.maximum is None:
        return "an input; open to new values" if one.type == "category" else "an input"
    if (one.type, one.minimum, one.maximum) == ("integer", 0, 1):
        return "an input; 0 or 1, kept as numbers"
    return f"an input; from {one.minimum:.12g} to {one.maximum:.12g}"


def layout_notes(source: str, layout: Layout | None) -> tuple[str, ...]:
    """How a text file was read, and what was mended in its header."""
    if layout is None:
        return ()
    said = f"read as {layout.encoding} text, separated by {SEPARATORS[layout.separator]}"
    if layout.encoding == "windows-1252":
        said += "; if letters look wrong, save it as UTF-8 and adopt again"
    return (said, *header(Path(source), layout).notes)


def table_notes(
    rows: int, frame: pd.DataFrame, guesses: Sequence[Guess], roles: Roles, leaks: Sequence[Leak]
) -> tuple[str, ...]:
    """What a reader should know of the table before any model is made of it."""
    fitting = ", ".join(metrics_of(roles.task))
    notes = [f"target {roles.target!r} is {roles.task}; metrics that fit: {fitting}"]
    if unlabelled := rows - len(frame):
        notes.append(f"left out for want of {roles.target!r}: {count(unlabelled, 'row')}")
    compared = frame.drop(columns=[roles.id]) if roles.id else frame
    if twins := int(pd.util.hash_pandas_object(compared, index=False).duplicated().sum()):
        but = f" but {roles.id!r}" if roles.id else ""
        notes.append(f"{twins:,} rows repeat another in every column{but}: kept, and kept together")
    missing = [repr(one.name) for one in guesses if one.nullable]
    if missing:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        notes.append(f"may be missing: {', '.join(missing[:SHOWN])}{more}")
    if len(frame) > SAMPLE:
        notes.append(f"leaks were looked for in {SAMPLE:,} of {len(frame):,} rows")
    if summed := _summed(frame, guesses):
        notes.append(
            f"the last row holds the sum of {', '.join(summed[:SHOWN])}: a line of totals? take it "
            "out of the file, and adopt again"
        )
    notes += _hints(frame, guesses, roles)
    notes += [
        f"suspected leak: {', '.join(leak.columns)}: {leak.mechanism}; not applied, but proposed "
        "under [columns.excluded]"
        for leak in leaks
    ]
    return tuple(notes)


# A sum near the limits of a float overflows, and is then no cell's value.
@np.errstate(over="ignore", invalid="ignore")
def _summed(frame: pd.DataFrame, guesses: Sequence[Guess]) -> list[str]:
    """The columns whose last value is the sum of the others, of which some ten are not 0."""
    found = []
    for one in guesses:
        if one.type in ("number", "integer"):
            values = frame[one.name].to_numpy("float64", na_value=0.0)
            above, last = values[:-1], values[-1]
            if np.count_nonzero(above) >= FEWEST_SUMMED and np.isclose(last, above.sum()):
                found.append(repr(one.name))
    return found


def _hints(frame: pd.DataFrame, guesses: Sequence[Guess], roles: Roles) -> list[str]:
    """Parts that columns could play and nobody gave them."""
    hints = []
    others = [one for one in guesses if one.name not in (roles.target, roles.id, roles.time)]
    days = [one.name for one in others if one.type == "date" and not one.nullable]
    if days and not roles.time:
        hints.append(
            f"no --time given; if rows come in the order of {days[0]!r}, adopt again with --time "
            f"{days[0]!r}: a random split would learn from the future"
        )
    for one in others:
        if one.type in ("category", "integer", "number") and NAMED_ID.fullmatch(one.name):
            values = frame[one.name].nunique()
            if FEWEST_KEYS <= values < len(frame):
                hints.append(
                    f"{one.name!r} has {values:,} values in {len(frame):,} rows; if rows of one "
                    f"belong together, say unit = {one.name!r} under [rows]"
                )
    return hints
