"""An interval holds the truth about as often as it says, and pairing makes it narrower."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Array, Interval, measure, measure_gain, resamples


def binary(rng: np.random.Generator, rows: int) -> tuple[Array, Array]:
    """Outcomes and scores; by construction P(score of a yes > of a no) = Φ(1 / √2) = 0.7602."""
    truth = (rng.random(rows) < 0.3).astype(np.float64)
    return truth, 1 / (1 + np.exp(-(truth + rng.normal(size=rows))))


def amounts(rng: np.random.Generator, rows: int) -> tuple[Array, Array]:
    """Values and predictions with an error that is normal: E|error| = √(2 / π) = 0.7979."""
    truth = rng.normal(size=rows)
    return truth, truth + rng.normal(size=rows)


@pytest.mark.parametrize(
    ("name", "make", "true_value"),
    [("roc_auc", binary, 0.7602), ("mean_absolute_error", amounts, 0.7979)],
)
def test_interval_repeated_samples_cover_the_true_value(
    name: str, make: Callable[[np.random.Generator, int], tuple[Array, Array]], true_value: float
) -> None:
    covered = 0
    for seed in range(150):
        truth, prediction = make(np.random.default_rng(seed), 250)
        result = measure(METRICS[name], truth, prediction, stratify=name == "roc_auc")
        assert result.low <= result.value <= result.high
        covered += result.low <= true_value <= result.high
    assert 0.88 <= covered / 150 <= 0.99


def test_metrics_values_equal_those_of_scikit_learn() -> None:
    """Ties and all; ours are faster, which a bootstrap needs."""
    rng = np.random.default_rng(0)
    truth, score = binary(rng, 200)
    score = score.round(1)
    several = rng.integers(0, 3, 200).astype(np.float64)
    chances = rng.dirichlet(np.ones(3), 200)
    value, predicted = amounts(rng, 200)
    expected = {
        "average_precision": (sk.average_precision_score(truth, score), truth, score),
        "roc_auc": (sk.roc_auc_score(truth, score), truth, score),
        "brier_score": (sk.brier_score_loss(truth, score), truth, score),
        "accuracy": (sk.accuracy_score(truth, score >= 0.5), truth, score),
        "balanced_accuracy": (
            sk.balanced_accuracy_score(several, chances.argmax(axis=1)), several, chances,
        ),
        "log_loss": (sk.log_loss(several, chances), several, chances),
        "mean_absolute_error": (sk.mean_absolute_error(value, predicted), value, predicted),
        "root_mean_squared_error": (
            sk.root_mean_squared_error(value, predicted), value, predicted,
        ),
        "r2": (sk.r2_score(value, predicted), value, predicted),
    }  # fmt: skip
    assert set(expected) == set(METRICS)
    for name, (theirs, *data) in expected.items():
        assert METRICS[name].compute(*data) == pytest.approx(theirs), name


def test_measure_gain_paired_is_narrower_than_two_intervals() -> None:
    rng = np.random.default_rng(0)
    truth, score = binary(rng, 1000)
    noisier = np.clip(score + rng.normal(0, 0.05, 1000), 0, 1)
    metric = METRICS["roc_auc"]
    gain = measure_gain(metric, truth, score, noisier, stratify=True)
    alone = [measure(metric, truth, one, stratify=True) for one in (score, noisier)]
    unpaired = np.hypot(alone[0].high - alone[0].low, alone[1].high - alone[1].low)
    assert gain.value == pytest.approx(alone[0].value - alone[1].value)
    assert gain.high - gain.low < unpaired / 2


@pytest.mark.parametrize("name", ["mean_absolute_error", "root_mean_squared_error", "r2"])
def test_measure_gain_better_amounts_is_positive(name: str) -> None:
    truth, prediction = amounts(np.random.default_rng(0), 300)
    closer = (prediction + truth) / 2
    gain = measure_gain(METRICS[name], truth, closer, prediction, stratify=False)
    loss = measure_gain(METRICS[name], truth, prediction, closer, stratify=False)
    assert gain.low > 0 > loss.high
    assert gain.value == -loss.value


@pytest.mark.parametrize(
    "name", ["average_precision", "roc_auc", "brier_score", "accuracy", "log_loss"]
)
def test_measure_gain_better_score_is_positive(name: str) -> None:
    truth, score = binary(np.random.default_rng(0), 1000)
    assert measure_gain(METRICS[name], truth, score, 1 - score, stratify=True).low > 0


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "log_loss"])
def test_metrics_multiclass_read_probabilities(name: str) -> None:
    truth = np.array([0.0, 1.0, 2.0, 2.0])
    sure = np.eye(3)[truth.astype(int)] * 0.97 + 0.01
    best = METRICS[name].compute(truth, sure)
    assert best == pytest.approx(1.0 if METRICS[name].higher_is_better else -np.log(0.98))


def test_resamples_stratified_keep_classes_and_seed() -> None:
    truth = np.array([1.0] * 3 + [0.0] * 97)
    for rows in resamples(truth, 20, seed=0, stratify=True):
        assert truth[rows].sum() == 3
    once, again = (list(resamples(truth, 3, seed=5, stratify=False)) for _ in range(2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    assert not (once[0] == once[1]).all()


def test_resamples_with_groups_draw_whole_groups() -> None:
    groups = np.array([2, 0, 2, 1, 0, 2])
    sizes = np.bincount(groups)
    seen = set[int]()
    for rows in resamples(np.zeros(6), 50, seed=0, stratify=True, groups=groups):
        drawn = np.bincount(groups[rows], minlength=3)
        assert (drawn % sizes == 0).all()
        assert (drawn // sizes).sum() == 3
        for unit in np.unique(groups[rows]):
            times = np.bincount(rows[groups[rows] == unit], minlength=6)[groups == unit]
            assert len(set(times.tolist())) == 1
        seen |= {len(rows)}
    assert len(seen) > 1


@pytest.mark.parametrize("gains", [False, True])
def test_measure_repeated_rows_of_a_group_keep_the_width(gains: bool) -> None:
    """Of 80 groups with nine equal rows each an interval is as wide as of 80 rows."""
    truth, prediction = amounts(np.random.default_rng(0), 80)
    often, groups = (np.repeat(truth, 9), np.repeat(prediction, 9)), np.repeat(np.arange(80), 9)
    metric = METRICS["mean_absolute_error"]

    def width(truth: Array, prediction: Array, groups: NDArray[np.intp] | None = None) -> float:
        if gains:
            baseline = 0 * prediction
            result = measure_gain(
                metric, truth, prediction, baseline, stratify=False, groups=groups
            )
        else:
            result = measure(metric, truth, prediction, stratify=False, groups=groups)
        return result.high - result.low

    once = width(truth, prediction)
    assert width(*often, groups) == pytest.approx(once, rel=0.15)
    assert width(*often) < once / 2


def test_measure_undefined_metric_is_refused() -> None:
    same = np.ones(50)
    for name, stratify in (("roc_auc", True), ("r2", False)):
        with pytest.raises(BadInput, match="not defined on these rows"):
            measure(METRICS[name], same, same, stratify=stratify)


def test_measure_undefined_samples_are_skipped() -> None:
    truth = np.array([1.0, 0.0, 0.0])
    result = measure(METRICS["roc_auc"], truth, truth, stratify=False)
    assert (result.low, result.value, result.high) == (1, 1, 1)


def test_interval_to_json_has_plain_values() -> None:
    assert Interval(0.5, 0.4, 0.6).to_json() == {"value": 0.5, "low": 0.4, "high": 0.6}
