"""What the texts of a column are: numbers, dates, booleans or words, and which mean missing.

Decided on the column's distinct values; where these leave it open, by the habits of the table.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.adoption.dates import ISO, forms_of, is_dated
from data.cells import PLAIN, Cells
from data.convert import dates, number_pattern
from problem.columns import ColumnType

# Words for missing, in small letters. Those that may as well be a value, as Namibia or 'no alley',
# are missing among words only where the table uses them so elsewhere.
SURE = {"n/a", "#n/a", "nan", "null", "<na>", "-", "--", "?", "."}
OPEN = {"na", "none"}
# Each pair in small letters: no, yes.
PAIRS = (
    ("no", "yes"), ("n", "y"), ("f", "t"), ("nein", "ja"), ("n", "j"),
    ("non", "oui"), ("no", "si"), ("no", "sí"), ("off", "on"),
)  # fmt: skip
SPACES = (" ", "\u00a0", "\u202f", "'", "’")
# Signs of numbers as (decimal, thousands), the first that fits unless the table has another habit.
STYLES = ((".", ""), (",", ""), (".", ","), (",", "."),
          *((point, space) for space in SPACES for point in ".,"))  # fmt: skip
INFINITE = r"[+-]?(inf|Inf|INF|infinity|Infinity)"
# A first look at so many values spares a full one at what is clearly something else.
GLANCE = 500
EXAMPLES, FEWEST_DAYS = 3, 10


@dataclass(frozen=True)
class Habits:
    """How the columns that leave no doubt write: what decides for those that do.

    `decimal` and `day_first` are None where no column tells.
    """

    decimal: str | None = None
    day_first: bool | None = None
    missing: frozenset[str] = frozenset()
    separator: str = ","

    @property
    def continental(self) -> bool:
        """Does the table write as in most of Europe, for all one can see?"""
        return self.decimal == "," if self.decimal else self.separator == ";"


@dataclass(frozen=True)
class Found:
    """What a column's texts are; `notes` say what was decided beyond the obvious.

    `tells` is what a column without doubt says of the table's habits; `open` columns leave one,
    so that the habits of the others may decide.
    """

    kind: ColumnType
    cells: Cells = PLAIN
    notes: tuple[str, ...] = ()
    tells: Habits = Habits()
    open: bool = False


def habits(found: Iterable[Found], separator: str) -> Habits:
    """What the columns of a table have in common; None where they disagree or say nothing."""
    tells = [one.tells for one in found]
    decimals = {one.decimal for one in tells} - {None}
    orders = {one.day_first for one in tells} - {None}
    return Habits(
        decimals.pop() if len(decimals) == 1 else None,
        orders.pop() if len(orders) == 1 else None,
        frozenset().union(*(one.missing for one in tells)),
        separator,
    )


def find(values: pd.Series, known: Habits = Habits()) -> Found:  # it is frozen
    """What the texts in `values` are, blank cells left aside."""
    unique = pc.unique(pa.array(values, from_pandas=True).cast(pa.large_string())).drop_null()
    lower = pc.utf8_lower(unique)
    is_word = pc.is_in(lower, pa.array(sorted(SURE | OPEN), pa.large_string()))
    words, rest = unique.filter(is_word).to_pylist(), unique.filter(pc.invert(is_word))
    if not len(rest):
        gone = words if len(words) > 1 else [word for word in words if word.lower() in SURE]
        return Found("category", Cells(missing=tuple(sorted(gone))), _mean_missing(gone))
    found = _boolean(rest) or _compact_days(rest) or _number(rest, known) or _date(rest, known)
    if found is None:
        return _words(words, rest, known, has_blanks=bool(values.isna().any()))
    cells = replace(found.cells, missing=tuple(sorted(words)))
    tells = replace(found.tells, missing=frozenset(words))
    return replace(found, cells=cells, notes=(*found.notes, *_mean_missing(words)), tells=tells)


def _mean_missing(words: Sequence[str]) -> tuple[str, ...]:
    verb = "mean" if len(words) > 1 else "means"
    return (f"{' and '.join(map(repr, sorted(words)))} {verb} missing",) if words else ()


def _boolean(rest: pa.Array) -> Found | None:
    if len(rest) > 2 * 4:  # both words in four spellings: yes, Yes, YES, yEs
        return None
    said = {text.lower() for text in rest.to_pylist()}
    if said <= {"true", "false"}:
        return Found("boolean")
    pair = next((pair for pair in PAIRS if said == set(pair)), None)
    if pair is None:
        return None
    no, yes = pair
    return Found("boolean", Cells(true=(yes,), false=(no,)), (f"{yes!r} is true, {no!r} false",))


def _number(rest: pa.Array, known: Habits) -> Found | None:
    fitting = [style for style in STYLES if _all_match(rest, number_pattern(*style))]
    if not fitting and _all_match(rest, f"{number_pattern('.', '')}|{INFINITE}"):
        return Found("number")
    if not fitting:
        return None
    if _all_match(rest, r"[+-]?\d+"):
        if _any_match(rest, r"[+-]?0\d+"):
            return Found("category", notes=("leading zeros: codes, not numbers",))
        try:
            rest.cast(pa.int64())
        except pa.ArrowInvalid:
            if not _any_match(rest, r"\+\d+"):
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
    is_whole = bool(thousands) and _all_match(rest, rf"[^{re.escape(decimal)}eE]*")
    return Found(
        "integer" if is_whole else "number",
        Cells(decimal=decimal, thousands=thousands),
        notes,
        Habits() if doubt else Habits(decimal=decimal),
        open=doubt,
    )


def _signs(decimal: str, thousands: str) -> tuple[str, ...]:
    grouped = (f"{thousands!r} groups digits",) if thousands else ()
    return (*(("decimal comma",) if decimal == "," else ()), *grouped)


def _doubt(text: str, decimal: str, thousands: str, *, sure: bool) -> str:
    read = text.replace(thousands, "") if thousands else text.replace(decimal, ".")
    why = "as other columns write" if sure else "in doubt: no other column tells"
    return f"{text} is read as {read} ({why})"


def _date(rest: pa.Array, known: Habits) -> Found | None:
    glance = rest.slice(0, GLANCE).to_pylist()
    if not all(map(is_dated, glance)):
        return None
    texts = pd.Series(rest.to_pandas().to_numpy(), dtype="str")
    if _all_match(rest, ISO) and dates(texts).notna().all():
        return Found("date")
    found = forms_of(texts, known.day_first, known.continental)
    if found is None:
        return None
    tells = Habits(day_first=found.day_first)
    return Found("date", Cells(dates=found.forms), (found.note,), tells, open=found.open)


def _compact_days(rest: pa.Array) -> Found | None:
    """Days as 20261231: so many numbers that are all days of the calendar are no chance."""
    if len(rest) < FEWEST_DAYS or not _all_match(rest, r"(19|20)\d{2}[01]\d[0-3]\d"):
        return None
    forms = ("%Y%m%d",)
    texts = pd.Series(rest.to_pandas().to_numpy(), dtype="str")
    is_day = bool(dates(texts, forms).notna().all())
    return Found("date", Cells(dates=forms), ("dates as %Y%m%d",)) if is_day else None


def _words(words: Sequence[str], rest: pa.Array, known: Habits, *, has_blanks: bool) -> Found:
    """Texts that are nothing else: which of `words` are values among them?"""
    codes = len(rest) >= EXAMPLES and _all_match(rest, "[A-Z]{2}")
    gone, kept = [], {}
    for word in words:
        if word.lower() in SURE:
            gone.append(word)
        elif codes and word == "NA":
            kept[word] = "a code like the others"
        elif has_blanks:
            kept[word] = "a value: blank means missing here"
        elif word in known.missing:
            gone.append(word)
        else:
            kept[word] = 'a value; metadata={"missing": [' + f'"{word}"' + "]} makes it missing"
    notes = [*_mean_missing(gone), *(f"{word!r} stays {why}" for word, why in kept.items())]
    cells = Cells(missing=tuple(sorted(gone)))
    is_open = any(word.lower() in OPEN for word in words)
    return Found("category", cells, (*notes, *_mixed(rest)), open=is_open)


def _mixed(rest: pa.Array) -> tuple[str, ...]:
    """Said of a column in which most distinct values are numbers and some are not."""
    is_number = pc.match_substring_regex(rest, f"^({number_pattern('.', '')})$")
    numbers = pc.sum(is_number).as_py() or 0
    if not numbers or len(rest) < 2:
        return ()
    others = rest.filter(pc.invert(is_number)).slice(0, EXAMPLES).to_pylist()
    listed = ", ".join(f"{text!r:.30}" for text in others)
    few = len(rest) - numbers <= EXAMPLES
    advice = '; if these mean missing, say so: metadata={"missing": […]}' if few else ""
    return (f"mixed: {numbers} of {len(rest)} different values are numbers, not {listed}{advice}",)


def _all_match(texts: pa.Array, pattern: str) -> bool:
    """Does `pattern` fit each text as a whole? The first few are asked before all of them."""
    return all(
        pc.all(pc.match_substring_regex(part, f"^({pattern})$"), min_count=0).as_py()
        for part in (texts.slice(0, GLANCE), texts.slice(GLANCE))
    )


def _any_match(texts: pa.Array, pattern: str) -> bool:
    found = pc.match_substring_regex(texts, f"^({pattern})$")
    return bool(pc.any(found, min_count=0).as_py())
