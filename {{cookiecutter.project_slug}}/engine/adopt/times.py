"""Times that a column holds in another way than as dates: counted, or written in several forms."""

import re
from decimal import Decimal

import pandas as pd

from engine.adopt.date_forms import usual_forms
from engine.adopt.inferred import SAMPLE_SIZE
from engine.adopt.number_forms import as_missing
from engine.contract.date_columns import dates
from engine.contract.dates import EPOCHS, SPREADSHEET
from engine.contract.format import ColumnFormat
from engine.pages.formatting import count

# The years that numbers which count time are taken to be in: without --time, and with it.
LIKELY, POSSIBLE = (2000, 2040), (1980, 2100)
# So many values that are all years, or all times, are no coincidence.
FEWEST_TIMES = 20
NAMED_DATE = re.compile(
    r"(?i:(.*[_. -])?(date|datum|fecha|dt|datetime|timestamp|ts|created|updated)"
    r"([_. -](at|on|of[_. -].*|utc|local|time|id|key|ts))?)|.*[a-z](Date|Timestamp|DT)"
)
DAY_AND_MONTH = r"(\d{1,2})([-/])(\d{1,2})[-/](?:\d{4}|\d{2})(?:\D.*)?"
# A year among other signs, a day, or a month's name and a clock; not times of day alone.
TIME_LIKE = (
    r"(?s)(.*\D)?(19|20)\d{2}(\D.*)?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}(\D.*)?"
    r"|\d{1,2}[-/.][^\W\d]{3,9}[-/.]\d{2}(\D.*)?|[^\W\d]{3,9} +\d{1,2} \d{1,2}:\d{2}.*"
)
ZONE = r".*(:\d{2}|T\d{4})\S*? ?(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)( \d{4}|\[.*\])?"


def zones(values: pd.Series) -> tuple[bool, tuple[str, ...]]:
    """Whether times have an offset, and a note where some have none."""
    if not isinstance(values.dtype, pd.StringDtype):
        return isinstance(values.dtype, pd.DatetimeTZDtype), ()
    present = values.dropna()
    zoned = present.str.fullmatch(ZONE)
    if not zoned.any() or zoned.all():
        return bool(zoned.any()), ()
    local = present[~zoned]
    first = f"first: row {local.index[0] + 1}"
    return True, (f"{len(local)} of {len(present)} have no offset, taken for UTC ({first})",)


def counted(values: pd.Series, years: tuple[int, int]) -> str | None:
    """What numbers count, if each is a time in these `years`: a key of `EPOCHS`."""
    present = pd.to_numeric(values, errors="coerce") if values.dtype == "str" else values
    if present.isna().any() or not len(present):
        return None
    begin, end = (pd.Timestamp(year, 1, 1).timestamp() * 1e6 for year in years)
    low, high = float(present.min()), float(present.max())
    fitting = (
        form
        for form, (unit, first) in EPOCHS.items()
        if begin <= low * float(unit) + first and high * float(unit) + first < end
    )
    return next(fitting, None)


def counting_reason(present: pd.Series) -> str | None:
    """Why numbers that count time are no input as they are.

    So small numbers as a spreadsheet's days may as well be prices: there the name decides.
    """
    form = counted(present, LIKELY) if present.nunique() >= FEWEST_TIMES else None
    if form is None or (form == SPREADSHEET and not NAMED_DATE.fullmatch(str(present.name))):
        return None
    first = dates(present.iloc[:1], ColumnFormat(dates=(form,))).iloc[0]
    number = Decimal(str(present.iloc[0])).normalize()
    shown = f"{number:f} is {first.round('s').isoformat()}"
    advice = f"adopt again with --time {present.name!r} if the decision was due then"
    return f"it counts {form}: {shown}; {advice}"


def mixed_orders(texts: pd.Series) -> str:
    """A row whose date has the day first and one whose date has the month; empty if not both."""
    parts = texts.str.extract(f"^{DAY_AND_MONTH}$")
    first, second = (pd.to_numeric(parts[at]) for at in (0, 2))
    days, months = texts[(first > 12) & (second <= 12)], texts[(second > 12) & (first <= 12)]
    if days.empty or months.empty:
        return ""
    rows = f"{first_row(days)}, {first_row(months)}"
    return f"some dates have the day first, others the month: {rows}; write all as 2026-11-23"


def no_dates(texts: pd.Series) -> pd.Series:
    """The texts that are in none of the usual forms of the others."""
    unique = texts.drop_duplicates()
    unread: list[pd.Series] = []
    for first in (True, False):
        forms = usual_forms(unique.iloc[:SAMPLE_SIZE], day_first=first)
        unread.append(unique[dates(unique, ColumnFormat(dates=forms)).isna()])
    fewest = unread[0] if len(unread[0]) < len(unread[1]) else unread[1]
    return texts[texts.isin(fewest)]


def unread_dates(texts: pd.Series) -> str:
    """Why texts that are mostly dates are read as none; empty if they are not."""
    sample = texts.iloc[:SAMPLE_SIZE]
    if 2 * sample.str.fullmatch(TIME_LIKE).sum() <= len(sample):
        return ""
    if mixed := mixed_orders(texts):
        return f"{mixed}, and adopt again"
    failing = no_dates(texts)
    if 2 * len(failing) >= len(texts):
        return ""
    words = [text for text in failing.unique() if not re.fullmatch(TIME_LIKE, text)]
    advice = as_missing(words) if words else "; fix these, and adopt again"
    shown = f"{count(len(failing), 'row')} (first: {first_row(failing)})"
    return f"most of its values are dates, but not all: {shown}{advice}"


def first_row(values: pd.Series) -> str:
    """The first value and its row, as a message names them."""
    return f"row {values.index[0] + 1} has {values.iloc[0]!r:.60}"
