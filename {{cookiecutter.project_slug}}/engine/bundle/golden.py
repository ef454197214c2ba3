"""Golden rows: rows with the predictions of the PoC, which production must give too."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from engine.bundle.edge_rows import edges
from engine.data.columns import json_rows
from engine.problem.metrics import Array
from engine.problem.spec import Task
from engine.training.dataset import Dataset
from engine.training.evaluate import predict

# A server replays each of them, one by one, before it opens its port.
TYPICAL, NEAR, MOST_EDGES = 20, 10, 150


def golden_answers(
    scores: Array, task: Task, classes: Sequence[Any], threshold: float | None
) -> list[dict[str, Any]]:
    """The model's answer for each row, as a caller gets it.

    `scores` are as `training.evaluate.predict` gives them; the default threshold is one half.
    """
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
    """Typical test rows, and edge rows: missing, unseen, extreme, near a decision.

    `scores` are the model's predictions of the test rows.
    """
    task, classes, columns = dataset.problem.target.task, dataset.targets.classes, dataset.columns
    table = dataset.inputs(dataset.test)
    typical = _spread(len(table), TYPICAL)
    near = _nearest(scores, task, threshold)
    all_edges = [edge for column in columns for edge in edges(column)]
    chosen = [all_edges[i] for i in _spread(len(all_edges), MOST_EDGES)]
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
    if task == "regression":
        return np.array([], dtype=np.intp)
    if task == "binary":
        distance = np.abs(scores - (0.5 if threshold is None else threshold))
    else:
        ranked = np.sort(scores, axis=1)
        distance = ranked[:, -1] - ranked[:, -2]
    return np.argsort(distance, kind="stable")[:NEAR]
