"""What can be found out about a column of texts, and what columns of a table have in common."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from engine.contract.column import ColumnType
from engine.contract.format import PLAIN, ColumnFormat

# A first look at so many values spares a full one at what is clearly something else.
SAMPLE_SIZE = 500


@dataclass(frozen=True)
class DialectHints:
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

    `unread`: why words that seem to be numbers are read as none. `tells` is what a column without
    doubt says of the table's habits; `open` columns leave one,
    so that the habits of the others may decide.
    """

    kind: ColumnType
    cells: ColumnFormat = PLAIN
    notes: tuple[str, ...] = ()
    tells: DialectHints = DialectHints()
    open: bool = False
    unread: str = ""


def habits(found: Iterable[Found], separator: str) -> DialectHints:
    """What the columns of a table have in common; None where they disagree or say nothing."""
    tells = [one.tells for one in found]
    decimals = {one.decimal for one in tells} - {None}
    orders = {one.day_first for one in tells} - {None}
    return DialectHints(
        decimals.pop() if len(decimals) == 1 else None,
        orders.pop() if len(orders) == 1 else None,
        frozenset().union(*(one.missing for one in tells)),
        separator,
    )


def all_match(texts: pa.Array, pattern: str) -> bool:
    """Does `pattern` fit each text as a whole? The first few are asked before all of them."""
    return all(
        pc.all(pc.match_substring_regex(part, f"^({pattern})$"), min_count=0).as_py()
        for part in (texts.slice(0, SAMPLE_SIZE), texts.slice(SAMPLE_SIZE))
    )


def any_match(texts: pa.Array, pattern: str, *, ignore_case: bool = False) -> bool:
    """Does `pattern` fit one of the texts as a whole?"""
    found = pc.match_substring_regex(texts, f"^({pattern})$", ignore_case=ignore_case)
    return bool(pc.any(found, min_count=0).as_py())
