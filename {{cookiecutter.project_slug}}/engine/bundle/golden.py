"""Golden rows: rows with the answers that the PoC gave, which production must give too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from engine.bundle.edge_rows import Edge, edges
from engine.contract.column import Column
from engine.data.columns import json_rows
from engine.problem.spec import Task
from engine.training.dataset import Dataset
from engine.training.evaluate import predict

Array = NDArray[np.float64]

# A server replays each of them, one by one, before it opens its port.
TYPICAL, NEAR, MOST_EDGES = 20, 10, 150


def golden_answers(
    scores: Array, task: Task, classes: Sequence[Any], threshold: float | None
) -> list[dict[str, Any]]:
    """What the model says of each row, as it is answered to a caller.

    `scores` are as `training.evaluate.predict` gives them; without a threshold, one half is it.
    """
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
    dataset: Dataset, model: Pipeline, scores: Array, threshold: float | None
) -> list[dict[str, Any]]:
    """Typical test rows, and the edges: missing, unseen, extreme, near a decision.

    `scores` are what `model` says of the test rows.
    """
    task, classes, columns = dataset.problem.target.task, dataset.targets.classes, dataset.columns
    table = dataset.inputs(dataset.test)
    typical = np.linspace(0, len(table) - 1, min(TYPICAL, len(table)), dtype=int)
    near = _nearest(scores, task, threshold)
    every = [edge for column in columns for edge in edges(column)]
    spread = np.linspace(0, len(every) - 1, min(MOST_EDGES, len(every)), dtype=int)
    extreme = [every[at] for at in spread]
    kinds = ["typical"] * len(typical) + ["near_threshold"] * len(near)
    kinds += [edge.kind for edge in extreme]
    rows = pd.concat(
        [
            table.iloc[typical],
            table.iloc[near],
            _pushed(table.iloc[len(table) // 2], columns, extreme),
        ],
        ignore_index=True,
    )
    answers = golden_answers(predict(model, rows, task, classes), task, classes, threshold)
    return [
        {"kind": kind, "row": row, "answer": answer}
        for kind, row, answer in zip(kinds, json_rows(rows, columns), answers, strict=True)
    ]


def _nearest(scores: Array, task: Task, threshold: float | None) -> NDArray[np.intp]:
    """The rows whose decision hangs by a thread; none where nothing is decided."""
    if task == "regression":
        return np.array([], dtype=np.intp)
    if task == "binary":
        distance = np.abs(scores - (0.5 if threshold is None else threshold))
    else:
        ranked = np.sort(scores, axis=1)
        distance = ranked[:, -1] - ranked[:, -2]
    return np.argsort(distance, kind="stable")[:NEAR]


def _pushed(
    base: "pd.Series[Any]", columns: Sequence[Column], extreme: Sequence[Edge]
) -> pd.DataFrame:
    """A row for each edge: `base` with the one value pushed there."""
    return pd.DataFrame(
        {
            column.name: pd.Series(
                [
                    edge.value if edge.column == column.name else base[column.name]
                    for edge in extreme
                ],
                dtype=column.dtype,
            )
            for column in columns
        }
    )
