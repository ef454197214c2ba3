"""Finds out in which forms a column writes its dates, and says so where the order is open."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from engine.contract.cells import dates

ISO = r"\d{4}-\d{2}-\d{2}([T ].*)?"
NUMERIC = re.compile(
    r"(?:(?P<year>\d{4})(?P<a>[/.])\d{1,2}(?P=a)\d{1,2}"
    r"|\d{1,2}(?P<b>[-/.])\d{1,2}(?P=b)(?P<end>\d{4}|\d{2}))(?P<rest>\D.*)?"
)
NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})(?P<a>[ -])(?P<month>[A-Za-z]{3,9})(?P<b>[ -])"
    r"|(?P<first>[A-Za-z]{3,9}) \d{1,2}(?P<c>,?) )(?P<end>\d{4}|\d{2})(?P<rest>\D.*)?"
)
TIME = re.compile(
    r"(?P<gap>T| |, )\d{1,2}:\d{2}(?P<second>:\d{2})?(?P<part>\.\d{1,6})?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|[+-]\d{2}:?\d{2}))?"
)
# A column that writes its dates in more forms than this is a mixture that nobody meant.
MOST_FORMS = 4


@dataclass(frozen=True)
class Forms:
    """The forms of a column's dates, as `strptime` has them.

    `day_first` is None where the column does not tell; `open`: another column may.
    """

    forms: tuple[str, ...]
    note: str
    day_first: bool | None = None
    open: bool = False


def is_dated(text: str) -> bool:
    """Could it be a date in one of the usual forms?"""
    return bool(re.fullmatch(ISO, text) or next(_forms(text, day_first=True), None))


def forms_of(texts: pd.Series, day_first: bool | None, continental: bool) -> Forms | None:
    """The forms in which all `texts` are dates; None if there are none.

    Args:
        day_first: what other columns of the table say of 3/4/2026, if anything.
        continental: what the rest of the table lets one suppose.
    """
    orders = {order: found for order in (True, False) if (found := _all_forms(texts, order))}
    if not orders:
        return None
    if len(orders) == 1 or orders[True] == orders[False]:
        order, forms = next(iter(orders.items()))
        tells = len(orders) == 1 and re.search("%[dm][/-]%[dm]", forms[0])
        return Forms(forms, f"dates as {' or '.join(forms)}", order if tells else None)
    order = continental if day_first is None else day_first
    said = "day first" if order else "month first"
    why = "as other columns write" if day_first is not None else "in doubt: no column tells"
    return Forms(orders[order], f"{texts.iloc[0]} is read {said} ({why})", open=True)


def _all_forms(texts: pd.Series, day_first: bool) -> tuple[str, ...]:
    """The forms that read every text, days before months or after; none if some are left."""
    forms: list[str] = []
    rest = texts
    while not rest.empty:
        form = next(_forms(str(rest.iloc[0]), day_first=day_first), None)
        if form is None or form in forms or len(forms) == MOST_FORMS:
            return ()
        forms.append(form)
        rest = rest[dates(rest, (form,)).isna()]
    return tuple(forms)


def _forms(text: str, *, day_first: bool) -> Iterator[str]:
    """The form of one text, if it is one of the usual."""
    if found := NUMERIC.fullmatch(text):
        if found["year"]:
            sign = found["a"]
            day = f"%Y{sign}%m{sign}%d"
        else:
            sign, end = found["b"], _year(found["end"])
            # Nobody writes months first with points between.
            first, second = ("d", "m") if day_first or sign == "." else ("m", "d")
            day = f"%{first}{sign}%{second}{sign}{end}"
    elif found := NAMED.fullmatch(text):
        end = _year(found["end"])
        month = "%b" if len(found["month"] or found["first"]) == 3 else "%B"
        day = (
            f"%d{found['a']}{month}{found['b']}{end}"
            if found["day"]
            else f"{month} %d{found['c']} {end}"
        )
    else:
        return
    if not found["rest"]:
        yield day
    elif time := TIME.fullmatch(found["rest"]):
        hour = "%I:%M" if time["half"] else "%H:%M"
        second = ("%S" if time["second"] else "") and ":%S"
        half = " %p" if (time["half"] or "").startswith(" ") else "%p" if time["half"] else ""
        zone = " %z" if (time["zone"] or "").startswith(" ") else "%z" if time["zone"] else ""
        yield f"{day}{time['gap']}{hour}{second}{'.%f' if time['part'] else ''}{half}{zone}"


def _year(digits: str) -> str:
    return "%Y" if len(digits) == 4 else "%y"
