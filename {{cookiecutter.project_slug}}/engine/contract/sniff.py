"""Detects how a text file is laid out: its encoding, its separator, and whether it has a header.

`sniff` decides it once, at adoption; `data/contract.py` keeps the decision, so that every later
delivery is read in the same way or refused.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from engine.contract.encoding import encoding_of
from engine.contract.layout import SEPARATORS, Layout
from engine.contract.text_table import decoded, first_lines
from engine.problem.errors import BadInput

# A line that names the separator for Excel.
EXCELS = re.compile(r'"?sep=[^\r\n]{0,3}(?=[\r\n])', re.IGNORECASE)
# A number or a date, as no column is called.
VALUE = re.compile(r"[+-]?[\d.,:/ '-]*\d[\d.,:/ '-]*([eE][+-]?\d+)?|\d{4}-\d\d-\d\dT\S*")


def sniff(path: Path) -> Layout:
    """The layout of the text file at `path`: the same file always gives the same.

    The separator is the one that parts most of the first lines into as many cells as the first.

    Raises:
        BadInput: the file is no text in UTF-8, UTF-16 or Windows-1252, or holds nothing.
    """
    encoding = encoding_of(path)
    encoding = "utf-8" if encoding == "ascii" else encoding
    if line := EXCELS.match(decoded(path, encoding)[0]):
        raise BadInput(
            f"{path} opens with the line {line[0]!r}, which only Excel understands; delete it",
            code="not-a-table",
        )
    scores = {sign: _score(first_lines(path, encoding, sign)) for sign in SEPARATORS}
    separator = max(scores, key=lambda sign: scores[sign])
    lines = first_lines(path, encoding, separator)
    if not lines:
        raise BadInput(f"{path} is empty; expected a header line and rows", code="empty-table")
    return Layout(encoding, separator, _has_header(lines))


def _score(lines: Sequence[Sequence[str]]) -> tuple[float, int]:
    """How well a separator parts these lines: the share that is as wide as the first, the width."""
    width = len(lines[0]) if lines else 0
    if width < 2:
        return 0.0, width
    return sum(len(cells) == width for cells in lines) / len(lines), width


def _has_header(lines: Sequence[Sequence[str]]) -> bool:
    """Does the first line name the columns?

    It does not if a value stands in it, and no word of it above a column of values.
    """
    first, rest = lines[0], [cells for cells in lines[1:] if len(cells) == len(lines[0])]
    named = False
    for at, cell in enumerate(first):
        below = [text for cells in rest if (text := cells[at].strip())]
        if not VALUE.fullmatch(cell.strip()):
            named |= bool(cell.strip() and below and all(map(VALUE.fullmatch, below)))
    return named or not any(VALUE.fullmatch(cell.strip()) for cell in first)
