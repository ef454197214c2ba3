"""Infers in which forms a column writes its dates, and what is ambiguous in them."""

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.inferred import SAMPLE_SIZE, DialectHints, InferredColumn, all_match
from engine.contract.date_columns import dates
from engine.contract.dates import plain
from engine.contract.format import ColumnFormat

ISO = r"\d{4}-\d{2}-\d{2}([T ].*)?"
CLOCK = re.compile(
    r"(?<!\d)\d{1,2}:\d{2}(?P<second>:\d{2})?(?P<fraction>[.,]\d{1,6})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?(?![\d:])",
    re.ASCII,
)
# Stands where the clock of a text was.
TIME = "\0"
# Parts of a date; a group has the name of its directive in `strptime`.
DAY, MONTH, YEAR = r"(?P<d>\d{1,2})", r"(?P<m>\d{1,2})", r"(?P<Y>\d{4})"
TWO_DAY, TWO_MONTH, ANY_YEAR = r"(?P<d>\d\d)", r"(?P<m>\d\d)", rf"({YEAR}|(?P<y>\d\d))"
# 'May' is taken for the short name that it is too.
LONG_NAMES = "|".join(name for name in month_name[1:] if name != "May")
NAME = f"((?P<B>{LONG_NAMES})|(?P<b>{'|'.join(month_abbr[1:])}))"
WEEKDAY = f"((?P<A>{'|'.join(day_name)})|(?P<a>{'|'.join(day_abbr)}))"
GAP, SIGN, SAME, QUARTER = "[ ,./:-]+", "(?P<sign>[-/.])", "(?P=sign)", "(?P<q>[1-4])"
# Days, perhaps with a clock behind them. Of two numbers either may be the month.
CLEAR = (
    f"{YEAR}{SIGN}{MONTH}{SAME}{DAY}", rf"{DAY}\.{MONTH}\.{ANY_YEAR}",
    f"{DAY}({GAP})?{NAME}({GAP})?{ANY_YEAR}", f"{NAME}({GAP})?{DAY}{GAP}{ANY_YEAR}",
    f"{YEAR}({GAP})?{NAME}({GAP})?{DAY}",
)  # fmt: skip
DAY_FIRST = f"{DAY}(?P<sign>[-/]){MONTH}{SAME}{ANY_YEAR}"
MONTH_FIRST = f"{MONTH}(?P<sign>[-/]){DAY}{SAME}{ANY_YEAR}"
# Months, quarters and weeks; times in another order, or without signs between their parts.
OTHERS = (
    f"{NAME}({GAP})?{ANY_YEAR}", f"{NAME}'(?P<y>\\d\\d)", f"{YEAR}({GAP})?{NAME}",
    f"{YEAR}[-/.M]{TWO_MONTH}", f"{MONTH}[-/.]{YEAR}",
    f"{YEAR}[ -]?Q{QUARTER}", f"Q{QUARTER}[ /'-]{ANY_YEAR}", f"{QUARTER}Q[ /'-]?{ANY_YEAR}",
    r"(?P<G>\d{4})-?W(?P<V>\d\d)(-(?P<u>[1-7]))?",
    f"({WEEKDAY}{GAP})?{NAME}{GAP}{DAY}{GAP}{TIME} {YEAR}",
    f"{YEAR}{SIGN}{MONTH}{SAME}{DAY}[ T](?P<H>\\d{{1,2}})",
    f"{YEAR}{TWO_MONTH}{TWO_DAY}({GAP}|T){TIME}",
    rf"{YEAR}{TWO_MONTH}{TWO_DAY}T(?P<H>\d\d)(?P<M>\d\d)((?P<S>\d\d)(?P<z>Z)?)?",
)  # fmt: skip
PATTERNS = {
    first: [
        re.compile(pattern, re.IGNORECASE | re.ASCII)
        for pattern in (
            *(f"({WEEKDAY}{GAP})?{day}(({GAP}|T){TIME})?" for day in (*CLEAR, ambiguous)),
            *OTHERS,
        )
    ]
    for first, ambiguous in ((True, DAY_FIRST), (False, MONTH_FIRST))
}
# Times as one number, in years of today's tables.
NOW, IN_YEAR = "(?P<Y>(19|20)[0-9]{2})", "(?P<m>0[1-9]|1[0-2])"
IN_MONTH, IN_DAY = r"(?P<d>[0-3]\d)", r"(?P<H>[0-2]\d)(?P<M>[0-5]\d)"
COMPACT = (
    f"{NOW}{IN_YEAR}{IN_MONTH}", f"{NOW}{IN_YEAR}", f"{NOW}{IN_YEAR}{IN_MONTH}{IN_DAY}",
    rf"{NOW}{IN_YEAR}{IN_MONTH}{IN_DAY}(?P<S>[0-5]\d)",
    rf"{IN_YEAR}\.{NOW}", rf"{NOW}\.{IN_YEAR}",
)  # fmt: skip
# 0000-00-00 and its like, which databases write for missing.
ZERO = "0+[0:./T -]*"
# More forms in one column are a mixture, not dates.
MOST_FORMS = 4
# So many numbers as 20261231 that are all days of the calendar are no coincidence.
FEWEST_DAYS = 10
# Days of a month under 'Jan-05' are soon so many; years are not.
MOST_YEARS = 24
# How far ahead of today a year of two digits may be.
AHEAD = 20


def infer_dates(texts: pa.Array, hints: DialectHints) -> InferredColumn | None:
    """The forms in which all `texts` are dates; None if there are none."""
    zeros = pc.match_substring_regex(texts, f"^({ZERO})$")
    missing = tuple(sorted(texts.filter(zeros).to_pylist()))
    texts = texts.filter(pc.invert(zeros)) if missing else texts
    sample = texts.slice(0, SAMPLE_SIZE).to_pylist()
    if not sample or not all(map(_is_date, sample)):
        return None
    values = pd.Series(texts.to_pandas().to_numpy(), dtype="str")
    inferred = _infer(values, hints)
    return inferred and replace(inferred, cells=replace(inferred.cells, missing=missing))


