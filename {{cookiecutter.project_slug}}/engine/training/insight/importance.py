"""What the model leans on: how much worse it gets when one input is shuffled (Breiman 2001)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.training.dataset import SEED
from engine.training.folds import CrossValidationData, Trial
from engine.training.parallel import at_once

# Bounded by counts, not by a clock, so that the same data gives the same figures: predictions of
# about so many rows in all, from a sample of so many.
REPEATS, CELLS, FEWEST, MOST = 5, 80_000, 200, 2_000


@dataclass(frozen=True)
class Importance:
    """By how much the success metric falls without an input: the mean over shuffles, its spread.

    `spread` is the standard deviation over shuffles. Inputs that tell the same stand in for each
    other: each of them alone then looks needless.
    """

    column: str
    drop: float
    spread: float


def importance(taught: CrossValidationData, trial: Trial) -> list[Importance]:
    """Each input's importance, the largest first, on rows that the trial's last fold held out."""
    if trial.last is None:
        return []
    model, rows = trial.last, _sample(taught)
    table, outcome = taught.table.iloc[rows], taught.dataset.known.values[rows]
    sign = 1.0 if taught.metric.higher_is_better else -1.0
    whole = taught.metric.compute(outcome, taught.say(model, rows))

    def without(number: int) -> Importance:
        column = str(table.columns[number])
        # One stream of shuffles a column, whichever thread comes first.
        rng = np.random.default_rng([SEED, number])
        orders = [rng.permutation(len(rows)) for _ in range(REPEATS)]
        shuffled = pd.concat([table] * REPEATS, ignore_index=True)
        shuffled[column] = table[column].iloc[np.concatenate(orders)].array
        said = np.split(taught.answers(model, shuffled), REPEATS)
        drops = [sign * (whole - taught.metric.compute(outcome, one)) for one in said]
        return Importance(column, float(np.mean(drops)), float(np.std(drops, ddof=1)))

    with at_once(without, range(len(table.columns))) as done:
        return sorted(done, key=lambda one: -one.drop)


def _sample(taught: CrossValidationData) -> NDArray[np.intp]:
    """Rows of the last fold, as many as the number of inputs allows."""
    judge = taught.folds[-1][1]
    most = int(np.clip(CELLS / len(taught.table.columns) / REPEATS, FEWEST, MOST))
    if len(judge) <= most:
        return judge
    rng = np.random.default_rng(SEED)
    if taught.dataset.problem.target.task == "regression":
        return np.sort(rng.choice(judge, most, replace=False))
    outcome = taught.dataset.known.values[judge]
    # Each class by its share, and at least two rows of it: else a measure may not be defined.
    kept = [
        rng.choice(judge[outcome == label], max(2, round(most * share)), replace=False)
        if (share := float(np.mean(outcome == label))) * len(judge) > 2
        else judge[outcome == label]
        for label in np.unique(outcome)
    ]
    return np.sort(np.concatenate(kept))
