"""Detects how a text file is laid out: its encoding, its separator, and whether it has a header.

`sniff` decides it once, at adoption; `data/contract.py` keeps the decision, so that every later
delivery is read in the same way or refused.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from engine.contract.dialect import check_dialect
from engine.contract.encoding import detect_encoding
from engine.contract.file_kinds import check_kind
from engine.contract.layout import SEPARATORS, Layout
from engine.contract.text_table import first_lines, first_text
from engine.problem.errors import BadInput

# A line that names the separator for Excel.
EXCELS = re.compile(r'"?sep=[^\r\n]{0,3}(?=[\r\n])', re.IGNORECASE)
# A number or a date, as no column is called.
VALUE = re.compile(r"[+-]?[\d.,:/ '-]*\d[\d.,:/ '-]*([eE][+-]?\d+)?|\d{4}-\d\d-\d\dT\S*")
YEAR = re.compile("(18|19|20)[0-9]{2}")
# Fewer values in the first line are no names by their form alone.
FEWEST_NAMES = 3


def sniff(path: Path) -> Layout:
    """The layout of the text file at `path`: the same file always gives the same.

    The separator is the one that parts most of the first lines into as many cells as the first.

    Raises:
        BadInput: the file is no text in UTF-8, UTF-16 or Windows-1252, is no table, holds nothing,
            or is written in a dialect that is not read (see `check_kind`, `check_dialect`).
    """
    check_kind(path)
    encoding = detect_encoding(path)
    encoding = "utf-8" if encoding == "ascii" else encoding
    text, _ = first_text(path, Layout(encoding))
    if line := EXCELS.match(text):
        raise BadInput(
            f"{path} opens with the line {line[0]!r}, which only Excel understands; delete it",
            code="not-a-table",
        )
    tables = {sign: first_lines(path, Layout(encoding, sign)) for sign in SEPARATORS}
    separator = max(tables, key=lambda sign: _score(tables[sign]))
    lines = tables[separator]
    layout = Layout(encoding, separator, _has_header(lines))
    raw = [line for line in text.splitlines() if line.strip()]
    check_dialect(path, layout, lines, raw[: len(lines)])
    return layout


def _score(lines: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How well a separator parts these lines: the share that is as wide as the first, the width."""
    width = len(lines[0])
    if width < 2:
        return 0.0, width
    return sum(len(cells) == width for cells in lines) / len(lines), width


def _has_header(lines: Sequence[Sequence[str]]) -> bool:
    """Does the first line name the columns?

    It does not if a value stands in it, and no word of it above a column of values; but values
    that count on, as years do, or have a form of their own, are names.
    """
    first, rest = lines[0], [cells for cells in lines[1:] if len(cells) == len(lines[0])]
    named, values = False, []
    for at, cell in enumerate(first):
        if VALUE.fullmatch(cell.strip()):
            values.append(at)
        else:
            below = [text for cells in rest if (text := cells[at].strip())]
            named |= bool(cell.strip() and below and all(map(VALUE.fullmatch, below)))
    return (
        named
        or not values
        or _are_names(
            [first[at].strip() for at in values], [[c[at].strip() for at in values] for c in rest]
        )
    )


def _are_names(texts: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether these values of the first line name their columns; `rest` are the cells below."""
    if len(set(texts)) < len(texts) or len(texts) < FEWEST_NAMES:
        return False
    forms = {_form(text) for text in texts}
    if len(forms) == 1 and not any(forms & set(map(_form, cells)) for cells in rest):
        return True  # as years above fractions, or days above counts
    steady = [cells for cells in rest if _step(cells)]
    is_count = texts[0] in ("0", "1") and _step(texts) == 1
    are_years = all(YEAR.fullmatch(text) for text in texts) and _step(texts) != 0
    return (is_count or are_years) and 2 * len(steady) < len(rest)


def _form(text: str) -> str:
    """The signs between a value's digits."""
    return re.sub(r"\d+", "9", text)


def _step(texts: Sequence[str]) -> int:
    """By how much whole numbers grow or fall, each by as much; 0 for others."""
    numbers = [int(text) for text in texts if text.isdecimal()]
    steps = {after - before for before, after in pairwise(numbers)}
    return steps.pop() if len(numbers) == len(texts) and len(steps) == 1 else 0
