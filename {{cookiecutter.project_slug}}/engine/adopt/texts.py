"""Infers what a column of texts holds, and which of its words mean missing."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from engine.adopt.date_forms import infer_compact, infer_dates
from engine.adopt.inferred import DialectHints, InferredColumn, all_match, any_match
from engine.adopt.number_forms import infer_noted, infer_numbers, unread_numbers
from engine.adopt.times import unread_dates
from engine.contract.cells import without_missing
from engine.contract.format import GUARD, ColumnFormat

LIST_SHAPE = r"(?s)\s*(\[\s*([\[{\"'\d.-].*)?\]|\{\s*([\"'\d].*)?\})\s*"  # not '[deleted]'
# Times of day and durations, as 8:30 pm, 1:30:00, PT1H30M or 1 day 2 h.
CLOCK_SHAPE = (
    r"(?i)(\d+ days?,? )?\d{1,3}:\d{2}(:\d{2})?([.,]\d+)?( ?[ap]\.?m\.?)?"
    r"|P(\d+[YMWD])*(T(\d+(\.\d+)?[HMS])+)?|(\d+ ?(d|h|m|s|days?|hours?|min|sec)[ ,]*)+"
)
# Cells that a spreadsheet keeps as texts.
GUARDED = '\'.+|="[^"]*"'
# Words for missing, in small letters. Those that may as well be a value, as Namibia or 'no alley',
# are missing among categories only where the table uses them so elsewhere.
MISSING = {
    *("n/a", "#n/a", "n.a.", "n. a.", "k.a.", "k. a.", "nan", "null", "<na>"),
    *("-", "--", "?", "."),
}
AMBIGUOUS = {"na", "none"}
# Beside these, '-' is a value; among signs alone, so is each sign.
PLUS, SIGNS = r"\(?\++\)?", r"[^\pL\pN\s]+"
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


def infer_texts(values: pd.Series, hints: DialectHints, given: frozenset[str]) -> InferredColumn:
    """What the texts in `values` are, blank cells left aside.

    Decided on the distinct values; where these are ambiguous, by the other columns' dialect.
    """
    unique = pc.unique(pa.array(values, from_pandas=True).cast(pa.large_string())).drop_null()
    lower = pc.utf8_lower(unique)
    is_missing = pc.is_in(lower, pa.array(sorted(MISSING | AMBIGUOUS), pa.large_string()))
    is_missing = pc.or_(is_missing, pc.is_in(unique, pa.array(sorted(given), pa.large_string())))
    words, texts = unique.filter(is_missing).to_pylist(), unique.filter(pc.invert(is_missing))
    if signs := _opposites(words, texts, given):
        texts = pa.concat_arrays([texts, pa.array(signs, texts.type)])
        words = [word for word in words if word not in signs]
    words.sort()
    if not len(texts):
        missing = words if len(words) > 1 else [word for word in words if _means(word, given)]
        cells = ColumnFormat(missing=tuple(missing))
        return InferredColumn("category", cells, missing_note(missing))
    inferred = _typed_texts(texts, hints, words) or _guarded(texts, hints, words)
    if inferred is None:
        return _category(words, texts, values, hints, given)
    words = sorted({*words, *inferred.cells.missing})
    notes = (*inferred.notes, *missing_note(words))
    cells = replace(inferred.cells, missing=tuple(words))
    shown = replace(inferred.hints, missing=frozenset(words))
    return replace(inferred, cells=cells, notes=notes, hints=shown)


def _typed_texts(
    texts: pa.Array, hints: DialectHints, words: Sequence[str]
) -> InferredColumn | None:
    inferred = _boolean(texts) or infer_compact(texts) or infer_numbers(texts, hints)
    # Statistics offices write ':' for missing, and letters behind a number as its flag.
    return inferred or infer_dates(texts, hints) or infer_noted(texts, hints, flagged=":" in words)


def _guarded(texts: pa.Array, hints: DialectHints, words: Sequence[str]) -> InferredColumn | None:
    """Values that a spreadsheet keeps as texts; codes stay as they are."""
    if not any_match(texts, GUARDED):
        return None
    plain = pc.unique(pc.replace_substring_regex(texts, GUARD, r"\1"))
    inferred = _typed_texts(plain, hints, words)
    if inferred is None or inferred.kind == "category":
        return None
    note = 'an apostrophe or ="…" around a cell, as spreadsheets add it, is left aside'
    cells = replace(inferred.cells, guarded=True)
    return replace(inferred, cells=cells, notes=(note, *inferred.notes))


def _opposites(words: Sequence[str], texts: pa.Array, given: frozenset[str]) -> list[str]:
    """Words for missing that are values here: '-' beside '+', or '?' among signs alone."""
    values: set[str] = set()
    if any_match(texts, PLUS):
        values = {"-", "--"}
    elif len(texts) and all_match(texts, SIGNS):
        values = {"?", ".", "-", "--"}
    return [word for word in words if word in values - given]


def _means(word: str, given: frozenset[str]) -> bool:
    return word in given or word.lower() in MISSING


def missing_note(missing: Sequence[str]) -> tuple[str, ...]:
    """A note on words that mean missing, if there are any."""
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
    words: Sequence[str],
    texts: pa.Array,
    values: pd.Series,
    hints: DialectHints,
    given: frozenset[str],
) -> InferredColumn:
    """Texts that are nothing else; decides which of the `words` are values among them."""
    are_codes = len(texts) >= FEWEST_CODES and all_match(texts, "[A-Z]{2}")
    missing = [word for word in words if _means(word, given)]
    stays, ambiguous = [], [word for word in words if word not in missing]
    for word in ambiguous:
        if are_codes and word == "NA":
            stays.append(f"{word!r} stays a code like the others")
        elif values.isna().any():
            stays.append(f"{word!r} stays a value: blank means missing here")
        elif word in hints.missing:
            missing.append(word)
        else:
            stays.append(f"{word!r} stays a value; --missing {word} makes it missing")
    cells = ColumnFormat(missing=tuple(missing))
    mixed, reason = _unread(texts, without_missing(values, cells).dropna())
    notes = (*missing_note(missing), *stays, *mixed)
    return InferredColumn("category", cells, notes, ambiguous=bool(ambiguous), unread=reason)


def _unread(texts: pa.Array, present: pd.Series) -> tuple[tuple[str, ...], str]:
    """Notes on texts that look like something else, and why they are not read as that."""
    shown = f"{texts[0].as_py()!r:.40}"
    if all_match(texts, LIST_SHAPE):
        return (), f"it holds lists ({shown}): flatten it to read it"
    if all_match(texts, CLOCK_SHAPE):
        return (), f"it holds times of day or durations ({shown}): write them as numbers of minutes"
    if reason := unread_dates(present):
        return (reason,), reason
    return unread_numbers(texts)
