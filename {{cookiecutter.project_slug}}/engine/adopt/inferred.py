"""What is inferred about a column of texts, and what columns of a table have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from engine.contract.column import ColumnType
from engine.contract.format import PLAIN, ColumnFormat

# Testing so many values first spares a full test of what is clearly something else.
SAMPLE_SIZE = 500


@dataclass(frozen=True)
class DialectHints:
    """How columns without doubt write numbers, dates and missing cells.

    It decides for the columns that are ambiguous. `decimal` and `day_first` are None if unclear.
    """

    decimal: str | None = None
    day_first: bool | None = None
    missing: frozenset[str] = frozenset()
    separator: str = ","

    @property
    def continental(self) -> bool:
        """Whether the table seems to be written as in most of Europe."""
        return self.decimal == "," if self.decimal else self.separator == ";"


NO_HINTS = DialectHints()


@dataclass(frozen=True)
class InferredColumn:
    """What a column's texts are; `notes` describe each decision beyond the obvious.

    `hints` is what a column without doubt shows of the table's dialect; an `ambiguous` column is
    inferred again with the hints of the others. `unread`: why texts that look like numbers are
    read as categories. `zoned`: its times came with an offset and are read in UTC; `in_seconds`:
    its durations are read as numbers.
    """

    kind: ColumnType
    cells: ColumnFormat = PLAIN
    notes: tuple[str, ...] = ()
    hints: DialectHints = NO_HINTS
    ambiguous: bool = False
    unread: str = ""
    zoned: bool = False
    in_seconds: bool = False


def dialect_hints(columns: Iterable[InferredColumn], separator: str) -> DialectHints:
    """What the columns of a table have in common; None where they disagree or show nothing."""
    hints = [one.hints for one in columns]
    decimals = {one.decimal for one in hints} - {None}
    orders = {one.day_first for one in hints} - {None}
    decimal = decimals.pop() if len(decimals) == 1 else None
    day_first = orders.pop() if len(orders) == 1 else None
    missing = frozenset().union(*(one.missing for one in hints))
    return DialectHints(decimal, day_first, missing, separator)


def all_match(texts: pa.Array, pattern: str) -> bool:
    """Whether `pattern` fits each text as a whole; tests a sample first."""
    return all(
        pc.all(pc.match_substring_regex(part, f"^({pattern})$"), min_count=0).as_py()
        for part in (texts.slice(0, SAMPLE_SIZE), texts.slice(SAMPLE_SIZE))
    )


def any_match(texts: pa.Array, pattern: str, *, ignore_case: bool = False) -> bool:
    """Whether `pattern` fits one of the texts as a whole."""
    matches = pc.match_substring_regex(texts, f"^({pattern})$", ignore_case=ignore_case)
    return bool(pc.any(matches, min_count=0).as_py())
