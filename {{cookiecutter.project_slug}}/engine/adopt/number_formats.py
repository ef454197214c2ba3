"""Finds out in which form a column writes its numbers, and says why where it reads none."""

import re
from dataclasses import replace
from unicodedata import category

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.inferred import SAMPLE_SIZE, DialectHints, Found, all_match, any_match
from engine.contract.cells import is_infinite, strip_units
from engine.contract.format import INFINITE, ColumnFormat, number_pattern

SPACES = (" ", "'", "’")
# Signs of numbers as (decimal, thousands), the first that fits unless the table has another habit.
STYLES = ((".", ""), (",", ""), (".", ","), (",", "."),
          *((point, space) for space in SPACES for point in ".,"))  # fmt: skip
# All of a number but its unit.
UNDRESSED = re.compile("[0-9., '’\u00a0\u202f\u2009()+−-]")
LONGEST_UNIT = 10
CURRENCIES = {
    "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "FR.", "GBP", "HUF", "INR", "JPY",
    "KR", "MXN", "NOK", "PLN", "RON", "RS", "SEK", "SGD", "TRY", "USD", "ZAR",
}  # fmt: skip
# What may be meant as a number: digits and the signs around them, and hardly a letter.
SEEMS = r"[^\pL]{0,4}([A-Z]{3} ?)?[^\pL]*\d[^\pL]*( ?[A-Z]{3})?"
EXAMPLES = 3


def figures(texts: pa.Array, known: DialectHints) -> Found | None:
    """Numbers by one form, some perhaps without an end; None if not all texts are such."""
    endless = pc.match_substring_regex(texts, f"^({INFINITE})$", ignore_case=True)
    rest = texts.filter(pc.invert(endless))
    if not len(rest):
        return None
    found = _figures(rest, known) or _dressed(rest, known)
    if found is None or found.kind == "category" or not _has_endless(texts):
        return found if len(rest) == len(texts) else None
    return replace(found, cells=replace(found.cells, infinite=True))


def _has_endless(texts: pa.Array) -> bool:
    """Is a number among them that no float holds, or that says itself that it has no end?"""
    if not any_match(texts, rf"{INFINITE}|.*[eE]\+?\d{{3,}}|\d{{300,}}.*", ignore_case=True):
        return False
    return bool(is_infinite(pd.Series(texts.to_pylist(), dtype="str")).any())


def _dressed(rest: pa.Array, known: DialectHints) -> Found | None:
    """Numbers with a unit, or less than 0 by another sign than '-1'."""
    ways = {"(1)": r"\(.*\)", "−1": ".*−.*", "1-": r".*\d ?-[^\d]*"}
    negative = tuple(way for way, pattern in ways.items() if any_match(rest, pattern))
    unit = UNDRESSED.sub("", rest[0].as_py())
    if not _is_unit(unit, rest[0].as_py()) or not (unit or negative):
        return None
    for part in (rest.slice(0, SAMPLE_SIZE), rest):
        if _without_unit(part, unit, negative).null_count:
            return None
    found = _figures(_without_unit(rest, unit, negative), known)
    if found is None or found.kind == "category":
        return None
    notes: tuple[str, ...] = (f"every cell has {unit!r}, which is left aside",) if unit else ()
    notes += (f"as {' or '.join(map(repr, negative))} stands for -1",) if negative else ()
    cells = replace(found.cells, unit=unit, negative=negative)
    return replace(found, cells=cells, notes=(*notes, *found.notes))


def _without_unit(texts: pa.Array, unit: str, negative: tuple[str, ...]) -> pa.Array:
    series = pd.Series(texts.to_pandas(), dtype="str")
    stripped = strip_units(series, ColumnFormat(unit=unit, negative=negative))
    return pa.array(stripped, pa.string(), from_pandas=True)


def _is_unit(unit: str, text: str) -> bool:
    """What stands before a number names something ('A1'), but for money; behind, it measures."""
    behind = not text.lstrip("(+-−").startswith(unit)
    money = unit.upper() in CURRENCIES or any(category(sign) == "Sc" for sign in unit)
    return len(unit) <= LONGEST_UNIT and (not unit or behind or money)


def _figures(rest: pa.Array, known: DialectHints) -> Found | None:
    fitting = [style for style in STYLES if all_match(rest, number_pattern(*style))]
    if not fitting:
        return None
    if all_match(rest, r"[+-]?\d+"):
        if any_match(rest, r"[+-]?0\d+"):
            return Found("category", notes=("leading zeros: codes, not numbers",))
        try:
            rest.cast(pa.int64())
        except pa.ArrowInvalid:
            if not any_match(rest, r"\+\d+"):
                return Found("category", notes=("too long for numbers: names or codes",))
        return Found("integer")
    decimal, thousands = fitting[0]
    doubt = len({decimal for decimal, _ in fitting}) > 1
    if doubt:
        # 1,234 and 1.234 are one number in one country and another in the next.
        wanted = "," if known.continental else "."
        decimal, thousands = next(style for style in fitting if style[0] == wanted)
    notes = _signs(decimal, thousands)
    if doubt and (decimal, thousands) != STYLES[0] and thousands not in SPACES:
        notes = (*notes, _doubt(rest[0].as_py(), decimal, thousands, sure=bool(known.decimal)))
    is_whole = bool(thousands) and all_match(rest, rf"[^{re.escape(decimal)}eE]*")
    return Found(
        "integer" if is_whole else "number",
        ColumnFormat(decimal=decimal, thousands=thousands),
        notes,
        DialectHints() if doubt else DialectHints(decimal=decimal),
        open=doubt,
    )


def _signs(decimal: str, thousands: str) -> tuple[str, ...]:
    grouped = (f"{thousands!r} groups digits",) if thousands else ()
    return (*(("decimal comma",) if decimal == "," else ()), *grouped)


def _doubt(text: str, decimal: str, thousands: str, *, sure: bool) -> str:
    read = text.replace(thousands, "") if thousands else text.replace(decimal, ".")
    why = "as other columns write" if sure else "in doubt: no other column tells"
    return f"{text} is read as {read} ({why})"


def unread(rest: pa.Array) -> tuple[tuple[str, ...], str]:
    """Of words of which many seem to be numbers: a note where some plainly are, and why no numbers.

    The reason is empty where fewer than half of the different values seem to be numbers.
    """
    if len(rest) < 2:
        return (), ""
    plainly = pc.match_substring_regex(rest, f"^({number_pattern('.', '')})$")
    seeming = pc.match_substring_regex(rest, f"^({SEEMS})$")
    numbers, alike = pc.sum(plainly).as_py() or 0, pc.sum(seeming).as_py() or 0
    others = rest.filter(pc.invert(plainly if numbers else seeming)).slice(0, EXAMPLES).to_pylist()
    listed = ", ".join(f"{text!r:.30}" for text in others)
    notes: tuple[str, ...] = ()
    if numbers:
        few = len(rest) - numbers <= EXAMPLES
        advice = '; if these mean missing, say so: metadata={"missing": […]}' if few else ""
        notes = (
            f"mixed: {numbers} of {len(rest)} different values are numbers, not {listed}{advice}",
        )
    if 2 * alike < len(rest):
        return notes, ""
    example = f", and not {listed}" if listed else f", such as {rest[0].as_py()!r:.30}"
    return notes, (
        f"most of its {len(rest)} different values look like numbers, but not all in one form that "
        f"is read{example}; if it measures, write each as 1234.5 or leave it empty, and adopt again"
    )
