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
from engine.contract.dates import WEEK, plain
from engine.contract.format import ColumnFormat

ISO = r"\d{4}-\d{2}-\d{2}([T ].*)?"
TOKEN = re.compile(r"[0-9]+|[^\W\d_]+|[\W_]+")
CLOCK = re.compile(
    r"(?<!\d)\d{1,2}:\d{2}(?P<second>:\d{2})?(?P<fraction>[.,]\d{1,6})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?(?![\d:])"
)
# Names as `strptime` knows them.
NAMES = {name.lower(): "%b" for name in month_abbr[1:]}
NAMES |= {name.lower(): "%B" for name in month_name[1:] if name != "May"}
NAMES |= {name.lower(): "%a" for name in day_abbr} | {name.lower(): "%A" for name in day_name}
SEPARATORS = r"[ ,./:-]+"
# Months, quarters, weeks, and times without signs between their parts.
PERIODS = (
    (r"\d{4}M\d{2}", "%YM%m"), (r"\d{4}Q[1-4]", "%YQ%q"), (r"\d{4}-Q[1-4]", "%Y-Q%q"),
    (r"\d{4} Q[1-4]", "%Y Q%q"), (r"Q[1-4] \d{4}", "Q%q %Y"), (r"Q[1-4]/\d{4}", "Q%q/%Y"),
    (r"Q[1-4]-\d{4}", "Q%q-%Y"), (r"\d{4}-W\d{2}", WEEK), (r"\d{8}T\d{6}", "%Y%m%dT%H%M%S"),
    (r"\d{8}T\d{6}Z", "%Y%m%dT%H%M%S%z"), (r"\d{8}T\d{4}", "%Y%m%dT%H%M"),
)  # fmt: skip
YEAR, MONTH = "(19|20)[0-9]{2}", "(0[1-9]|1[0-2])"
COMPACT = (
    (rf"{YEAR}{MONTH}[0-3]\d", "%Y%m%d"), (f"{YEAR}{MONTH}", "%Y%m"),
    (rf"{YEAR}{MONTH}[0-3]\d[0-2]\d[0-5]\d", "%Y%m%d%H%M"),
    (rf"{YEAR}{MONTH}[0-3]\d[0-2]\d[0-5]\d[0-5]\d", "%Y%m%d%H%M%S"),
    (rf"{MONTH}\.{YEAR}", "%m.%Y"), (rf"{YEAR}\.{MONTH}", "%Y.%m"),
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
    if inferred is None or not missing:
        return inferred
    cells = replace(inferred.cells, missing=missing)
    note = f"no days, so missing: {', '.join(map(repr, missing))}"
    return replace(inferred, cells=cells, notes=(*inferred.notes, note))


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
    form = next((form for pattern, form in COMPACT if all_match(texts, pattern)), None)
    if form is None:
        return None
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
    for pattern, form in PERIODS:
        if re.fullmatch(pattern, text):
            return form
    clock = CLOCK.search(text)
    start, end = clock.span() if clock else (len(text), len(text))
    before, after = TOKEN.findall(text[:start]), TOKEN.findall(text[end:])
    parts = _parts([*before, *after], day_first=day_first, timed=clock is not None)
    if not parts:
        return ""
    return "".join((*parts[: len(before)], _clock(clock), *parts[len(before) :]))


def _clock(clock: re.Match[str] | None) -> str:
    if clock is None:
        return ""
    fraction, half, zone = (clock[name] or "" for name in ("fraction", "half", "zone"))
    second = (":%S" if clock["second"] else "") + (f"{fraction[0]}%f" if fraction else "")
    # A space before them stays.
    half, zone = re.sub("[^ ]+", "%p", half), re.sub("[^ ]+", "%z", zone)
    return f"{'%I:%M' if half else '%H:%M'}{second}{half}{zone}"


def _parts(tokens: Sequence[str], *, day_first: bool, timed: bool) -> list[str]:
    """What each token of a day is, as in `strptime`; none if it is no usual day."""
    parts = [NAMES.get(token.lower(), token) for token in tokens]
    numbers = [at for at, token in enumerate(tokens) if token.isdecimal()]
    signs = [at for at, token in enumerate(tokens) if re.fullmatch(SEPARATORS, token)]
    named = [at for at, part in enumerate(parts) if part in ("%b", "%B")]
    known = {*numbers, *signs, *(at for at, part in enumerate(parts) if part in NAMES.values())}
    rest = [tokens[at] for at in range(len(tokens)) if at not in known]
    if not numbers or 0 in signs or len(named) > 1 or rest not in ([], ["T"]):
        return []
    lengths = [len(tokens[at]) for at in numbers]
    if named:
        found = _named(lengths, is_behind=numbers[0] > named[0], timed=timed)
    else:
        between = [tokens[at + 1] for at in numbers[:-1]]
        found = _numeric(lengths, between, day_first=day_first, timed=timed)
    if not found:
        return []
    for at in signs:
        parts[at] = re.sub(" +", " ", tokens[at])
    for at, directive in zip(numbers, found, strict=True):
        parts[at] = directive
    return parts


def _named(lengths: Sequence[int], *, is_behind: bool, timed: bool) -> list[str]:
    """The directives of the numbers beside a month's name."""
    if len(lengths) == 2 and sorted(lengths) in ([1, 4], [2, 4]):
        return ["%Y" if length == 4 else "%d" for length in lengths]
    if len(lengths) == 2 and lengths[0] <= 2 == lengths[1]:
        return ["%d", "%y"]
    if len(lengths) == 1 and not timed:
        return ["%Y"] if lengths == [4] else ["%y"] if lengths == [2] and is_behind else []
    return []


def _numeric(
    lengths: Sequence[int], between: Sequence[str], *, day_first: bool, timed: bool
) -> list[str]:
    """The directives of numbers alone, by their lengths and the signs behind them."""
    if lengths == [8] and timed:
        return ["%Y%m%d"]
    found: list[str] = []
    if not between or between[0] not in ("-", "/", "."):
        return found
    if len(lengths) == 2 and not timed:
        found = ["%Y", "%m"] if lengths == [4, 2] else ["%m", "%Y"] if lengths[1] == 4 else []
    elif len(lengths) > 2 and between[1] == between[0]:
        if lengths[0] == 4 and max(lengths[1:]) <= 2:
            is_hour = len(lengths) == 4 and between[2] in (" ", "T") and not timed
            found = ["%Y", "%m", "%d", "%H"][: len(lengths)] if len(lengths) == 3 or is_hour else []
        elif len(lengths) == 3 and max(lengths[:2]) <= 2 and lengths[2] in (2, 4):
            # Dates with points have the day first.
            first = ["%d", "%m"] if day_first or between[0] == "." else ["%m", "%d"]
            found = [*first, "%Y" if lengths[2] == 4 else "%y"]
    return found
