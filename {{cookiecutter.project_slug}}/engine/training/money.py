"""What a model earns by the costs in problem.toml, and the thresholds that earn most."""

import math
from typing import Any

import numpy as np

from engine.data.split import Rows
from engine.problem.metrics import Array, Groups
from engine.problem.spec import Problem, Task, Value
from engine.training.dataset import CrossValidationData
from engine.training.evaluate import mean_interval

# Above any probability: the threshold where never acting earns most.
NEVER = math.nextafter(1.0, 2.0)


def money(
    value: Value, task: Task, outcome: Array, score: Array, threshold: float | Array | None
) -> Array:
    """What each row earns (n,) by the model's decision; `threshold` is one for all, or for each.

    An infinite one never acts. Only a binary decision has one.
    """
    if task == "regression":
        return (value.per_unit_error or 0.0) * np.abs(outcome - score)
    if task == "multiclass":
        right = score.argmax(axis=1) == outcome
        return np.where(right, value.correct or 0.0, value.wrong or 0.0)
    acts = score >= (0.5 if threshold is None else threshold)
    positive = np.where(acts, value.true_positive or 0.0, value.false_negative or 0.0)
    negative = np.where(acts, value.false_positive or 0.0, value.true_negative or 0.0)
    return np.where(outcome == 1, positive, negative)


def worth(
    problem: Problem,
    outcome: Array,
    score: Array,
    baseline: Array,
    threshold: float | Array | None,
    groups: Groups | None = None,
) -> dict[str, Any]:
    """Money for 1,000 rows with the model, its 95 % interval, and without it (see `money`).

    A model must beat both default policies, acting on no row and on every row (Vickers, Elkin
    2006); the second is None unless the task is binary.
    """
    task = problem.target.task
    paid = 1000 * money(problem.value, task, outcome, score, threshold)
    # Without a model: never acting, or following the baseline's prediction.
    without, always = (money(problem.value, task, outcome, baseline, t) for t in (np.inf, -np.inf))
    earned = mean_interval(paid, outcome, task, groups)
    return {
        "currency": problem.value.currency,
        "per_1000_rows": earned.value,
        "low": earned.low,
        "high": earned.high,
        "do_nothing": 1000 * float(without.mean()),
        "act_always": 1000 * float(always.mean()) if task == "binary" else None,
    }


def best_threshold(value: Value, outcome: Array, score: Array) -> float:
    """The score from which acting earns most, on rows the model was not fitted on, or `NEVER`.

    Every score is tried: sorted once, the earnings of all thresholds are a running sum.
    """
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    always, never = (money(value, "binary", outcome, score, end) for end in (-np.inf, np.inf))
    earned = np.cumsum((always - never)[order])
    # A threshold can only fall between different scores.
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    best = ends[np.argmax(earned[ends])]
    if earned[best] <= 0:
        return NEVER
    after = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + after) / 2)


def threshold_of(data: CrossValidationData, scores: Array, rows: Rows) -> float | None:
    """The score from which acting earns most on some of the rows; None unless binary."""
    if data.task != "binary":
        return None
    return best_threshold(data.problem.value, data.outcomes(rows), scores[rows])


def fold_thresholds(data: CrossValidationData, scores: Array) -> Array | None:
    """The threshold of each out-of-fold row, set on other folds; None unless binary.

    The best threshold of the same rows would earn too much. Of calibrated scores, the others' come
    from curves that were fitted on this fold too. That is no advantage: on 40 tables of 300 rows
    it gave 1.4 % less (standard error 0.5 %) than curves that were not. A fold that has no others
    gets the threshold of all rows.
    """
    if data.task != "binary":
        return None
    thresholds = np.full(len(scores), threshold_of(data, scores, data.out_of_fold_rows))
    for number, (_, validation) in enumerate(data.folds):
        others = data.calibration_rows(number)
        if len(others):
            thresholds[validation] = threshold_of(data, scores, others)
    return thresholds[data.out_of_fold_rows]
