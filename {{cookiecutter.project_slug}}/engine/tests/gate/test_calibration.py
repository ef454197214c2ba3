"""Probabilities that differ from the observed frequencies are refused."""

from dataclasses import replace

import numpy as np
import pytest

from engine.bundle.bundle import read as read_bundle
from engine.gate.checks.check import CheckContext, Outcome
from engine.gate.checks.honest import calibration, calibration_error
from engine.problem.spec import read
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import PROBLEM
from engine.tests.gate.made import MODEL, ORDERS
from engine.training.dataset import gather


def scores_and_outcomes(rows: int, off: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and outcomes whose frequency is lower by `off`."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(1.5, 2, rows)
    return scores, (rng.random(rows) < (scores - off).clip(0, 1)).astype(float)


@pytest.mark.parametrize("rows", [40, 120, 2_000])
def test_calibration_error_of_calibrated_scores_is_near_zero(rows: int) -> None:
    gaps = [calibration_error(*scores_and_outcomes(rows, 0.0, seed)) for seed in range(20)]
    assert max(gap.low for gap in gaps) < 0.05
    assert all(gap.low <= gap.value <= gap.high for gap in gaps)


def test_calibration_error_of_shifted_scores_is_found() -> None:
    gap = calibration_error(*scores_and_outcomes(2_000, 0.15))
    assert 0.1 < gap.low < 0.15 < gap.high + 0.02


@pytest.mark.parametrize(
    ("power", "limit", "outcome"),
    [(1.0, 0.15, "pass"), (0.2, 0.05, "refuse"), (1.0, 0.0001, "warn")],
)
def test_calibration_error_gets_its_outcome(
    workshop: Make, power: float, limit: float, outcome: Outcome
) -> None:
    made = workshop("binary")
    made.edit("problem.toml", "error = 0.15", f"error = {limit}", also=PROBLEM)
    context = CheckContext(read_bundle(made.bundle), MODEL, gather(read(), ORDERS))
    predictions = context.predictions
    # Scores of the same order with other values.
    context.__dict__["predictions"] = replace(predictions, scores=predictions.scores**power)
    result = calibration(context)
    assert result.outcome == outcome
    assert bool(result.next) == (outcome != "pass")


@pytest.mark.parametrize(("power", "outcome"), [(1.0, "warn"), (0.05, "refuse")])
def test_calibration_few_rows_warn_or_refuse(
    workshop: Make, power: float, outcome: Outcome
) -> None:
    made = workshop("binary")
    context = CheckContext(read_bundle(made.bundle), MODEL, gather(read(), ORDERS))
    predictions = context.predictions
    targets = replace(predictions.targets, values=predictions.targets.values[:60])
    context.__dict__["predictions"] = replace(
        predictions, scores=predictions.scores[:60] ** power, targets=targets
    )
    result = calibration(context)
    assert result.outcome == outcome
    assert ("at least 100 are needed" in result.measured) == (outcome == "warn")


def test_calibration_without_a_limit_is_not_applicable(workshop: Make) -> None:
    made = workshop("binary")
    made.edit("problem.toml", "calibration_error = 0.15", "", also=PROBLEM)
    finding = made.run("calibration")
    assert finding.outcome == "not applicable"
    assert "success.calibration_error" in finding.next


def test_calibration_of_regression_is_not_applicable(workshop: Make) -> None:
    assert workshop("regression").run("calibration").outcome == "not applicable"
