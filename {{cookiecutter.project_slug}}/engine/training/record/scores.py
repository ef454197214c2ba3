"""The table of out-of-fold scores that a run records."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from engine.problem.metrics import Array
from engine.training.dataset import CrossValidationData
from engine.training.evaluate import slice_labels
from engine.training.folds import Trial
from engine.training.money import fold_thresholds, money
from engine.training.record.runs import EARNED, SLICE, UNIT


def scores_table(data: CrossValidationData, trials: Sequence[Trial], chosen: Array) -> pd.DataFrame:
    """Each candidate's out-of-fold scores; rows that no fold validated on are left out.

    Columns: `row` (its number among the training rows), `outcome` (0/1, number of the class,
    value), and one a candidate; of several classes one each, `candidate:class`. Then, for
    comparisons of runs: what each row earns by the `chosen` scores, its unit and its slices.
    """
    rows = data.out_of_fold_rows
    table = {"row": rows, "outcome": data.outcomes(rows)}
    for trial in trials:
        scores, name = trial.scores[rows], trial.candidate.name
        labels = data.dataset.targets.classes if scores.ndim > 1 else ()
        table |= {f"{name}:{label}": scores[:, i] for i, label in enumerate(labels)}
        table |= {} if labels else {name: scores}
    return pd.DataFrame(table | _for_comparison(data, chosen))


def _for_comparison(data: CrossValidationData, scores: Array) -> dict[str, Any]:
    rows, problem = data.out_of_fold_rows, data.problem
    outcomes, thresholds = data.outcomes(rows), fold_thresholds(data, scores)
    columns: dict[str, Any] = {
        EARNED: money(problem.value, data.task, outcomes, scores[rows], thresholds)
    }
    if (groups := data.groups(rows)) is not None:
        columns[UNIT] = groups
    for one in problem.success.slices:
        columns[SLICE + one.column] = slice_labels(data.dataset.train[one.column]).to_numpy()[rows]
    return columns
