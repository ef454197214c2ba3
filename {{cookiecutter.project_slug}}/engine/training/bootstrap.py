"""Bootstrap intervals of measures and of money, for any number of rows."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.problem.metrics import Array, Groups, Interval, interval, resamples
from engine.problem.spec import Task

# A bootstrap of so many rows is enough to estimate the spread; but it needs at least so many rows
# of each class, and so many groups.
MOST_ROWS, FEWEST_OF_CLASS, FEWEST_GROUPS, REPEATS = 2_000, 50, 50, 200


def bootstrap(
    compute: Callable[[Array, Array], float],
    outcome: Array,
    predictions: Array,
    *,
    is_regression: bool,
    groups: Groups | None,
) -> Interval:
    """`compute` over all rows, with its 95 % bootstrap interval.

    Of many rows it resamples a part and shrinks the spread by the root of the part's share (m out
    of n, Bickel et al. 1997): the same interval in a fraction of the time.

    Args:
        compute: from outcomes and predictions of some rows to one number.
        outcome: shape (n,).
        predictions: n rows of whatever `compute` takes.
        is_regression: outcomes are values; else each class keeps its count in a resample.
        groups: the group of each row, which is drawn as a whole; None if each is its own.

    Raises:
        BadInput: the measure is not defined on these rows.
    """
    rows = _sample(outcome, is_regression, groups)
    centre = compute(outcome[rows], predictions[rows])
    own_groups = None if groups is None else groups[rows]
    draws = resamples(outcome[rows], REPEATS, 0, not is_regression, own_groups)
    samples = [compute(outcome[rows[draw]], predictions[rows[draw]]) for draw in draws]
    value = compute(outcome, predictions)
    shrunk = (np.asarray(samples) - centre) * np.sqrt(len(rows) / len(outcome))
    return interval(value + shrunk, value)


def mean_interval(amounts: Array, outcome: Array, task: Task, groups: Groups | None) -> Interval:
    """The mean of an amount a row, with its bootstrap interval."""

    def mean(_: Array, part: Array) -> float:
        return float(part.mean())

    is_regression = task == "regression"
    return bootstrap(mean, outcome, amounts, is_regression=is_regression, groups=groups)


def _sample(outcome: Array, is_regression: bool, groups: Groups | None) -> NDArray[np.intp]:
    """Rows drawn at random, groups as a whole: enough groups, rows, and rows of each class."""
    _, codes = np.unique(np.arange(len(outcome)) if groups is None else groups, return_inverse=True)
    number = codes.max() + 1
    # The rank at which a row's group is drawn: all of its rows at once.
    drawn = np.random.default_rng(0).permutation(number)[codes]
    enough = [min(FEWEST_GROUPS, number) - 1, np.sort(drawn)[min(MOST_ROWS, len(drawn)) - 1]]
    for label in () if is_regression else np.unique(outcome):
        own = np.sort(drawn[outcome == label])
        enough.append(own[min(FEWEST_OF_CLASS, len(own)) - 1])
    return np.flatnonzero(drawn <= max(enough))
