"""Recognises rows of units, types or descriptions between the header and the first values."""

from itertools import chain

import pandas as pd

from engine.adopt.infer import FEWEST_ROWS
from engine.adopt.texts import AMBIGUOUS, MISSING
from engine.contract.sniff import VALUE
from engine.problem.errors import BadInput

# So many rows may explain the header, and so many below them show what the columns hold.
MOST, SAMPLE_SIZE = 3, 200
LONGEST_UNIT = 3
SHOWN = 4


def check_first_rows(source: str, raw: pd.DataFrame) -> None:
    """Raise BadInput if the first rows hold words in all columns where the others hold values."""
    cells = {name: raw[name].iloc[: SAMPLE_SIZE + MOST].tolist() for name in raw.columns}
    for rows in range(1, MOST + 1 if len(raw) >= FEWEST_ROWS else 0):
        measured = [column for column in cells.values() if _are_values(column[rows:])]
        above = [[column[at] for column in measured] for at in range(rows)]
        if len(measured) > 1 and all(map(_explain, above)):
            shown = dict.fromkeys(chain.from_iterable(above))
            words = ", ".join(f"{word!r:.40}" for word in shown if not pd.isna(word))
            which = "row 1 below the header holds" if rows == 1 else f"rows 1 to {rows} hold"
            message = f"{source}: {which} words ({words:.100}) in {len(measured)} columns that "
            message += "hold values in every other row, as units, types or descriptions; delete "
            message += f"{'it' if rows == 1 else 'them'}, and adopt again"
            raise BadInput(message, code="units-row")


def _are_values(cells: list[str]) -> bool:
    """Whether cells are numbers or dates; missing ones do not count."""
    present = [cell for cell in cells if not _is_missing(cell)]
    return len(present) > len(cells) / 2 and all(map(VALUE.fullmatch, present))


def _explain(cells: list[str]) -> bool:
    """Whether most of these cells are words, none is a value, and they are no word for missing."""
    words = [cell for cell in cells if not _is_missing(cell)]
    distinct = set(words)
    # The same long word in each column rather means that nothing was measured.
    is_marker = len(distinct) == 1 and len(cells) > 1 and len(words[0]) > LONGEST_UNIT
    are_words = not any(map(VALUE.fullmatch, words))
    return 2 * len(words) > len(cells) and are_words and not is_marker


def _is_missing(cell: str) -> bool:
    return pd.isna(cell) or cell.lower() in MISSING | AMBIGUOUS
