"""The time that rows are split by: what --time reads and refuses, and which columns hint at one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from engine.adopt.inferred import SAMPLE_SIZE, InferredColumn
from engine.adopt.times import (
    FEWEST_TIMES,
    NAMED_DATE,
    POSSIBLE,
    TIME_LIKE,
    counted,
    counting_reason,
    first_row,
    mixed_orders,
    no_dates,
)
from engine.contract.date_columns import dates
from engine.pages.formatting import count
from engine.problem.errors import BadInput

YEARS = (1900, 2100)
NAMED_YEAR = re.compile(r"(?i:(.*[_. -])?(year|yr|jahr|season|vintage|cohort))|.*[a-z]Year")
# Parts of a time in columns of their own, and how far each goes.
PARTS = {"year": 2100, "month": 12, "mon": 12, "day": 31, "week": 53, "quarter": 4}
# Under the name of a date, fewer is a part of one, or how long something took.
LOWEST_DATE = 10_000
# A message names so many columns.
SHOWN = 3


def as_time(values: pd.Series, inferred: InferredColumn) -> InferredColumn:
    """The column of --time: numbers are read as years, or as what counts time, where all are.

    Args:
        values: as the source holds them.
    """
    if inferred.kind not in ("integer", "number") or inferred.cells.unit:
        return inferred
    present = values.dropna()
    numbers = pd.to_numeric(present, errors="coerce")
    are_years = numbers.between(*YEARS).all() and (numbers % 1 == 0).all()
    form = "%Y" if are_years else counted(present, POSSIBLE)
    cells = replace(inferred.cells, dates=(form,)) if form else inferred.cells
    if form is None or dates(present, cells).isna().any():
        return inferred
    return replace(inferred, kind="date", cells=cells, notes=(f"dates as {form}",))


def check_time(name: str, kind: str, values: pd.Series) -> None:
    """Raise BadInput where a column of this type cannot be the time that rows are split by."""
    if kind != "date":
        raise _no_date(name, kind, values.dropna())
    if values.isna().any():
        gaps = values.index[values.isna()]
        message = f"--time {name}: {count(len(gaps), 'row')} without a time (first: row "
        message += f"{gaps[0] + 1}); fill it, leave such rows out, or leave --time out"
        raise BadInput(message, code="missing-time")
    if values.nunique() < 2:
        message = f"--time {name}: all rows have the same time; leave --time out"
        raise BadInput(message, code="constant-time")


def _no_date(name: str, kind: str, present: pd.Series) -> BadInput:
    is_text = present.dtype == "str"
    if is_text and (mixed := mixed_orders(present)):
        message = f"--time {name}: {mixed}, and adopt again"
        return BadInput(message, code="mixed-date-orders")
    failing = no_dates(present) if is_text else present
    if 0 < len(failing) < len(present):
        message = f"--time {name}: {count(len(failing), 'row')} of {len(present):,} have no date "
        message += f"like the others (first: {first_row(failing)}); fix or leave out such rows, "
        return BadInput(f"{message}and adopt again, or leave --time out", code="not-a-date")
    values = first_row(present) if len(present) else "no value"
    message = f"--time {name}: expected dates such as 2026-11-23 or 2026-11-23T08:30:00, but it "
    message += f"holds {kind} values ({values}); convert the column, or leave --time out"
    return BadInput(message, code="not-a-date")


def time_hints(frame: pd.DataFrame, kinds: dict[str, str], gaps: Sequence[str]) -> Iterator[str]:
    """Columns that could be the time of a table for which no --time was given.

    Args:
        kinds: the type of each column that has no role yet.
        gaps: those with missing values.
    """
    columns: dict[str, list[str]] = {}
    for name, kind in kinds.items():
        columns.setdefault(_time_like(frame[name].dropna(), kind), []).append(name)
    risk = "a random split trains on the future"
    for what in ("date", "number"):
        if names := columns.get(what):
            fill = " (fill its gaps first)" if set(names) <= set(gaps) else ""
            listed = " or ".join(map(repr, names[:SHOWN]))
            given = " or ".join(f"--time {name!r}" for name in names[:SHOWN])
            order = f"no --time given; if rows come in the order of {listed}"
            yield f"{order}, adopt again with {given}{fill}: {risk}"
    if names := columns.get("text"):
        shown = str(frame[names[0]].dropna().iloc[0])
        looks = f"{names[0]!r} looks like time ({shown!r:.40}) in a form that is not read"
        order = "if rows come in its order, write it as 2026-11-23 and adopt again with --time"
        yield f"{looks}; {order}: {risk}"
    if names := columns.get("part"):
        advice = "if so, join them in one column of dates and adopt again with --time"
        yield f"the time of a row may stand in {', '.join(map(repr, names))}; {advice}: {risk}"


def _time_like(present: pd.Series, kind: str) -> str:
    """How a column looks like time: `date`, `number`, `text` or `part`; empty if it does not."""
    name, distinct = str(present.name), present.nunique()
    is_named = distinct >= FEWEST_TIMES and bool(NAMED_DATE.fullmatch(name))
    if kind == "category":
        unique = present.drop_duplicates().iloc[:SAMPLE_SIZE]
        is_time = distinct > 2 and unique.str.fullmatch(TIME_LIKE).all()
        return "text" if is_time or is_named else ""
    if kind not in ("integer", "number") or distinct < 2:
        return kind if kind == "date" else ""
    if counting_reason(present):
        return "number"
    are_years, is_year = present.between(*YEARS).all(), bool(NAMED_YEAR.fullmatch(name))
    if (present % 1 == 0).all():
        if are_years and (is_year or distinct > 2):
            return "number"
        highest = PARTS.get(name.lower(), 0)
        if highest and present.between(1, highest).all():
            return "part"
    # Under such a name also 2019.25, and 190103 for a day.
    may_be = (is_named or is_year) if are_years else is_named and present.min() >= LOWEST_DATE
    return "text" if may_be else ""
