"""Infers the forms in which a column writes its dates; notes where the order is ambiguous."""

import re

import pandas as pd
import pyarrow as pa

from engine.adopt.inferred import SAMPLE_SIZE, DialectHints, InferredColumn, all_match
from engine.contract.cells import dates
from engine.contract.format import ColumnFormat

ISO = r"\d{4}-\d{2}-\d{2}([T ].*)?"
COMPACT = r"(19|20)\d{2}[01]\d[0-3]\d"
NUMERIC = re.compile(
    r"(?:(?P<year>\d{4})(?P<a>[/.])\d{1,2}(?P=a)\d{1,2}"
    r"|\d{1,2}(?P<b>[-/.])\d{1,2}(?P=b)(?P<end>\d{4}|\d{2}))(?P<rest>\D.*)?"
)
NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})(?P<a>[ -])(?P<month>[A-Za-z]{3,9})(?P<b>[ -])"
    r"|(?P<first>[A-Za-z]{3,9}) \d{1,2}(?P<c>,?) )(?P<end>\d{4}|\d{2})(?P<rest>\D.*)?"
)
TIME = re.compile(
    r"(?P<gap>T| |, )\d{1,2}:\d{2}(?P<second>:\d{2})?(?P<fraction>\.\d{1,6})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?"
)
# More forms in one column are a mixture, not dates.
MOST_FORMS = 4
# So many numbers as 20261231 that are all days of the calendar are no coincidence.
FEWEST_DAYS = 10


def infer_dates(texts: pa.Array, hints: DialectHints) -> InferredColumn | None:
    """The forms in which all `texts` are dates; None if there are none."""
    sample = texts.slice(0, SAMPLE_SIZE).to_pylist()
    if not all(re.fullmatch(ISO, text) or _form(text, day_first=True) for text in sample):
        return None
    values = pd.Series(texts.to_pandas().to_numpy(), dtype="str")
    if all_match(texts, ISO) and dates(values).notna().all():
        return InferredColumn("date")
    orders = {first: forms for first in (True, False) if (forms := _forms(values, first))}
    if not orders:
        return None
    first, forms = next(iter(orders.items()))
    if len(orders) == 2 and orders[True] != orders[False]:
        first, why = hints.continental, "in doubt: no other column shows it"
        if hints.day_first is not None:
            first, why = hints.day_first, "as other columns write"
        note = f"{values.iloc[0]} is read {'day' if first else 'month'} first ({why})"
        return InferredColumn("date", ColumnFormat(dates=orders[first]), (note,), ambiguous=True)
    shows_order = len(orders) == 1 and re.search("%[dm][/-]%[dm]", forms[0])
    shown = DialectHints(day_first=first if shows_order else None)
    notes = (f"dates as {' or '.join(forms)}",)
    return InferredColumn("date", ColumnFormat(dates=forms), notes, shown)


def infer_compact_days(texts: pa.Array) -> InferredColumn | None:
    """Days as 20261231; None if the texts are none, or too few to know."""
    if len(texts) < FEWEST_DAYS or not all_match(texts, COMPACT):
        return None
    values, form = pd.Series(texts.to_pandas().to_numpy(), dtype="str"), "%Y%m%d"
    are_days = dates(values, (form,)).notna().all()
    cells = ColumnFormat(dates=(form,))
    return InferredColumn("date", cells, (f"dates as {form}",)) if are_days else None


def _forms(texts: pd.Series, day_first: bool) -> tuple[str, ...]:
    """The forms that read every text, days before months or after; none if some are left."""
    forms: list[str] = []
    while not texts.empty:
        form = _form(str(texts.iloc[0]), day_first=day_first)
        if not form or form in forms or len(forms) == MOST_FORMS:
            return ()
        forms.append(form)
        texts = texts[dates(texts, (form,)).isna()]
    return tuple(forms)


def _form(text: str, *, day_first: bool) -> str:
    """The form of one text as in `strptime`; empty if it is no usual one."""
    match = NUMERIC.fullmatch(text) or NAMED.fullmatch(text)
    if match is None:
        return ""
    groups = match.groupdict()
    year = "%Y" if len(groups["end"] or "year") == 4 else "%y"
    if groups.get("year"):
        day = "%Y{a}%m{a}%d".format(**groups)
    elif match.re is NUMERIC:
        # Dates with points have the day first.
        is_first = day_first or groups["b"] == "."
        day = ("%d{b}%m{b}" if is_first else "%m{b}%d{b}").format(**groups) + year
    else:
        month = "%b" if len(groups["month"] or groups["first"]) == 3 else "%B"
        day = f"%d{groups['a']}{month}{groups['b']}{year}"
        day = day if groups["day"] else f"{month} %d{groups['c']} {year}"
    if not groups["rest"]:
        return day
    time = TIME.fullmatch(groups["rest"])
    if time is None:
        return ""
    second = (":%S" if time["second"] else "") + (".%f" if time["fraction"] else "")
    # A space before them stays.
    half = re.sub("[^ ]+", "%p", time["half"] or "")
    zone = re.sub("[^ ]+", "%z", time["zone"] or "")
    hour = "%I:%M" if half else "%H:%M"
    return f"{day}{time['gap']}{hour}{second}{half}{zone}"
