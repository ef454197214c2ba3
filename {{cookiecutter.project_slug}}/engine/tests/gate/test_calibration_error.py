"""The calibration error is that of equal bins, and the scores are those of the decision."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.gate.checks import honest
from engine.gate.checks.honest import (
    MOST_BINS,
    ROWS_IN_BIN,
    calibration,
    calibration_error,
)
from engine.leakage import Leak
from engine.problem.metrics import REPEATS, Interval, resamples
from engine.tests.gate.untrained import context_of, predicted, write

FOUND = Leak(("weight", "items"), "they give it together", latest=("items",))
LATE = Leak(("insured",), "it is known too late", late=True)


def by_hand(scores: np.ndarray, outcomes: np.ndarray, bins: int) -> float:
    """The expected calibration error: the mean gap of bins of equal size."""
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [abs(scores[part].mean() - outcomes[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(scores))


@pytest.mark.parametrize(
    ("rows", "bins"),
    [(20, 1), (99, 1), (100, 2), (275, 5), (500, MOST_BINS), (2000, MOST_BINS)],
)
def test_calibration_error_is_that_of_equal_bins_and_the_basic_bootstrap(
    rows: int, bins: int
) -> None:
    rng = np.random.default_rng(rows)
    scores = rng.random(rows)
    outcomes = (rng.random(rows) < scores**2).astype(float)
    assert bins == 1 or rows // bins >= ROWS_IN_BIN
    for groups in (None, rng.integers(0, rows // 3, rows)):
        measured = by_hand(scores, outcomes, bins)
        drawn = resamples(outcomes, REPEATS, 0, stratify=False, groups=groups)
        samples = [by_hand(scores[drawn_rows], outcomes[drawn_rows], bins) for drawn_rows in drawn]
        quantiles = np.quantile(samples, [0.975, 0.5, 0.025])
        low, value, high = (max(0.0, 2 * measured - one) for one in quantiles)
        result = calibration_error(scores, outcomes, groups)
        assert (result.low, result.value, result.high) == pytest.approx((low, value, high))


def calibrated(scores: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the check of the working directory's project measures, and its result."""
    context = context_of()
    context.__dict__["predictions"] = predicted(context, scores)
    given: dict[str, Any] = {}

    def error(*arguments: Any) -> Interval:
        given["scores"], given["outcomes"], given["groups"] = arguments
        return Interval(0.1, 0.05, 0.2)

    monkeypatch.setattr(honest, "calibration_error", error)
    given["targets"] = context.predictions.targets
    given["result"] = calibration(context)
    return given


def test_calibration_of_several_classes_is_that_of_the_likeliest(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("multiclass")
    rows = len(context_of().dataset.test)
    scores = np.random.default_rng(0).dirichlet(np.ones(3), rows)
    given = calibrated(scores, monkeypatch)
    right = scores.argmax(axis=1) == given["targets"].values
    assert np.array_equal(given["scores"], scores.max(axis=1))
    assert np.array_equal(given["outcomes"], right.astype(float))
    assert given["groups"] is given["targets"].groups is not None
    result = given["result"]
    assert result.measured == f"0.100 (0.050 to 0.200) on {rows} rows"
    assert "at most 0.15" in result.required
    assert result.picture is not None


def test_calibration_of_two_classes_is_that_of_the_positive_one(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("binary")
    scores = np.linspace(0, 1, 180)
    given = calibrated(scores, monkeypatch)
    assert np.array_equal(given["scores"], scores)
    assert np.array_equal(given["outcomes"], given["targets"].values)


@pytest.mark.parametrize(("error", "next_step"), [(0.16, True), (0.15, False)])
def test_calibration_warning_names_a_next_step(
    empty: Path, monkeypatch: pytest.MonkeyPatch, error: float, next_step: bool
) -> None:
    write("binary")
    context = context_of()
    context.__dict__["predictions"] = predicted(context, np.linspace(0, 1, 180))
    for low in (0.0, error):
        monkeypatch.setattr(
            honest, "calibration_error", lambda *_, low=low: Interval(error, low, 1.0)
        )
        result = calibration(context)
        assert bool(result.next) == next_step
        assert result.picture is not None
        assert "are needed" not in result.measured
