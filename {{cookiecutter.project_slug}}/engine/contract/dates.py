"""Reads one date as tables write it; standard library only.

`engine.contract.date_columns` reads whole columns in the same way.
"""

import math
import re
from calendar import isleap
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from engine.contract.format import ISO, ColumnFormat

# Dates that are counted: microseconds in one unit of the number, and from 1970 to its zero.
SPREADSHEET = "days since 1899-12-30"
EPOCHS = {
    "seconds since 1970": (Decimal(1_000_000), 0),
    "milliseconds since 1970": (Decimal(1_000), 0),
    "microseconds since 1970": (Decimal(1), 0),
    "nanoseconds since 1970": (Decimal("0.001"), 0),
    SPREADSHEET: (Decimal(86_400_000_000), -25_569 * 86_400_000_000),
}
COUNTED = r"[+-]?[0-9]{1,19}(\.[0-9]{1,15})?"
ORIGIN = datetime(1970, 1, 1)  # dates of a table have no zone
# 'UTC' behind a time is an offset of 0; Java adds the name of a zone to its offset.
ZONE_NAME = r" ?(UTC|GMT)$"
ZONE_NOTE = r"\[[A-Za-z/_+-]+\]$"
# ISO 8601: the end of a day is 24:00, which is 00:00 of the next one.
MIDNIGHT = r"([T ])24(:00(:00(\.0+)?)?)($|[^0-9:.])"
# `strptime` has no quarters: the first month stands for each. Nor does it read a week alone.
QUARTER = re.compile(r"(?i)Q([1-4])(?![0-9])|(?<![0-9])([1-4])Q")
# What `plain` may change; the pattern spares most texts that.
MAY_CHANGE = r".*(UTC|GMT|\]|[T ]24:00.*)"


def read_date(cells: ColumnFormat, text: str) -> str | None:
    """The date in ISO 8601, without an offset; None if `text` is none of the format's dates.

    Dates with an offset are converted to UTC: a model has one clock.
    """
    text, is_midnight = plain(text)
    for form in cells.dates:
        date = _counted(text, form) if form in EPOCHS else _formed(text, form, cells.pivot)
        if date:
            return _later(date, is_midnight)
    if match := re.fullmatch(ISO, text):
        day, time, offset = match[1], match[2] or "T00:00", (match[5] or "").strip()
        return _later(_utc(datetime.fromisoformat, day + time + offset), is_midnight)
    return None


def plain(text: str) -> tuple[str, bool]:
    """The text as `strptime` and ISO readers take it, and whether it was 24:00 of its day."""
    text = re.sub(ZONE_NAME, "Z", re.sub(ZONE_NOTE, "", text))
    return re.subn(MIDNIGHT, r"\g<1>00\2\5", text, count=1)  # type: ignore[return-value]


def microseconds(text: str, form: str) -> int:
    """Microseconds since 1970 of a number that is counted in one of the `EPOCHS`.

    Parts of a day are rounded to milliseconds, as spreadsheets do: a float has no more of them.
    """
    unit, first = EPOCHS[form]
    if form == SPREADSHEET:
        return round(Decimal(text) * unit / 1000) * 1000 + first
    return math.floor(Decimal(text) * unit) + first


def strptime_form(form: str) -> str:
    """A form of a contract as `strptime` takes it, for a text after `strptime_text`."""
    return f"{form}-%u" if form.endswith("%V") else re.sub("(?i)Q%q|%qQ", "§%m", form)


def strptime_text(text: str, form: str) -> str:
    """A text whose quarter is its first month, and whose week is its Monday."""
    if "%q" in form:
        text = QUARTER.sub(lambda match: f"§{3 * int(match[1] or match[2]) - 2:02}", text)
    return f"{text}-1" if form.endswith("%V") else text


def _formed(text: str, form: str, pivot: int) -> datetime | None:
    text, strptime = strptime_text(text, form), strptime_form(form)
    date = _utc(datetime.strptime, text, strptime)
    if date is None or "%y" not in form:
        return date
    year = pivot - (pivot - date.year) % 100
    is_day = (date.month, date.day) != (2, 29) or isleap(year)
    return date.replace(year=year) if is_day else None


def _counted(text: str, form: str) -> datetime | None:
    if not re.fullmatch(COUNTED, text):
        return None
    return _utc(lambda: ORIGIN + timedelta(microseconds=microseconds(text, form)))


def _later(date: datetime | None, is_midnight: bool) -> str | None:
    if date is not None and is_midnight:
        midnight = date
        date = _utc(lambda: midnight + timedelta(days=1))
    return date.isoformat() if date else None


def _utc(read: Callable[..., datetime], *texts: str) -> datetime | None:
    try:
        date = read(*texts)
        return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date
    except (ValueError, OverflowError):
        return None
