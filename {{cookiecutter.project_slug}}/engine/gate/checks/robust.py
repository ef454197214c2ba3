"""Does the model answer whatever the contract lets through, and always in the same way?"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle.golden import UNSEEN
from engine.bundle.replay import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from engine.contract.column import LONGEST_CATEGORY, Column
from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.compare import shorten

Array = NDArray[np.float64]
Row = dict[str, Any]
# Rows in, scores out: (rows,) or (rows, classes); see `engine.serving.model.predictor`.
Scores = Callable[[Sequence[Row]], Array]

# Test rows that are asked in a batch, alone and in another order; edges are pushed into each of
# the first few. Of those, so many are asked alone: one call takes milliseconds.
TYPICAL, BASES, ALONE = 100, 2, 200


def robust(evidence: CheckContext) -> Result:
    """Edges of every input get a finite score in its range; alone, together, in any order."""
    required = "a finite score in its range for all that the contract allows, alone as in a batch"
    rows = json_rows(evidence.dataset.test.head(TYPICAL), evidence.dataset.columns)
    asked = [("a test row", row) for row in rows]
    for base in rows[:BASES]:
        asked += edges(base, evidence.dataset.columns)
    found = faults(evidence.served.scores, asked, evidence.problem.target.task)
    if found:
        advice = "mend poc/features.py for these values, or have data/contract.py refuse them"
        return Result("refuse", shorten(found), required, f"{advice}; then train and build again")
    measured = f"{len(asked):,} rows, of which {len(asked) - len(rows):,} at an edge, answered"
    return Result("pass", f"{measured} the same in a batch, alone and reversed", required)


def edges(base: Row, columns: Sequence[Column]) -> Iterator[tuple[str, Row]]:
    """`base` with each input pushed to what its contract just allows: what it is, and the row."""
    for column in columns:
        for what, value in _edges(column):
            yield f"{column.name} {what}", {**base, column.name: value}
    able = [column.name for column in columns if column.nullable]
    if able:
        yield "everything missing that may be", {**base, **dict.fromkeys(able)}


def _edges(column: Column) -> Iterator[tuple[str, Any]]:
    if column.nullable:
        yield "missing", None
    if column.type in ("number", "integer"):
        yield from _numbers(column)
    elif column.type == "boolean":
        yield from (("true", True), ("false", False))
    elif column.type == "date":
        yield from (("long ago", "1970-01-01"), ("far ahead", "2100-12-31T23:59:59"))
    else:
        yield from ((f"= {value}", value) for value in column.categories)
        if not column.closed:
            yield from (("unseen", UNSEEN), ("empty", ""), ("long", "x" * LONGEST_CATEGORY))


def _numbers(column: Column) -> Iterator[tuple[str, Any]]:
    """Both ends of a range, or what a caller may send where there is none; and just inside."""
    whole = column.type == "integer"
    widest = 2.0**53 if whole else 1e300
    low = -widest if column.minimum is None else column.minimum
    high = widest if column.maximum is None else column.maximum
    inside = (low + 1, high - 1) if whole else (np.nextafter(low, high), np.nextafter(high, low))
    ends = {"at its least": low, "at its most": high}
    ends |= dict(zip(("near its least", "near its most"), inside, strict=True))
    if low <= 0 <= high:
        ends["= 0"] = 0.0
    for what, value in ends.items():
        yield what, (np.ceil(value) if value < 0 else np.floor(value)) if whole else float(value)


def faults(scores: Scores, asked: Sequence[tuple[str, Row]], task: str) -> list[str]:
    """What is wrong with the answers to `asked`: what a row is, and the row."""
    rows = [row for _, row in asked]
    try:
        together = scores(rows)
    except Exception as error:  # a model may fail in any way, and must fail in none
        return _crashes(scores, asked) or [f"a batch of {len(rows):,} rows fails: {error!r:.150}"]
    found = [
        f"{what}: {wrong}"
        for (what, _), score in zip(asked, together, strict=True)
        if (wrong := _no_score(score, task))
    ]
    if found:
        return found
    reverse = scores(rows[::-1])[::-1]
    found = _differ(asked, together, reverse, "in a batch of another order")
    spread = np.linspace(0, len(rows) - 1, min(ALONE, len(rows)), dtype=int)
    alone = np.concatenate([scores([rows[at]]) for at in spread])
    return found + _differ([asked[at] for at in spread.tolist()], together[spread], alone, "alone")


def _crashes(scores: Scores, asked: Sequence[tuple[str, Row]]) -> list[str]:
    """The rows, asked one by one, that have no answer."""
    found = []
    for what, row in asked:
        try:
            scores([row])
        except Exception as error:
            found.append(f"{what} fails: {error!r:.150}")
    return found


def _no_score(score: Any, task: str) -> str:
    """What is wrong with a score; empty if nothing is."""
    values = np.atleast_1d(score)
    if not np.isfinite(values).all():
        return "the score is not finite"
    if task != "regression" and (values.min() < 0 or values.max() > 1):
        return "a probability lies beyond 0 and 1"
    if task != "regression" and abs(values.sum() - 1) > RELATIVE_TOLERANCE:
        return "the probabilities do not add up to 1"
    return ""


def _differ(asked: Sequence[tuple[str, Row]], one: Array, other: Array, how: str) -> list[str]:
    close = np.isclose(one, other, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
    same = close.reshape(len(asked), -1).all(axis=1)
    return [f"{asked[at][0]} is answered otherwise {how}" for at in np.flatnonzero(~same).tolist()]
