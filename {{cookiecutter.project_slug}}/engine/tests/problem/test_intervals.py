"""An interval holds the truth about as often as it says, and pairing makes it narrower."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.problem.errors import BadInput
from engine.problem.metrics import (
    METRICS,
    REPEATS,
    Array,
    Interval,
    interval,
    measure,
    measure_gain,
    resamples,
)
from engine.tests.problem.test_metrics import amounts, binary


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
        for groups in (None, np.arange(50)):
            with pytest.raises(
                BadInput, match=r"not defined on these rows.*all outcomes"
            ) as refused:
                measure(METRICS[name], same, same, stratify=stratify, groups=groups)
            assert refused.value.code == "undefined-metric"


@pytest.mark.parametrize(
    ("samples", "value"), [([np.nan] * 3, 0.5), ([0.5, 0.6], np.nan), ([], 0.5), ([0.5], np.inf)]
)
def test_interval_undefined_samples_or_value_are_refused(
    samples: list[float], value: float
) -> None:
    with pytest.raises(BadInput) as refused:
        interval(np.array(samples), value)
    assert refused.value.code == "undefined-metric"


def test_interval_is_that_of_the_percentiles() -> None:
    samples = np.append(np.random.default_rng(0).permutation(np.arange(201.0)), [np.nan, np.inf])
    result = interval(samples, 80.0)
    assert (result.value, result.low, result.high) == pytest.approx((80, 5, 195))


def test_measure_undefined_samples_are_skipped() -> None:
    truth = np.array([1.0, 0.0, 0.0])
    result = measure(METRICS["roc_auc"], truth, truth, stratify=False)
    assert (result.low, result.value, result.high) == (1, 1, 1)


def test_interval_to_json_has_plain_values() -> None:
    assert Interval(0.5, 0.4, 0.6).to_json() == {"value": 0.5, "low": 0.4, "high": 0.6}


def test_resamples_are_as_many_and_as_large_as_told_and_draw_every_row() -> None:
    truth, groups = np.repeat([0.0, 1.0], 4), np.repeat(np.arange(4), 2)
    for options in ({"stratify": False}, {"stratify": True}, {"stratify": False, "groups": groups}):
        samples = list(resamples(truth, 60, seed=0, **options))
        assert len(samples) == 60
        assert {len(rows) for rows in samples} == {8}
        assert {*np.concatenate(samples).tolist()} == set(range(8))
        # With replacement: most samples repeat rows and lack others.
        assert np.mean([len(np.unique(rows)) < 8 for rows in samples]) > 0.7
        means = [truth[rows].mean() for rows in samples]
        assert (len(set(means)) == 1) == options["stratify"]


def test_resamples_of_groups_repeat_for_the_same_seed_alone() -> None:
    groups = np.random.default_rng(0).integers(0, 30, 90)

    def drawn(seed: int) -> list[list[int]]:
        return [rows.tolist() for rows in resamples(np.zeros(90), 3, seed, False, groups)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
def test_measure_interval_is_that_of_the_bootstrap(stratify: bool, grouped: bool) -> None:
    """Of one fixed seed, so that training and gate compute the same interval."""
    rng = np.random.default_rng(0)
    truth, score = binary(rng, 120)
    baseline = rng.random(120)
    metric, groups = METRICS["brier_score"], rng.integers(0, 30, 120) if grouped else None
    drawn = list(resamples(truth, REPEATS, 0, stratify, groups))
    own, other = (
        np.array([metric.compute(truth[rows], one[rows]) for rows in drawn])
        for one in (score, baseline)
    )
    options = {"stratify": stratify, "groups": groups}
    measured = measure(metric, truth, score, **options)  # type: ignore[arg-type]
    gain = measure_gain(metric, truth, score, baseline, **options)  # type: ignore[arg-type]
    value = metric.compute(truth, score)
    assert measured == interval(own, value)
    # Less is better.
    assert gain == interval(other - own, metric.compute(truth, baseline) - value)
