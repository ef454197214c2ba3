"""Infers what the texts of a column are: numbers, dates, booleans or categories; and which mean
missing.

Decided on the column's distinct values; where these are ambiguous, by the other columns' dialect.
"""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.forms import infer_compact_days, infer_dates, infer_numbers, unread
from engine.adopt.inferred import NO_HINTS, DialectHints, InferredColumn, all_match
from engine.contract.format import ColumnFormat

# Words for missing, in small letters. Those that may as well be a value, as Namibia or 'no alley',
# are missing among categories only where the table uses them so elsewhere.
MISSING = {"n/a", "#n/a", "nan", "null", "<na>", "-", "--", "?", "."}
AMBIGUOUS = {"na", "none"}
# Each pair in small letters: no, yes.
PAIRS = (
    ("no", "yes"), ("n", "y"), ("f", "t"), ("nein", "ja"), ("n", "j"),
    ("non", "oui"), ("no", "si"), ("no", "sí"), ("off", "on"),
)  # fmt: skip
# What people mix in one column, as forms change over the years.
MIXED = ({"no", "n", "false", "0", "nein", "non"}, {"yes", "y", "true", "1", "ja", "oui"})
# Both words of a pair in four spellings make 8; mixtures have more.
MOST_SPELLINGS = 40
# So many different codes of two letters make 'NA' one more.
FEWEST_CODES = 3


def infer_texts(values: pd.Series, hints: DialectHints = NO_HINTS) -> InferredColumn:
    """What the texts in `values` are, blank cells left aside."""
    unique = pc.unique(pa.array(values, from_pandas=True).cast(pa.large_string())).drop_null()
    lower = pc.utf8_lower(unique)
    is_missing = pc.is_in(lower, pa.array(sorted(MISSING | AMBIGUOUS), pa.large_string()))
    words, texts = unique.filter(is_missing).to_pylist(), unique.filter(pc.invert(is_missing))
    words.sort()
    if not len(texts):
        missing = words if len(words) > 1 else [word for word in words if word.lower() in MISSING]
        return InferredColumn("category", ColumnFormat(missing=tuple(missing)), _note(missing))
    inferred = _boolean(texts) or infer_compact_days(texts)
    inferred = inferred or infer_numbers(texts, hints) or infer_dates(texts, hints)
    if inferred is None:
        return _category(words, texts, hints, has_blanks=bool(values.isna().any()))
    cells = replace(inferred.cells, missing=tuple(words))
    shown = replace(inferred.hints, missing=frozenset(words))
    return replace(inferred, cells=cells, notes=(*inferred.notes, *_note(words)), hints=shown)


def _note(missing: Sequence[str]) -> tuple[str, ...]:
    verb = "mean" if len(missing) > 1 else "means"
    return (f"{' and '.join(map(repr, missing))} {verb} missing",) if missing else ()


def _boolean(texts: pa.Array) -> InferredColumn | None:
    if len(texts) > MOST_SPELLINGS:
        return None
    words = {text.lower() for text in texts.to_pylist()}
    if words <= {"true", "false"}:
        return InferredColumn("boolean")
    pair = next((pair for pair in PAIRS if words == set(pair)), None)
    false, true = ([pair[0]], [pair[1]]) if pair else (sorted(words & one) for one in MIXED)
    if words <= {"0", "1"} or not (true and false) or len(true) + len(false) < len(words):
        return None
    note = f"mixed words: {' and '.join(map(repr, true))} read as true, "
    note += f"{' and '.join(map(repr, false))} as false"
    note = f"{true[0]!r} is true, {false[0]!r} false" if pair else note
    return InferredColumn("boolean", ColumnFormat(true=tuple(true), false=tuple(false)), (note,))


def _category(
    words: Sequence[str], texts: pa.Array, hints: DialectHints, *, has_blanks: bool
) -> InferredColumn:
    """Texts that are nothing else; decides which of the `words` are values among them."""
    are_codes = len(texts) >= FEWEST_CODES and all_match(texts, "[A-Z]{2}")
    missing = [word for word in words if word.lower() in MISSING]
    stays, ambiguous = [], [word for word in words if word.lower() in AMBIGUOUS]
    for word in ambiguous:
        if are_codes and word == "NA":
            stays.append(f"{word!r} stays a code like the others")
        elif has_blanks:
            stays.append(f"{word!r} stays a value: blank means missing here")
        elif word in hints.missing:
            missing.append(word)
        else:
            advice = f'metadata={{"missing": ["{word}"]}} makes it missing'
            stays.append(f"{word!r} stays a value; {advice}")
    mixed, reason = unread(texts)
    notes, cells = (*_note(missing), *stays, *mixed), ColumnFormat(missing=tuple(missing))
    return InferredColumn("category", cells, notes, ambiguous=bool(ambiguous), unread=reason)
