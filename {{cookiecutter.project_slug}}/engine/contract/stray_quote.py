"""Finds cells that swallowed rows: a quotation mark opened them and another closed lines later.

Standard library only. Honest cells hold line breaks too, so that the lines must look like rows: as
wide as the table, and with the values of its columns.
"""

import re
from collections.abc import Sequence

LINE_END = re.compile(r"\r\n|\r|\n")
# Numbers and dates, in any form.
VALUE = re.compile(r"\W{0,3}\d[\d.,:/ T+Z-]*\W{0,3}")
# So many rows show what cells look like.
SAMPLE = 200
# A column of so few words has no others.
FEW_WORDS = 12
# Without a column to compare: separators that stand in their places by chance hardly ever.
MOST_BY_CHANCE = 12
# What the cells of a column look like: values (None), few words, or anything (empty).
Shape = frozenset[str] | None


def first_stray(rows: Sequence[Sequence[str]], separator: str) -> int | None:
    """The index of the first of these rows of one width that swallowed others; None if none did."""
    is_broken = [any(map(LINE_END.search, row)) for row in rows]
    whole = [row for row, one in zip(rows, is_broken, strict=True) if not one][:SAMPLE]
    shapes = [_shape(cells) for cells in zip(*whole, strict=True)]
    doubtful = (at for at, one in enumerate(is_broken) if one)
    return next((at for at in doubtful if _swallows(rows[at], separator, shapes)), None)


def _swallows(row: Sequence[str], separator: str, shapes: Sequence[Shape]) -> bool:
    """Whether a cell of `row` holds rows: every line of it ends where a row would."""
    width = len(row)
    for at, cell in enumerate(row):
        # A mark that nothing closes takes the end of the file's last line too.
        pieces = LINE_END.split(cell.rstrip("\r\n") if at == width - 1 else cell)
        if len(pieces) < 2 or width < 2:
            continue
        # The lines of the file: those at both ends lie in the row's other cells too.
        lines = [piece.split(separator) for piece in pieces]
        lines[0], lines[-1] = [*row[:at], *lines[0]], [*lines[-1], *row[at + 1 :]]
        if any(len(line) != width for line in lines):
            continue
        # Each cell of a line compared with its column, but for the cells that the mark changed.
        compared = [
            bool(VALUE.fullmatch(text)) if shape is None else text in shape
            for line in lines
            for column, (text, shape) in enumerate(zip(map(str.strip, line), shapes, strict=False))
            if (shape is None or shape) and text and column != at
        ]
        by_chance = (len(lines) - 1) * (width - 1) <= MOST_BY_CHANCE
        if all(compared) and (compared or not by_chance):
            return True
    return False


def _shape(cells: Sequence[str]) -> Shape:
    present = [cell for cell in map(str.strip, cells) if cell]
    if present and all(map(VALUE.fullmatch, present)):
        return None
    words = frozenset(present)
    return words if len(words) <= min(FEW_WORDS, len(present) / 3) else frozenset()
