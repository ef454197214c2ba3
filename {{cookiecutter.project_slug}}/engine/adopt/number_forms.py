"""Infers in which form a column writes its numbers, and what is ambiguous in it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from shlex import quote
from unicodedata import category

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.exact import without_merging
from engine.adopt.inferred import SAMPLE_SIZE, DialectHints, InferredColumn, all_match, any_match
from engine.contract.cells import is_infinite, strip_units
from engine.contract.column import ColumnType
from engine.contract.format import INFINITE, ColumnFormat, number_pattern, sign_pattern
from engine.pages.formatting import listed

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
# What may be meant as a number: digits of any script, signs around them, and hardly a letter.
SIMILAR = r"[^\pL]{0,4}([A-Z]{3} ?)?[^\pL]*\pN[^\pL]*( ?[A-Z]{1,3})?"
# So many different values that look like numbers are hardly bands or grades.
FEWEST_NUMBERS = 20
# Names that are digits, each with a note on what they are.
CODES = {
    r"\+\d{7,}": "a plus before each: telephone numbers or codes, not numbers",
    r"\d+[eE]\d+": "an E between the digits of each: codes; write numbers in full",
}
# Marks of a footnote behind a number; the letters are flags of statistics offices.
MARK = r"[*†‡§¹²³⁴⁵⁶⁷⁸⁹⁰]+|\[[A-Za-z0-9]{1,2}\]|\([a-z]\)"
FLAG = "[bcdefinprsuz]{1,2}"
MOST_MARKS = 10
# A bound where a number is kept secret, as '<10'.
BOUND = r"[<>≤≥] ?\d.*"
# More words for missing in one column are rather values.
MOST_WORDS = 10
EXAMPLES = 3


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
    form = ColumnFormat(unit=unit, negative=negative)
    if any(_stripped(part, form).null_count for part in (sample, texts)):
        return None
    inferred = _plain(_stripped(texts, form), hints, has_unit=True)
    if inferred is None or inferred.kind == "category":
        return None
    notes: tuple[str, ...] = (f"every cell has {unit!r}, which is left aside",) if unit else ()
    notes += (f"as {' or '.join(map(repr, negative))} stands for -1",) if negative else ()
    cells = replace(inferred.cells, unit=unit, negative=negative)
    return replace(inferred, cells=cells, notes=(*notes, *inferred.notes))


def _plain(
    texts: pa.Array, hints: DialectHints, *, has_unit: bool = False
) -> InferredColumn | None:
    fitting = [style for style in STYLES if all_match(texts, number_pattern(*style))]
    if not fitting:
        return None
    codes = next((note for pattern, note in CODES.items() if all_match(texts, pattern)), None)
    if codes:
        return InferredColumn("category", notes=(codes,))
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


def infer_noted(texts: pa.Array, hints: DialectHints, *, flagged: bool) -> InferredColumn | None:
    """Numbers of which some have a footnote behind them ('12*', '7 [a]'); None if not all are such.

    Args:
        flagged: letters behind a number are a footnote too.
    """
    behind = re.compile(rf"[^A-Za-z]*\d[.,]?[ \u00a0]*({f'{MARK}|{FLAG}' if flagged else MARK})")
    matches = [behind.fullmatch(text) for text in texts.to_pylist()]
    marks = sorted({match[1] for match in matches if match}, key=lambda mark: (-len(mark), mark))
    if not marks or len(marks) > MOST_MARKS or 2 * sum(map(bool, matches)) > len(matches):
        return None
    cells = ColumnFormat(marks=tuple(marks))
    inferred = _plain(_stripped(texts, cells), hints)
    if inferred is None or inferred.kind == "category":
        return None
    note = f"footnotes behind numbers are left aside: {listed(marks)}"
    cells = replace(inferred.cells, marks=cells.marks)
    return replace(inferred, cells=cells, notes=(note, *inferred.notes))


def unread_numbers(texts: pa.Array) -> tuple[tuple[str, ...], str]:
    """A note on texts that look like numbers, and why the column reads none of them.

    The reason is empty where fewer than half of the different texts look like numbers.
    """
    if len(texts) < 2:
        return (), ""
    masks = [pc.match_substring_regex(texts, f"^({number_pattern(*style)})$") for style in STYLES]
    plain = max(masks, key=lambda mask: pc.sum(mask).as_py() or 0)
    similar = pc.match_substring_regex(texts, f"^({SIMILAR})$")
    total, numbers = len(texts), pc.sum(plain).as_py() or 0
    others = texts.filter(pc.invert(plain if numbers else similar)) or texts
    shown = ", ".join(f"{text!r:.30}" for text in others.slice(0, EXAMPLES).to_pylist())
    advice = as_missing(others.to_pylist()) if numbers > len(others) else ""
    mixed = f"mixed: {numbers} of {total} different values are numbers, not {shown}{advice}"
    if 2 * (pc.sum(similar).as_py() or 0) < total:
        return (mixed,) * bool(numbers), ""
    reason = f"most of its {total} different values look like numbers, but not all in one form, "
    reason += f"such as {shown}; if it measures, write each as 1234.5 or leave it empty, and adopt"
    reason += f" again{advice}"
    return (reason,) if total >= FEWEST_NUMBERS else (mixed,) * bool(numbers), reason


def as_missing(words: Sequence[str]) -> str:
    """How to read a few words as missing; nothing where they are many."""
    if len(words) > MOST_WORDS:
        return ""
    bound = next((word for word in words if re.fullmatch(BOUND, word)), None)
    what = f"{bound!r} is a bound; to read it as missing" if bound else "if these mean missing"
    # A word that begins as an option does is none behind an equals sign.
    given = (f"--missing{'=' if one.startswith('-') else ' '}{quote(one)}" for one in words)
    return f"; {what}, adopt again with {' '.join(given)}"


def _stripped(texts: pa.Array, cells: ColumnFormat) -> pa.Array:
    """The different texts without units and footnotes; one without its unit is missing."""
    stripped = strip_units(pd.Series(texts.to_pandas(), dtype="str"), cells)
    return pc.unique(pa.array(stripped, pa.string(), from_pandas=True))
