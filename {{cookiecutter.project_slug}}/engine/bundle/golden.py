"""Golden rows: rows with the predictions of the PoC, which production must give too.

Some of them hold edge values: allowed by the contract, and where models fail first.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from engine.contract.column import HIGHEST, LONGEST_CATEGORY, LOWEST, Column
from engine.data.columns import json_rows
from engine.problem.metrics import Array
from engine.problem.spec import Task
from engine.training.dataset import Dataset
from engine.training.evaluate import predict

# A server replays each of them, one by one, before it opens its port.
TYPICAL, NEAR, MOST_EDGES = 20, 10, 150
# With more columns a row takes longer: so many cells of edge rows are enough.
MOST_CELLS, FEWEST_EDGES = 60_000, 30
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
        values["near its minimum"] = low + 1 if whole else float(np.nextafter(low, high))
        values["near its maximum"] = high - 1 if whole else float(np.nextafter(high, low))
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


def golden_answers(
    scores: Array, task: Task, classes: Sequence[Any], threshold: float | None
) -> list[dict[str, Any]]:
    """The answer for each row, of scores as `predict` gives them; the default threshold is 0.5."""
    if task == "regression":
        return [{"score": float(score)} for score in scores]
    if task == "binary":
        cut = 0.5 if threshold is None else threshold
        return [{"score": float(score), "decision": bool(score >= cut)} for score in scores]
    answers = []
    for row in scores:
        shares = {str(label): float(p) for label, p in zip(classes, row, strict=True)}
        decision = classes[int(row.argmax())]
        answers.append({"score": float(row.max()), "decision": decision, "scores": shares})
    return answers


def golden_rows(
    dataset: Dataset, model: Pipeline, scores: Array, threshold: float | None
) -> list[dict[str, Any]]:
    """Typical and edge rows, made of the test rows, whose predictions are `scores`."""
    task, classes, columns = dataset.problem.target.task, dataset.targets.classes, dataset.columns
    table = dataset.inputs(dataset.test)
    typical, near = _spread(len(table), TYPICAL), _nearest(scores, task, threshold)
    possible = [edge for column in columns for edge in edges(column)]
    most = min(MOST_EDGES, max(FEWEST_EDGES, MOST_CELLS // len(columns)))
    chosen = [possible[i] for i in _spread(len(possible), most)]
    kinds = ["typical"] * len(typical) + ["near_threshold"] * len(near)
    kinds += [edge.kind for edge in chosen]
    base, changed = table.iloc[len(table) // 2], {}
    for column in columns:
        usual = base[column.name]
        values = [edge.value if edge.column == column.name else usual for edge in chosen]
        changed[column.name] = pd.Series(values, dtype=column.dtype)
    edge_rows = pd.DataFrame(changed)
    rows = pd.concat([table.iloc[typical], table.iloc[near], edge_rows], ignore_index=True)
    answers = golden_answers(predict(model, rows, task, classes), task, classes, threshold)
    return [
        {"kind": kind, "row": row, "answer": answer}
        for kind, row, answer in zip(kinds, json_rows(rows, columns), answers, strict=True)
    ]


def _spread(count: int, most: int) -> NDArray[np.intp]:
    """At most `most` of `count` indices, evenly spaced."""
    return np.linspace(0, count - 1, min(most, count), dtype=np.intp)


def _nearest(scores: Array, task: Task, threshold: float | None) -> NDArray[np.intp]:
    """The rows closest to another decision; none for regression."""
    if task == "multiclass":
        ranked = np.sort(scores, axis=1)
        distance = ranked[:, -1] - ranked[:, -2]
    else:
        distance = np.abs(scores - (0.5 if threshold is None else threshold))
    return np.argsort(distance, kind="stable")[: 0 if task == "regression" else NEAR]
