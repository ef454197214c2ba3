"""Golden rows: rows with the answers that the PoC gave, which production must give too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from data.columns import json_rows
from data.load import inputs
from poc.evaluate import predict
from problem.columns import Column
from problem.spec import Task

TYPICAL, NEAR = 20, 10
# No value of any real column, so unseen in all of them.
UNSEEN = "(never seen before)"


def answers(
    scores: NDArray[np.float64], task: Task, classes: Sequence[Any], threshold: float | None
) -> list[dict[str, Any]]:
    """What the model says of each row, as it is answered to a caller."""
    if task == "regression":
        return [{"score": float(score)} for score in scores]
    if task == "binary":
        cut = 0.5 if threshold is None else threshold
        return [{"score": float(score), "decision": bool(score >= cut)} for score in scores]
    return [
        {
            "score": float(row.max()),
            "decision": classes[int(row.argmax())],
            "scores": {str(label): float(p) for label, p in zip(classes, row, strict=True)},
        }
        for row in scores
    ]


def golden_rows(
    model: Pipeline, frame: pd.DataFrame, columns: tuple[Column, ...], task: Task,
    classes: Sequence[Any], threshold: float | None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Typical rows of `frame`, and the edges: missing, unseen, extreme, near a decision."""
    table = inputs(frame, columns)
    scores = predict(model, table, task, classes)
    typical = np.linspace(0, len(table) - 1, min(TYPICAL, len(table)), dtype=int)
    base = table.iloc[[len(table) // 2]]
    picked = [("typical", table.iloc[typical])]
    picked += [("near_threshold", table.iloc[_nearest(scores, task, threshold)])]
    picked += [(kind, row) for kind, row in _edges(base, columns)]
    golden = []
    for kind, rows in picked:
        said = answers(predict(model, rows, task, classes), task, classes, threshold)
        golden += [
            {"kind": kind, "row": row, "answer": answer}
            for row, answer in zip(json_rows(rows, columns), said, strict=True)
        ]
    return golden


def _nearest(
    scores: NDArray[np.float64], task: Task, threshold: float | None
) -> NDArray[np.intp]:
    """The rows whose decision hangs by a thread; none where nothing is decided."""
    if task == "regression":
        return np.array([], dtype=np.intp)
    if task == "binary":
        distance = np.abs(scores - (0.5 if threshold is None else threshold))
    else:
        ranked = np.sort(scores, axis=1)
        distance = ranked[:, -1] - ranked[:, -2]
    return np.argsort(distance, kind="stable")[:NEAR]


def _edges(base: pd.DataFrame, columns: Sequence[Column]) -> list[tuple[str, pd.DataFrame]]:
    """`base` with one column at a time pushed to an edge that the contract allows."""
    edges: list[tuple[str, pd.DataFrame]] = []
    for column in columns:
        values: list[tuple[str, Any]] = []
        if column.nullable:
            values.append(("missing", None))
        if column.type == "category" and not column.closed:
            values.append(("unseen", UNSEEN))
        values += [
            ("extreme", border)
            for border in (column.minimum, column.maximum)
            if border is not None
        ]
        for kind, value in values:
            row = base.copy()
            row[column.name] = pd.Series([value], index=base.index, dtype=column.dtype)
            edges.append((kind, row))
    return edges
