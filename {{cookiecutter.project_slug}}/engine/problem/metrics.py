"""Computes the metrics of success, each with a bootstrap interval."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk

from engine.problem.errors import BadInput
from engine.problem.known_metrics import KNOWN_METRICS, KnownMetric

Array = NDArray[np.float64]
# A number for each row; rows with the same number belong to one group.
Groups = NDArray[np.intp]

# Bootstrap samples behind an interval: its ends are steady to about a tenth of its width.
REPEATS = 200


@dataclass(frozen=True)
class Metric(KnownMetric):
    """A metric that can be computed.

    `compute(targets, predictions)` takes n rows. Binary: targets 0/1, predictions the probability
    of 1, shape (n,). Multiclass: targets 0…k-1, probabilities (n, k). Regression: values, (n,).
    """

    compute: Callable[[Array, Array], float]


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, float]:
        """The interval as it stands in evaluation.json."""
        return asdict(self)


def _is_right(truth: Array, prediction: Array) -> NDArray[np.bool_]:
    label = prediction >= 0.5 if prediction.ndim == 1 else prediction.argmax(axis=1)
    return np.asarray(label == truth)


def _roc_auc(truth: Array, score: Array) -> float:
    """The chance that a positive row has a higher score than a negative one (Mann, Whitney 1947).

    Computed from ranks, which is faster than scikit-learn's curve; the bootstrap repeats it often.
    """
    positive = truth == 1
    hits, misses = int(positive.sum()), int((~positive).sum())
    if not hits or not misses:
        return float("nan")
    ranks = stats.rankdata(score)
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def _average_precision(truth: Array, score: Array) -> float:
    # Without a positive row scikit-learn returns 0, which would lower a bootstrap's mean.
    return float(sk.average_precision_score(truth, score)) if truth.any() else float("nan")


def _balanced_accuracy(truth: Array, prediction: Array) -> float:
    is_right = _is_right(truth, prediction)
    return float(np.mean([is_right[truth == label].mean() for label in np.unique(truth)]))


def _log_loss(truth: Array, prediction: Array) -> float:
    if prediction.ndim == 1:
        prediction = np.column_stack([1 - prediction, prediction])
    # Models that compute in single precision give rows that miss a sum of one by a hair.
    likelihood = prediction[np.arange(len(truth)), truth.astype(int)] / prediction.sum(axis=1)
    return float(-np.log(likelihood.clip(np.finfo(np.float64).eps)).mean())


def _r2(truth: Array, prediction: Array) -> float:
    spread = np.square(truth - truth.mean()).sum()
    return float(1 - np.square(truth - prediction).sum() / spread) if spread else float("nan")


_FUNCTIONS: dict[str, Callable[[Array, Array], float]] = {
    "average_precision": _average_precision,
    "roc_auc": _roc_auc,
    "brier_score": lambda t, p: float(np.square(t - p).mean()),
    "accuracy": lambda t, p: float(_is_right(t, p).mean()),
    "balanced_accuracy": _balanced_accuracy,
    "log_loss": _log_loss,
    "mean_absolute_error": lambda t, p: float(np.abs(t - p).mean()),
    "root_mean_squared_error": lambda t, p: float(np.sqrt(np.square(t - p).mean())),
    "r2": _r2,
}
METRICS: dict[str, Metric] = {
    name: Metric(**vars(one), compute=_FUNCTIONS[name]) for name, one in KNOWN_METRICS.items()
}


def resamples(
    truth: Array, repeats: int, seed: int, stratify: bool, groups: Groups | None = None
) -> Iterator[NDArray[np.intp]]:
    """Row numbers of `repeats` bootstrap samples of `truth`, the same for the same seed.

    With `stratify` each class keeps its count, so that ROC AUC stays defined. With `groups` whole
    groups are drawn, because their rows are not independent (Davison, Hinkley 1997, 3.8).
    """
    rng = np.random.default_rng(seed)
    if groups is not None:
        order = np.argsort(groups, kind="stable")
        _, starts, sizes = np.unique(groups[order], return_index=True, return_counts=True)
        for _ in range(repeats):
            drawn = rng.integers(0, len(sizes), len(sizes))
            ends = np.cumsum(sizes[drawn])
            # `order` holds the rows group by group: from the start of each drawn group onwards.
            first = np.repeat(starts[drawn] - ends + sizes[drawn], sizes[drawn])
            yield order[first + np.arange(ends[-1])]
        return
    strata = [np.arange(len(truth))]
    if stratify:
        strata = [np.flatnonzero(truth == label) for label in np.unique(truth)]
    for _ in range(repeats):
        yield np.concatenate([rng.choice(rows, len(rows)) for rows in strata])


def interval(samples: Array, value: float) -> Interval:
    """The percentile interval around `value` (Efron 1979) from its bootstrap `samples`.

    Samples in which the metric is not defined (all outcomes the same) are skipped; BadInput if it
    is defined in none of them, or not on the rows themselves.
    """
    samples = samples[np.isfinite(samples)]
    if not len(samples) or not np.isfinite(value):
        message = "the metric is not defined on these rows, most likely because all outcomes are "
        message += "equal; take more rows, or another metric in problem.toml"
        raise BadInput(message, code="undefined-metric")
    low, high = np.quantile(samples, [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def measure(
    metric: Metric,
    truth: Array,
    prediction: Array,
    *,
    stratify: bool,
    groups: Groups | None = None,
) -> Interval:
    """`metric` over all rows, with its bootstrap interval."""
    samples = [
        metric.compute(truth[rows], prediction[rows])
        for rows in resamples(truth, REPEATS, 0, stratify, groups)
    ]
    return interval(np.asarray(samples), metric.compute(truth, prediction))


def measure_gain(
    metric: Metric,
    truth: Array,
    prediction: Array,
    baseline: Array,
    *,
    stratify: bool,
    groups: Groups | None = None,
) -> Interval:
    """How much better `prediction` is than `baseline` on the same rows; positive is better.

    The bootstrap is paired: easy and hard rows, which are common to both, cancel out.
    """
    sign = 1 if metric.higher_is_better else -1

    def gain(rows: NDArray[np.intp]) -> float:
        own, other = (metric.compute(truth[rows], one[rows]) for one in (prediction, baseline))
        return sign * (own - other)

    samples = [gain(rows) for rows in resamples(truth, REPEATS, 0, stratify, groups)]
    return interval(np.asarray(samples), gain(np.arange(len(truth))))
