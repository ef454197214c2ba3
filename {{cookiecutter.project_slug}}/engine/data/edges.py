"""Edge values: the contract allows them, few rows hold them, and features fail there first."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from engine.contract.column import HIGHEST, LONGEST_CATEGORY, LOWEST, Column

EdgeKind = Literal["missing", "unseen", "extreme"]
# In no real column, so that it is unseen in all of them.
UNSEEN = "(never seen before)"
# The ends of a range that the contract leaves open.
WIDEST, WIDEST_INTEGER = 1e300, 2**53
MOST_EDGE_ROWS = 1_000  # a thousand columns have ten times as many edges


@dataclass(frozen=True)
class Edge:
    """One edge value of one column; `name` describes it in messages."""

    kind: EdgeKind
    column: str
    name: str
    value: Any


def edges(column: Column) -> Iterator[Edge]:
    """The edges that the contract states: missing, unseen, and both ends of a range."""
    if column.nullable:
        yield Edge("missing", column.name, "missing", None)
    if column.type == "category" and not column.closed:
        yield Edge("unseen", column.name, "unseen", UNSEEN)
    low, high = _range(column)
    if column.minimum is not None:
        yield Edge("extreme", column.name, "at its minimum", low)
    if column.maximum is not None:
        yield Edge("extreme", column.name, "at its maximum", high)


def all_edges(column: Column) -> Iterator[Edge]:
    """The same, and other rare values: open ends of ranges, every category, distant dates."""
    yield from edges(column)
    values: dict[str, Any] = {}
    if column.type == "boolean":
        values = {"true": True, "false": False}
    elif column.type == "date":
        values = {"long ago": "1970-01-01", "far ahead": "2100-12-31T23:59:59"}
    elif column.type == "category":
        values = {f"= {value}": value for value in column.categories}
        values |= {} if column.closed else {"empty": "", "long": "x" * LONGEST_CATEGORY}
    else:
        whole, (low, high) = column.type == "integer", _range(column)
        values |= {"at its minimum": low} if column.minimum is None else {}
        values |= {"at its maximum": high} if column.maximum is None else {}
        values["near its minimum"] = low + 1 if whole else math.nextafter(low, high)
        values["near its maximum"] = high - 1 if whole else math.nextafter(high, low)
        values |= {"= 0": 0 if whole else 0.0} if low <= 0 <= high else {}
    yield from (Edge("extreme", column.name, name, value) for name, value in values.items())


def _range(column: Column) -> tuple[float, float]:
    """The ends of a number's range; where the contract leaves one open, the widest."""
    whole = column.type == "integer"
    widest = WIDEST_INTEGER if whole else WIDEST
    low = -widest if column.minimum is None else column.minimum
    high = widest if column.maximum is None else column.maximum
    # A contract may allow more than whole numbers of 64 bits: none of them can come.
    return (max(math.ceil(low), LOWEST), min(math.floor(high), HIGHEST)) if whole else (low, high)


def edge_cases(columns: Sequence[Column]) -> list[tuple[Edge, ...]]:
    """The edges of each row that tries them: one, or of very many several, of different columns."""
    per_column = [[*all_edges(column)] for column in columns]
    every = [edge for edges in per_column for edge in edges]
    rows = min(len(every), max(MOST_EDGE_ROWS, *map(len, per_column)))
    # The edges of a column are neighbours: in steps of as many, none comes twice in a row.
    return [tuple(every[number::rows]) for number in range(rows)]


def edge_table(
    base: "pd.Series[Any]", cases: Sequence[Sequence[Edge]], columns: Sequence[Column]
) -> pd.DataFrame:
    """The row `base` once for each case, with the values of its edges; as a model takes them."""
    changed = [{edge.column: edge.value for edge in case} for case in cases]
    values = {
        column.name: [case.get(column.name, base[column.name]) for case in changed]
        for column in columns
    }
    return pd.DataFrame({c.name: pd.Series(values[c.name], dtype=c.dtype) for c in columns})
