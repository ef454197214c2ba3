"""Times of a table: how a column counts them, what is wrong with it, and what hints at one."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pandas as pd

from engine.adopt.date_forms import usual_forms
from engine.adopt.forms import as_missing
from engine.adopt.inferred import SAMPLE_SIZE, InferredColumn
from engine.contract.date_columns import dates
from engine.contract.dates import EPOCHS
from engine.contract.format import ColumnFormat
from engine.pages.formatting import count
from engine.problem.errors import BadInput

# The years that numbers which count time are taken to be in: without --time, and with it.
LIKELY, POSSIBLE = (2000, 2040), (1980, 2100)
YEARS = (1900, 2100)
# So many values that are all years, or all times, are no coincidence.
FEWEST_TIMES = 20
NAMED_YEAR = re.compile(r"(?i:(.*[_. -])?(year|yr|jahr|season|vintage|cohort))|.*[a-z]Year")
# Parts of a time in columns of their own, and how far each goes.
PARTS = {"year": 2100, "month": 12, "mon": 12, "day": 31, "week": 53, "quarter": 4}
DAY_AND_MONTH = r"(\d{1,2})([-/])(\d{1,2})[-/](?:\d{4}|\d{2})(?:\D.*)?"
# A year among other signs, or a day; not times of day alone.
TIME_LIKE = r"(?s)(.*\D)?(19|20)\d{2}(\D.*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2}(\D.*)?"
ZONE = r".*(:\d{2}|T\d{4})\S*? ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)( \d{4}|\[.*\])?"


def zones(values: pd.Series) -> tuple[bool, tuple[str, ...]]:
    """Whether times have an offset, and a note where some have none."""
    if not isinstance(values.dtype, pd.StringDtype):
        return isinstance(values.dtype, pd.DatetimeTZDtype), ()
    present = values.dropna()
    zoned = present.str.fullmatch(ZONE)
    if not zoned.any() or zoned.all():
        return bool(zoned.any()), ()
    bare = present[~zoned]
    first = f"first: row {bare.index[0] + 1}"
    return True, (f"{len(bare)} of {len(present)} have no offset, taken for UTC ({first})",)


def counted(values: pd.Series, years: tuple[int, int] = LIKELY) -> str | None:
    """The unit in which numbers count time from 1970, if all are in these `years`."""
    present = pd.to_numeric(values, errors="coerce") if values.dtype == "str" else values
    if present.isna().any() or not len(present):
        return None
    ends = [pd.Timestamp(year, 1, 1).timestamp() * 1e6 for year in years]
    low, high = float(present.min()), float(present.max())
    fitting = (form for form, unit in EPOCHS.items()
               if ends[0] <= low * float(unit) and high * float(unit) < ends[1])  # fmt: skip
    return next(fitting, None)


def counting_reason(present: pd.Series) -> str | None:
    """Why numbers that count time are no input as they are."""
    form = counted(present) if present.nunique() >= FEWEST_TIMES else None
    if form is None:
        return None
    first = dates(present.iloc[:1], ColumnFormat(dates=(form,))).iloc[0]
    reason = f"it counts {form}: {present.iloc[0]:.0f} is {first.round('s').isoformat()}"
    return f"{reason}; adopt again with --time {present.name!r} if the decision was due then"


def as_time(values: pd.Series, inferred: InferredColumn) -> InferredColumn:
    """The column of --time: numbers are read as years, or as what counts from 1970, where all are.

    Args:
        values: as the source holds them.
    """
    if inferred.kind not in ("integer", "number") or inferred.cells.unit:
        return inferred
    present = values.dropna()
    numbers = pd.to_numeric(present, errors="coerce")
    form = counted(present, POSSIBLE)
    if numbers.between(*YEARS).all() and (numbers % 1 == 0).all():
        form = "%Y"
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
    if present.dtype == "str":
        if mixed := mixed_orders(present):
            return BadInput(
                f"--time {name}: some dates have the day first, others the month: {mixed}; "
                "write all of them as 2026-11-23, and adopt again",
                code="mixed-date-orders",
            )
        failing = no_dates(present)
        if 0 < len(failing) < len(present):
            return BadInput(
                f"--time {name}: {count(len(failing), 'row')} of {len(present):,} have no date "
                f"like the others (first: {_row(failing)}); fix or leave out such rows, and adopt "
                "again, or leave --time out",
                code="not-a-date",
            )
    found = _row(present) if len(present) else "no value"
    return BadInput(
        f"--time {name}: expected dates such as 2026-11-23 or 2026-11-23T08:30:00, found "
        f"{kind} values ({found}); convert the column, or leave --time out",
        code="not-a-date",
    )


def mixed_orders(texts: pd.Series) -> str:
    """A row whose date has the day first and one whose date has the month; empty if not both."""
    parts = texts.str.extract(f"^{DAY_AND_MONTH}$")
    first, second = (pd.to_numeric(parts[at]) for at in (0, 2))
    days, months = texts[(first > 12) & (second <= 12)], texts[(second > 12) & (first <= 12)]
    return f"{_row(days)}, {_row(months)}" if len(days) and len(months) else ""


def no_dates(texts: pd.Series) -> pd.Series:
    """The texts that are in none of the usual forms of the others."""
    unique = texts.drop_duplicates()
    sample = unique.iloc[:SAMPLE_SIZE]
    left: list[pd.Series] = []
    for first in (True, False):
        forms = usual_forms(sample, day_first=first)
        left.append(unique[dates(unique, ColumnFormat(dates=forms)).isna()])
    day_first, month_first = left
    fewest = day_first if len(day_first) < len(month_first) else month_first
    return texts[texts.isin(fewest)]


def unread_dates(texts: pd.Series) -> tuple[tuple[str, ...], str]:
    """A note on texts that are mostly dates, and why the column is read as none; empty if not."""
    sample = texts.iloc[:SAMPLE_SIZE]
    if not len(texts) or 2 * sample.str.fullmatch(TIME_LIKE).sum() <= len(sample):
        return (), ""
    if mixed := mixed_orders(texts):
        reason = f"some of its dates have the day first, others the month: {mixed}; write all of "
        reason += "them as 2026-11-23, and adopt again"
        return (reason,), reason
    failing = no_dates(texts)
    if 2 * len(failing) >= len(texts):
        return (), ""
    reason = f"most of its values are dates, but not all: {count(len(failing), 'row')} (first: "
    words = [text for text in failing.unique() if not re.fullmatch(TIME_LIKE, text)]
    reason += f"{_row(failing)}){as_missing(words) if words else '; fix these, and adopt again'}"
    return (reason,), reason


def hints(frame: pd.DataFrame, kinds: dict[str, str], nullable: Sequence[str]) -> Iterator[str]:
    """Columns that could be the time of a table for which no --time was given.

    Args:
        kinds: the type of each column that has no role yet.
        nullable: those with missing values.
    """
    found = {"date": [name for name, kind in kinds.items() if kind == "date"]}
    for name, kind in kinds.items():
        if what := _like_time(frame[name].dropna(), kind):
            found.setdefault(what, []).append(name)
    risk = "a random split trains on the future"
    given = {what: " or ".join(f"--time {name!r}" for name in names[:3])
             for what, names in found.items() if names}  # fmt: skip
    for what in ("date", "number"):
        if what in given:
            names = found[what]
            gaps = " (fill its gaps first)" if set(names) <= set(nullable) else ""
            listed = " or ".join(map(repr, names[:3]))
            order = f"no --time given; if rows come in the order of {listed}"
            yield f"{order}, adopt again with {given[what]}{gaps}: {risk}"
    if "text" in given:
        shown = frame[found["text"][0]].dropna().iloc[0]
        looks = f"{found['text'][0]!r} looks like time ({shown!r:.40}) in a form that is not read"
        order = "if rows come in its order, write it as 2026-11-23 and adopt again with --time"
        yield f"{looks}; {order}: {risk}"
    if "part" in given:
        parts = ", ".join(map(repr, found["part"]))
        advice = "if so, join them in one column of dates and adopt again with --time"
        yield f"the time of a row may stand in {parts}; {advice}: {risk}"


def _like_time(present: pd.Series, kind: str) -> str:
    """How a column looks like time: as a `number`, a `text` or a `part`; empty if it does not."""
    name = str(present.name)
    if kind == "category":
        unique = present.drop_duplicates().iloc[:SAMPLE_SIZE]
        is_time = len(unique) > 2 and unique.str.fullmatch(TIME_LIKE).all()
        return "text" if is_time else ""
    if kind not in ("integer", "number") or present.nunique() < 2 or (present % 1 != 0).any():
        return "number" if kind == "number" and counting_reason(present) else ""
    if counting_reason(present):
        return "number"
    are_years = bool(present.between(*YEARS).all())
    if are_years and (NAMED_YEAR.fullmatch(name) or present.nunique() >= 3):
        return "number"
    highest = PARTS.get(name.lower(), 0)
    return "part" if highest and present.between(1, highest).all() else ""


def _row(values: pd.Series) -> str:
    return f"row {values.index[0] + 1} has {values.iloc[0]!r:.60}"
