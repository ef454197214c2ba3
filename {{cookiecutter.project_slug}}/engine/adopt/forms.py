"""Infers in which forms a column writes its numbers and dates, and what is ambiguous in them."""

import re
from dataclasses import replace
from unicodedata import category

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.exact import without_merging
from engine.adopt.inferred import SAMPLE_SIZE, DialectHints, InferredColumn, all_match, any_match
from engine.contract.cells import dates, is_infinite, strip_units
from engine.contract.column import ColumnType
from engine.contract.format import INFINITE, ColumnFormat, number_pattern, sign_pattern

SPACES = (" ", "'", "’")
# Signs of numbers as (decimal, thousands); the first that fits, unless the hints decide.
STYLES = ((".", ""), (",", ""), (".", ","), (",", "."),
          *((point, space) for space in SPACES for point in ".,"))  # fmt: skip
# Other ways to write -1, and how to recognise them.
NEGATIVES = {"(1)": r"\(.*\)", "−1": ".*−.*", "1-": r".*\d ?-[^\d]*"}
# All of a number but its unit.
UNITLESS = re.compile("[0-9., '’\u00a0\u202f\u2009()+−-]")
LONGEST_UNIT = 10
CURRENCIES = {
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "FR.", "GBP", "HUF", "INR", "JPY",
    "KR", "MXN", "NOK", "PLN", "RON", "RS", "SEK", "SGD", "TRY", "USD", "ZAR",
}  # fmt: skip
# What may be meant as a number: digits and the signs around them, and hardly a letter.
SIMILAR = r"[^\pL]{0,4}([A-Z]{3} ?)?[^\pL]*\d[^\pL]*( ?[A-Z]{3})?"
EXAMPLES = 3
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


def infer_numbers(texts: pa.Array, hints: DialectHints) -> InferredColumn | None:
    """Numbers in one form, perhaps infinite ones among them; None if not all texts are such."""
    infinite = pc.match_substring_regex(texts, f"^({INFINITE})$", ignore_case=True)
    finite = texts.filter(pc.invert(infinite))
    if not len(finite):
        return None
    inferred = _plain(finite, hints) or _with_unit(finite, hints)
    # Too large for a float, or written as infinite: the pattern spares most columns the full test.
    large = any_match(texts, rf"{INFINITE}|.*[eE]\+?\d{{3,}}|\d{{300,}}.*", ignore_case=True)
    large = large and bool(is_infinite(pd.Series(texts.to_pylist(), dtype="str")).any())
    if inferred and inferred.kind != "category" and large:
        return replace(inferred, cells=replace(inferred.cells, infinite=True))
    return inferred if len(finite) == len(texts) else None


def _with_unit(texts: pa.Array, hints: DialectHints) -> InferredColumn | None:
    """Numbers with a unit, or less than 0 by another sign than '-1'."""
    negative = tuple(form for form, pattern in NEGATIVES.items() if any_match(texts, pattern))
    text = texts[0].as_py()
    unit = UNITLESS.sub("", text)
    # A text before a number names something ('A1'), except for money; behind it, it is a unit.
    is_behind = not text.lstrip("(+-−").startswith(unit)
    is_money = unit.upper() in CURRENCIES or any(category(sign) == "Sc" for sign in unit)
    is_unit = is_behind or is_money if unit else bool(negative)
    if not is_unit or len(unit) > LONGEST_UNIT:
        return None
    sample = texts.slice(0, SAMPLE_SIZE)
    if any(_without_unit(part, unit, negative).null_count for part in (sample, texts)):
        return None
    inferred = _plain(_without_unit(texts, unit, negative), hints, has_unit=True)
    if inferred is None or inferred.kind == "category":
        return None
    notes: tuple[str, ...] = (f"every cell has {unit!r}, which is left aside",) if unit else ()
    notes += (f"as {' or '.join(map(repr, negative))} stands for -1",) if negative else ()
    cells = replace(inferred.cells, unit=unit, negative=negative)
    return replace(inferred, cells=cells, notes=(*notes, *inferred.notes))


def _without_unit(texts: pa.Array, unit: str, negative: tuple[str, ...]) -> pa.Array:
    series = pd.Series(texts.to_pandas(), dtype="str")
    stripped = strip_units(series, ColumnFormat(unit=unit, negative=negative))
    return pa.array(stripped, pa.string(), from_pandas=True)


def _plain(
    texts: pa.Array, hints: DialectHints, *, has_unit: bool = False
) -> InferredColumn | None:
    fitting = [style for style in STYLES if all_match(texts, number_pattern(*style))]
    if not fitting:
        return None
    if all_match(texts, r"[+-]?\d+"):
        if any_match(texts, r"[+-]?0\d+"):
            return InferredColumn("category", notes=("leading zeros: codes, not numbers",))
        return without_merging(texts, texts, InferredColumn("integer"), has_unit=has_unit)
    decimal, thousands = fitting[0]
    ambiguous = len({point for point, _ in fitting}) > 1
    if ambiguous:
        # 1,234 and 1.234 are one number in one country and another in the next.
        expected = "," if hints.continental else "."
        decimal, thousands = next(style for style in fitting if style[0] == expected)
    notes: tuple[str, ...] = ("decimal comma",) if decimal == "," else ()
    notes += (f"{thousands!r} groups digits",) if thousands else ()
    if ambiguous and (decimal, thousands) != STYLES[0] and thousands not in SPACES:
        text = texts[0].as_py()
        meant = text.replace(thousands, "") if thousands else text.replace(decimal, ".")
        why = "as other columns write" if hints.decimal else "in doubt: no other column shows it"
        notes += (f"{text} is read as {meant} ({why})",)
    is_whole = bool(thousands) and all_match(texts, rf"[^{re.escape(decimal)}eE]*")
    cells = ColumnFormat(decimal=decimal, thousands=thousands)
    shown = DialectHints(decimal=None if ambiguous else decimal)
    kind: ColumnType = "integer" if is_whole else "number"
    plain = pc.replace_substring_regex(texts, sign_pattern(thousands), "") if thousands else texts
    plain = pc.replace_substring(plain, decimal, ".")
    inferred = InferredColumn(kind, cells, notes, shown, ambiguous)
    return without_merging(texts, plain, inferred, has_unit=has_unit)


def unread(texts: pa.Array) -> tuple[tuple[str, ...], str]:
    """A note on texts that are plainly numbers among others, and why the column reads none.

    The reason is empty where fewer than half of the different texts look like numbers.
    """
    if len(texts) < 2:
        return (), ""
    plain = pc.match_substring_regex(texts, f"^({number_pattern('.', '')})$")
    similar = pc.match_substring_regex(texts, f"^({SIMILAR})$")
    total, numbers = len(texts), pc.sum(plain).as_py() or 0
    others = texts.filter(pc.invert(plain if numbers else similar)) or texts
    listed = ", ".join(f"{text!r:.30}" for text in others.slice(0, EXAMPLES).to_pylist())
    note = f"mixed: {numbers} of {total} different values are numbers, not {listed}"
    if total - numbers <= EXAMPLES:
        note += '; if these mean missing, add metadata={"missing": […]}'
    notes = (note,) if numbers else ()
    if 2 * (pc.sum(similar).as_py() or 0) < total:
        return notes, ""
    reason = f"most of its {total} different values look like numbers, but not all in one form, "
    reason += f"such as {listed}; if it measures, write each as 1234.5 or leave it empty, and adopt"
    return notes, f"{reason} again"


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
