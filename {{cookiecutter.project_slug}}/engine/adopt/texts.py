"""What the texts of a column are: numbers, dates, booleans or words, and which mean missing.

Decided on the column's distinct values; where these leave it open, by the habits of the table.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.dates import ISO, forms_of, is_dated
from engine.adopt.inferred import SAMPLE_SIZE, DialectHints, Found, all_match
from engine.adopt.number_formats import figures, unread
from engine.contract.cells import dates
from engine.contract.format import ColumnFormat

# Words for missing, in small letters. Those that may as well be a value, as Namibia or 'no alley',
# are missing among words only where the table uses them so elsewhere.
SURE = {"n/a", "#n/a", "nan", "null", "<na>", "-", "--", "?", "."}
OPEN = {"na", "none"}
# Each pair in small letters: no, yes.
PAIRS = (
    ("no", "yes"), ("n", "y"), ("f", "t"), ("nein", "ja"), ("n", "j"),
    ("non", "oui"), ("no", "si"), ("no", "sí"), ("off", "on"),
)  # fmt: skip
# What people mix in one column, as forms change over the years.
MIXED = (("no", "n", "false", "0", "nein", "non"), ("yes", "y", "true", "1", "ja", "oui"))
# Both words of a pair in four spellings make 8; mixtures have more.
MOST_SPELLINGS = 40
EXAMPLES, FEWEST_DAYS = 3, 10


def find(values: pd.Series, known: DialectHints = DialectHints()) -> Found:  # noqa: B008  # it is frozen
    """What the texts in `values` are, blank cells left aside."""
    unique = pc.unique(pa.array(values, from_pandas=True).cast(pa.large_string())).drop_null()
    lower = pc.utf8_lower(unique)
    is_word = pc.is_in(lower, pa.array(sorted(SURE | OPEN), pa.large_string()))
    words, rest = unique.filter(is_word).to_pylist(), unique.filter(pc.invert(is_word))
    if not len(rest):
        gone = words if len(words) > 1 else [word for word in words if word.lower() in SURE]
        return Found("category", ColumnFormat(missing=tuple(sorted(gone))), _mean_missing(gone))
    found = _boolean(rest) or _compact_days(rest) or figures(rest, known) or _date(rest, known)
    if found is None:
        return _words(words, rest, known, has_blanks=bool(values.isna().any()))
    cells = replace(found.cells, missing=tuple(sorted(words)))
    tells = replace(found.tells, missing=frozenset(words))
    return replace(found, cells=cells, notes=(*found.notes, *_mean_missing(words)), tells=tells)


def _mean_missing(words: Sequence[str]) -> tuple[str, ...]:
    verb = "mean" if len(words) > 1 else "means"
    return (f"{' and '.join(map(repr, sorted(words)))} {verb} missing",) if words else ()


def _boolean(rest: pa.Array) -> Found | None:
    if len(rest) > MOST_SPELLINGS:
        return None
    said = {text.lower() for text in rest.to_pylist()}
    if said <= {"true", "false"}:
        return Found("boolean")
    pair = next((pair for pair in PAIRS if said == set(pair)), None)
    if pair:
        no, yes = pair
        note = f"{yes!r} is true, {no!r} false"
        return Found("boolean", ColumnFormat(true=(yes,), false=(no,)), (note,))
    true, false = sorted(said & set(MIXED[1])), sorted(said & set(MIXED[0]))
    if said <= {"0", "1"} or not (true and false) or len(true) + len(false) < len(said):
        return None
    note = f"mixed words: {' and '.join(map(repr, true))} read as true, "
    note += f"{' and '.join(map(repr, false))} as false"
    return Found("boolean", ColumnFormat(true=tuple(true), false=tuple(false)), (note,))


def _date(rest: pa.Array, known: DialectHints) -> Found | None:
    glance = rest.slice(0, SAMPLE_SIZE).to_pylist()
    if not all(map(is_dated, glance)):
        return None
    texts = pd.Series(rest.to_pandas().to_numpy(), dtype="str")
    if all_match(rest, ISO) and dates(texts).notna().all():
        return Found("date")
    found = forms_of(texts, known.day_first, known.continental)
    if found is None:
        return None
    tells = DialectHints(day_first=found.day_first)
    return Found("date", ColumnFormat(dates=found.forms), (found.note,), tells, open=found.open)


def _compact_days(rest: pa.Array) -> Found | None:
    """Days as 20261231: so many numbers that are all days of the calendar are no chance."""
    if len(rest) < FEWEST_DAYS or not all_match(rest, r"(19|20)\d{2}[01]\d[0-3]\d"):
        return None
    forms = ("%Y%m%d",)
    texts = pd.Series(rest.to_pandas().to_numpy(), dtype="str")
    is_day = bool(dates(texts, forms).notna().all())
    return Found("date", ColumnFormat(dates=forms), ("dates as %Y%m%d",)) if is_day else None


def _words(words: Sequence[str], rest: pa.Array, known: DialectHints, *, has_blanks: bool) -> Found:
    """Texts that are nothing else: which of `words` are values among them?"""
    codes = len(rest) >= EXAMPLES and all_match(rest, "[A-Z]{2}")
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
    cells = ColumnFormat(missing=tuple(sorted(gone)))
    is_open = any(word.lower() in OPEN for word in words)
    mixed, reason = unread(rest)
    return Found("category", cells, (*notes, *mixed), open=is_open, unread=reason)
