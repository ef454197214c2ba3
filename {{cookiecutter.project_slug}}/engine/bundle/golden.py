"""Golden rows: rows with the predictions of the PoC, which production must give too.

Some of them hold edge values: allowed by the contract, and where models fail first.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from engine.data.columns import json_rows
from engine.data.edges import edge_table, edges
from engine.problem.errors import BadInput
from engine.problem.metrics import Array
from engine.problem.spec import Task
from engine.training.dataset import Dataset
from engine.training.evaluate import predict
from engine.training.features.faults import feature_fault

# A server replays each of them, one by one, before it opens its port.
TYPICAL, NEAR, MOST_EDGES = 20, 10, 150
# With more columns a row takes longer: so many cells of edge rows are enough.
MOST_CELLS, FEWEST_EDGES = 60_000, 30


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
    """Typical and edge rows, made of the test rows, whose predictions are `scores`.

    BadInput if the model cannot predict one; it names the feature that fails, if one does.
    """
    task, classes, columns = dataset.problem.target.task, dataset.targets.classes, dataset.columns
    table = dataset.inputs(dataset.test)
    typical, near = _spread(len(table), TYPICAL), _nearest(scores, task, threshold)
    possible = [edge for column in columns for edge in edges(column)]
    most = min(MOST_EDGES, max(FEWEST_EDGES, MOST_CELLS // len(columns)))
    chosen = [possible[i] for i in _spread(len(possible), most)]
    kinds = ["typical"] * len(typical) + ["near_threshold"] * len(near)
    kinds += [edge.kind for edge in chosen]
    edge_rows = edge_table(table.iloc[len(table) // 2], [(edge,) for edge in chosen], columns)
    rows = pd.concat([table.iloc[typical], table.iloc[near], edge_rows], ignore_index=True)
    try:
        predicted = predict(model, rows, task, classes)
    except BadInput as error:
        raise feature_fault(model, table, columns) or error from None
    answers = golden_answers(predicted, task, classes, threshold)
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
