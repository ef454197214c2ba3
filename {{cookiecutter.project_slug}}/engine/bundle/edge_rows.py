"""Edge values of a column: allowed by its contract, and where models fail first.

Golden rows, the gate's check `robust` and the comparison with a converted model use them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from engine.contract.column import LONGEST_CATEGORY, Column

EdgeKind = Literal["missing", "unseen", "extreme"]
# In no real column, so that it is unseen in all of them.
UNSEEN = "(never seen before)"
# The ends of a range that the contract leaves open.
WIDEST, WIDEST_INTEGER = 1e300, 2**53


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
    yield from (Edge("extreme", column.name, name, value) for name, value in _extremes(column))


def _extremes(column: Column) -> Iterator[tuple[str, Any]]:
    if column.type == "boolean":
        yield from (("true", True), ("false", False))
    elif column.type == "date":
        yield from (("long ago", "1970-01-01"), ("far ahead", "2100-12-31T23:59:59"))
    elif column.type == "category":
        yield from ((f"= {value}", value) for value in column.categories)
        if not column.closed:
            yield from (("empty", ""), ("long", "x" * LONGEST_CATEGORY))
    else:
        whole, (low, high) = column.type == "integer", _range(column)
        if column.minimum is None:
            yield "at its minimum", low
        if column.maximum is None:
            yield "at its maximum", high
        yield "near its minimum", low + 1 if whole else float(np.nextafter(low, high))
        yield "near its maximum", high - 1 if whole else float(np.nextafter(high, low))
        if low <= 0 <= high:
            yield "= 0", 0 if whole else 0.0


def _range(column: Column) -> tuple[float, float]:
    """The ends of a number's range; where the contract leaves one open, the widest."""
    whole = column.type == "integer"
    widest = WIDEST_INTEGER if whole else WIDEST
    low = -widest if column.minimum is None else column.minimum
    high = widest if column.maximum is None else column.maximum
    return (math.ceil(low), math.floor(high)) if whole else (low, high)
