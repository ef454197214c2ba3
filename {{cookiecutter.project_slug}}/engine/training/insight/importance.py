"""Permutation importance: the loss of the metric when one input is shuffled (Breiman 2001)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.data.split import Rows
from engine.training.dataset import SEED
from engine.training.folds import Trial
from engine.training.parallel import parallel_map
from engine.training.prepare import CrossValidationData

# Shuffles of each input; and rows, from so many predicted cells. Counts, not a clock: the same data
# gives the same result.
REPEATS, MOST_CELLS, FEWEST_ROWS, MOST_ROWS = 5, 80_000, 200, 2_000


@dataclass(frozen=True)
class Importance:
    """The loss of the success metric without an input.

    `drop` is the mean over shuffles, `spread` the standard deviation. Each of two correlated inputs
    may look unimportant: the other replaces it.
    """

    column: str
    drop: float
    spread: float


def importance(data: CrossValidationData, trial: Trial) -> list[Importance]:
    """Each input's importance, the largest first, on validation rows of the trial's last fold.

    All shuffles of an input are predicted in one call. scikit-learn's `permutation_importance`
    calls the model once for each: five times as slow where a call takes longer than its rows.
    """
    if trial.last is None:
        return []
    model, rows = trial.last, _sample(data)
    table, outcomes = data.table.iloc[rows], data.outcomes(rows)
    sign = 1.0 if data.metric.higher_is_better else -1.0
    whole = data.metric.compute(outcomes, data.predict(model, rows))

    def without(number: int) -> Importance:
        column = str(table.columns[number])
        # One stream of random numbers a column: the order of threads changes nothing.
        rng = np.random.default_rng([SEED, number])
        orders = [rng.permutation(len(rows)) for _ in range(REPEATS)]
        shuffled = pd.concat([table] * REPEATS, ignore_index=True)
        shuffled[column] = table[column].iloc[np.concatenate(orders)].array
        predictions = np.split(data.predict_inputs(model, shuffled), REPEATS)
        drops = [sign * (whole - data.metric.compute(outcomes, one)) for one in predictions]
        return Importance(column, float(np.mean(drops)), float(np.std(drops, ddof=1)))

    results = parallel_map(without, range(len(table.columns)))
    return sorted(results, key=lambda one: -one.drop)


def _sample(data: CrossValidationData) -> Rows:
    """Validation rows of the last fold, as many as the number of inputs allows."""
    rows = data.folds[-1][1]
    most = int(np.clip(MOST_CELLS / len(data.table.columns) / REPEATS, FEWEST_ROWS, MOST_ROWS))
    if len(rows) <= most:
        return rows
    rng, classes = np.random.default_rng(SEED), [rows]
    if data.task != "regression":
        outcomes = data.outcomes(rows)
        classes = [rows[outcomes == label] for label in np.unique(outcomes)]
    # Each class by its share, and at least two rows of it: else a metric may not be defined.
    sizes = [max(2, round(most * len(own) / len(rows))) for own in classes]
    samples = [
        rng.choice(own, min(size, len(own)), replace=False)
        for own, size in zip(classes, sizes, strict=True)
    ]
    return np.sort(np.concatenate(samples))