def _infer(values: pd.Series, hints: DialectHints) -> InferredColumn | None:
    if values.str.fullmatch(ISO).all() and dates(values).notna().all():
        return InferredColumn("date")
    orders = {first: forms for first in (True, False) if (forms := _forms(values, first))}
    if not orders:
        return None
    first, forms = next(iter(orders.items()))
    if len(orders) == 2 and orders[True] != orders[False]:
        first, why = hints.continental, "in doubt: no other column shows it"
        if hints.day_first is not None:
            first, why = hints.day_first, "as other columns write"
        cells, notes = _with_pivot(values, orders[first])
        note = f"{values.iloc[0]} is read {'day' if first else 'month'} first ({why})"
        return InferredColumn("date", cells, (note, *notes), ambiguous=True)
    if _may_be_days(values, forms):
        return None
    shows_order = len(orders) == 1 and re.search("%[dm][/-]%[dm]", forms[0])
    shown = DialectHints(day_first=first if shows_order else None)
    cells, notes = _with_pivot(values, forms)
    return InferredColumn("date", cells, (f"dates as {' or '.join(forms)}", *notes), shown)


def infer_compact(texts: pa.Array) -> InferredColumn | None:
    """Times written as one number (20261231, 202612, 12.2026); None if none, or too few to know."""
    if len(texts) < FEWEST_DAYS:
        return None
    pattern = next((pattern for pattern in COMPACT if all_match(texts, pattern)), None)
    match = re.fullmatch(pattern, texts[0].as_py()) if pattern else None
    if match is None:
        return None
    form = _form(match)
    cells = ColumnFormat(dates=(form,))
    are_dates = dates(pd.Series(texts.to_pandas().to_numpy(), dtype="str"), cells).notna().all()
    return InferredColumn("date", cells, (f"dates as {form}",)) if are_dates else None


def usual_forms(texts: Iterable[str], *, day_first: bool) -> tuple[str, ...]:
    """The forms of those `texts` that are dates."""
    forms = (form_of(text, day_first=day_first) for text in texts)
    return tuple(dict.fromkeys(form for form in forms if form))


def _is_date(text: str) -> bool:
    return bool(re.fullmatch(ISO, text) or form_of(text, day_first=True))


def _forms(texts: pd.Series, day_first: bool) -> tuple[str, ...]:
    """The forms that read every text, days before months or after; none if some are left."""
    forms: list[str] = []
    while not texts.empty:
        form = form_of(str(texts.iloc[0]), day_first=day_first)
        if not form or form in forms or len(forms) == MOST_FORMS:
            return ()
        forms.append(form)
        texts = texts[dates(texts, ColumnFormat(dates=(form,))).isna()]
    return tuple(forms)


def _may_be_days(values: pd.Series, forms: Sequence[str]) -> bool:
    """Whether 'Jan-05' may be the fifth of January: no number is beyond 31, and they are many."""
    if not all("%y" in form and "%d" not in form for form in forms):
        return False
    numbers = values.str.extract(r"(\d+)$")[0].astype("int64")
    return bool(numbers.between(1, 31).all() and numbers.nunique() > MOST_YEARS)


def _with_pivot(values: pd.Series, forms: tuple[str, ...]) -> tuple[ColumnFormat, tuple[str, ...]]:
    """The forms, and which century a year of two digits belongs to, with a note on it.

    Years are in the past as far as that makes the column's span no longer, as births are; what was
    not seen may be up to `AHEAD` years ahead.
    """
    cells = ColumnFormat(dates=forms)
    if not any("%y" in form for form in forms):
        return cells, ()
    today = datetime.now(UTC).year
    usual = dates(values, cells)
    past = dates(values, replace(cells, pivot=today))
    is_past = past.notna().all() and past.max() - past.min() <= usual.max() - usual.min()
    if is_past:
        cells = replace(cells, pivot=min(today + AHEAD, past.min().year + 99))
    note = f"the century of years of two digits is a guess, {cells.pivot - 99} to {cells.pivot}"
    return cells, (f"{note}; write four digits if it is wrong",)


def form_of(text: str, *, day_first: bool) -> str:
    """The form of one text as in `strptime`; empty if it is no usual one."""
    text, _ = plain(text)
    clock = CLOCK.search(text)
    day = f"{text[: clock.start()]}{TIME}{text[clock.end() :]}" if clock else text
    matches = (pattern.fullmatch(day) for pattern in PATTERNS[day_first])
    match = next(filter(None, matches), None)
    return _form(match).replace(TIME, _clock(clock)) if match else ""


def _form(match: re.Match[str]) -> str:
    """The text with a directive for each group; spaces are one."""
    form = match.string
    groups = {name for name, text in match.groupdict().items() if text} - {"sign"}
    for name in sorted(groups, key=match.start, reverse=True):
        form = f"{form[: match.start(name)]}%{name}{form[match.end(name) :]}"
    return re.sub(" +", " ", form)


def _clock(clock: re.Match[str] | None) -> str:
    if clock is None:
        return ""
    fraction, half, zone = (clock[name] or "" for name in ("fraction", "half", "zone"))
    second = (":%S" if clock["second"] else "") + (f"{fraction[0]}%f" if fraction else "")
    # A space before them stays.
    half, zone = re.sub("[^ ]+", "%p", half), re.sub("[^ ]+", "%z", zone)
    return f"{'%I:%M' if half else '%H:%M'}{second}{half}{zone}"
