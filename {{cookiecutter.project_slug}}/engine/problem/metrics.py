"""The measures of success, each with an interval: whoever judges a model judges with these."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from engine.problem.errors import BadInput

Array = NDArray[np.float64]
# A number for each row; rows with the same number are of one unit.
Units = NDArray[np.intp]

# Bootstrap samples behind an interval: its ends are steady to about a tenth of its width.
REPEATS = 200


@dataclass(frozen=True)
class Metric:
    """A measure of success.

    `compute(truth, prediction)` takes n rows of truth. Binary: truth 0/1, prediction the
    probability of 1, shape (n,). Multiclass: truth 0…k-1, prediction probabilities (n, k).
    Regression: both values, shape (n,).
    """

    name: str
    higher_is_better: bool
    compute: Callable[[Array, Array], float]


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """The interval as it stands in evaluation.json."""
        return {"value": self.value, "low": self.low, "high": self.high}


def _right(truth: Array, prediction: Array) -> NDArray[np.bool_]:
    """Where the likeliest class is the true one."""
    chosen = prediction >= 0.5 if prediction.ndim == 1 else prediction.argmax(axis=1)
    return np.asarray(chosen == truth)


def _roc_auc(truth: Array, score: Array) -> float:
    """The chance that a positive row has a higher score than a negative one (Mann, Whitney 1947).

    By ranks, ties counted half: a bootstrap asks hundreds of times.
    """
    positive = truth == 1
    hits, misses = int(positive.sum()), int((~positive).sum())
    if not hits or not misses:
        return float("nan")
    ranks = stats.rankdata(score)
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def _average_precision(truth: Array, score: Array) -> float:
    # Without a positive row scikit-learn says 0, which would drag down a bootstrap's mean.
    return float(sk.average_precision_score(truth, score)) if truth.any() else float("nan")


def _balanced_accuracy(truth: Array, prediction: Array) -> float:
    right = _right(truth, prediction)
    return float(np.mean([right[truth == label].mean() for label in np.unique(truth)]))


def _log_loss(truth: Array, prediction: Array) -> float:
    if prediction.ndim == 1:
        prediction = np.column_stack([1 - prediction, prediction])
    # Models that compute in single precision give rows that miss a sum of one by a hair.
    said = prediction[np.arange(len(truth)), truth.astype(int)] / prediction.sum(axis=1)
    return float(-np.log(said.clip(np.finfo(np.float64).eps)).mean())


def _r2(truth: Array, prediction: Array) -> float:
    spread = np.square(truth - truth.mean()).sum()
    return float(1 - np.square(truth - prediction).sum() / spread) if spread else float("nan")


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("average_precision", True, _average_precision),
        Metric("roc_auc", True, _roc_auc),
        Metric("brier_score", False, lambda t, p: float(np.square(t - p).mean())),
        Metric("accuracy", True, lambda t, p: float(_right(t, p).mean())),
        Metric("balanced_accuracy", True, _balanced_accuracy),
        Metric("log_loss", False, _log_loss),
        Metric("mean_absolute_error", False, lambda t, p: float(np.abs(t - p).mean())),
        Metric(
            "root_mean_squared_error", False, lambda t, p: float(np.sqrt(np.square(t - p).mean()))
        ),
        Metric("r2", True, _r2),
    )
}


def resamples(
    truth: Array, repeats: int, seed: int, stratify: bool, units: Units | None = None
) -> Iterator[NDArray[np.intp]]:
    """Row numbers of `repeats` bootstrap samples of `truth`, the same for the same seed.

    With `stratify` each class keeps its count, so that a rare class is in every sample and
    measures such as ROC AUC stay defined. With `units` whole units are drawn, and no class keeps
    its count: rows of one unit are alike, so to draw them one by one would take the same thing said
    ten times for ten (Davison, Hinkley 1997, 3.8). One sample at a time: all of them would need
    `repeats` times the memory of `truth`.
    """
    rng = np.random.default_rng(seed)
    if units is not None:
        yield from _whole_units(units, repeats, rng)
        return
    groups = [np.arange(len(truth))]
    if stratify:
        groups = [np.flatnonzero(truth == label) for label in np.unique(truth)]
    for _ in range(repeats):
        yield np.concatenate([rng.choice(group, len(group)) for group in groups])


def _whole_units(
    units: Units, repeats: int, rng: np.random.Generator
) -> Iterator[NDArray[np.intp]]:
    order = np.argsort(units, kind="stable")
    _, starts, sizes = np.unique(units[order], return_index=True, return_counts=True)
    for _ in range(repeats):
        drawn = rng.integers(0, len(sizes), len(sizes))
        ends = np.cumsum(sizes[drawn])
        # Rows lie unit by unit in `order`: from where each drawn one starts, on to its end.
        first = np.repeat(starts[drawn] - ends + sizes[drawn], sizes[drawn])
        yield order[first + np.arange(ends[-1])]


def interval(samples: Array, value: float) -> Interval:
    """The percentile interval around `value` (Efron 1979) from its bootstrap `samples`.

    Samples in which the measure is not defined (all outcomes the same) are left out.

    Raises:
        BadInput: the measure is defined in none of them, or not on the rows themselves.
    """
    samples = samples[np.isfinite(samples)]
    if not len(samples) or not np.isfinite(value):
        raise BadInput(
            "the measure is not defined on these rows, most likely because their outcomes are all "
            "the same; take more rows, or another metric in problem.toml"
        )
    low, high = np.quantile(samples, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def measure(
    metric: Metric,
    truth: Array,
    prediction: Array,
    *,
    stratify: bool,
    units: Units | None = None,
    seed: int = 0,
    repeats: int = REPEATS,
) -> Interval:
    """`metric` over all rows, with its bootstrap interval."""
    samples = [
        metric.compute(truth[rows], prediction[rows])
        for rows in resamples(truth, repeats, seed, stratify, units)
    ]
    return interval(np.asarray(samples), metric.compute(truth, prediction))


def measure_gain(
    metric: Metric,
    truth: Array,
    better: Array,
    worse: Array,
    *,
    stratify: bool,
    units: Units | None = None,
    seed: int = 0,
    repeats: int = REPEATS,
) -> Interval:
    """How much better `better` predicts than `worse` on the same rows; positive is better.

    The bootstrap is paired: both are measured on the same resample, so that what is common to
    both (easy and hard rows) cancels out.
    """
    sign = 1.0 if metric.higher_is_better else -1.0

    def gain(rows: NDArray[np.intp]) -> float:
        own = metric.compute(truth[rows], better[rows])
        return sign * (own - metric.compute(truth[rows], worse[rows]))

    samples = [gain(rows) for rows in resamples(truth, repeats, seed, stratify, units)]
    return interval(np.asarray(samples), gain(np.arange(len(truth))))
