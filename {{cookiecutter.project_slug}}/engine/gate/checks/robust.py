"""Checks predictions of extreme rows, and that a prediction does not depend on its batch."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle.edge_rows import all_edges
from engine.bundle.replay import ABSOLUTE_TOLERANCE, RELATIVE_TOLERANCE
from engine.contract.column import Column
from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.results import shorten

Array = NDArray[np.float64]
Row = dict[str, Any]
# A description of the row, and the row.
Named = tuple[str, Row]
# Rows in, scores out: (rows,) or (rows, classes); see `engine.serving.model.predictor`.
Scores = Callable[[Sequence[Row]], Array]

# Test rows in the batch; how many of them are changed to each edge; and how many rows of the batch
# are predicted alone, because one call takes milliseconds.
TYPICAL, BASES, ALONE = 100, 2, 200


def robust(context: CheckContext) -> Result:
    """Edge rows get a finite score in range, the same alone, in a batch and in another order."""
    required = "a finite score in range for every allowed row, the same alone and in a batch"
    columns = context.dataset.columns
    rows = json_rows(context.dataset.test.head(TYPICAL), columns)
    cases = [("a test row", row) for row in rows]
    for base in rows[:BASES]:
        cases += edge_rows(base, columns)
    if results := faults(context.predictor.scores, cases, context.problem.target.task):
        advice = "Handle these values in poc/features.py, or forbid them in data/contract.py; "
        advice += "then train and build again."
        return Result("refuse", shorten(results), required, advice)
    edges = len(cases) - len(rows)
    measured = f"{len(cases):,} rows ({edges:,} of them edge rows): equal scores in a batch, alone "
    return Result("pass", f"{measured}and in reverse order", required)


def edge_rows(base: Row, columns: Sequence[Column]) -> Iterator[Named]:
    """`base` with one edge value at a time, and with all values missing that may be."""
    for column in columns:
        for edge in all_edges(column):
            yield f"{column.name} {edge.name}", {**base, column.name: edge.value}
    if nullable := [column.name for column in columns if column.nullable]:
        yield "all nullable inputs missing", {**base, **dict.fromkeys(nullable)}


def faults(scores: Scores, cases: Sequence[Named], task: str) -> list[str]:
    """The faults of the scores of `cases`, each with the description of its row."""
    rows = [row for _, row in cases]
    try:
        batch = scores(rows)
    except Exception as error:  # a model can raise anything
        crashes = [line for case in cases if (line := _crash(scores, case))]
        return crashes or [f"a batch of {len(rows):,} rows fails: {error!r:.150}"]
    results = [
        f"{name}: {fault}"
        for (name, _), score in zip(cases, batch, strict=True)
        if (fault := _fault(score, task))
    ]
    if results:
        return results
    results = _unequal(cases, batch, scores(rows[::-1])[::-1], "in a batch of another order")
    picked = np.linspace(0, len(rows) - 1, min(ALONE, len(rows)), dtype=int)
    alone = np.concatenate([scores([rows[at]]) for at in picked])
    return results + _unequal([cases[at] for at in picked.tolist()], batch[picked], alone, "alone")


def _crash(scores: Scores, case: Named) -> str:
    name, row = case
    try:
        scores([row])
    except Exception as error:
        return f"{name} fails: {error!r:.150}"
    return ""


def _fault(score: Any, task: str) -> str:
    """The fault of one score; empty where there is none."""
    values = np.atleast_1d(score)
    if not np.isfinite(values).all():
        return "the score is not finite"
    if task == "regression":
        return ""
    if values.min() < 0 or values.max() > 1:
        return "a probability is outside 0 to 1"
    return "" if abs(values.sum() - 1) <= RELATIVE_TOLERANCE else "probabilities do not sum to 1"


def _unequal(cases: Sequence[Named], one: Array, other: Array, condition: str) -> list[str]:
    close = np.isclose(one, other, rtol=RELATIVE_TOLERANCE, atol=ABSOLUTE_TOLERANCE)
    equal = close.reshape(len(cases), -1).all(axis=1)
    unequal = np.flatnonzero(~equal).tolist()
    return [f"{cases[at][0]} has another score {condition}" for at in unequal]
