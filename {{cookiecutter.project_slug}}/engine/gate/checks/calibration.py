"""Checks that predicted probabilities agree with observed frequencies."""

import numpy as np
from numpy.typing import NDArray

from engine.gate.checks.check import CheckContext, Result
from engine.pages import charts
from engine.pages.page import Figure
from engine.problem.metrics import REPEATS, Interval, Units, resamples
from engine.training.evaluate import calibration as reliability

Array = NDArray[np.float64]

# Most bins by score, and fewest rows in one: in smaller bins the observed share is mostly chance.
MOST_BINS, ROWS_IN_BIN = 10, 50
FEWEST_ROWS = 2 * ROWS_IN_BIN


def calibration(context: CheckContext) -> Result:
    """The calibration error is within its limit; of several classes the likeliest one counts."""
    limit = context.problem.success.calibration_error
    if context.problem.target.task == "regression":
        measured = "the task is regression, which predicts no probability"
        return Result("not applicable", measured, "classification only")
    if limit is None:
        measured = "problem.toml sets no limit for the calibration error"
        advice = "Set a limit in problem.toml, for example success.calibration_error = 0.05."
        return Result("not applicable", measured, "a limit: success.calibration_error", advice)
    targets, scores = context.predictions.known, context.predictions.scores
    outcomes = targets.values
    if scores.ndim > 1:
        outcomes = (scores.argmax(axis=1) == outcomes).astype(float)
        scores = scores.max(axis=1)
    required = f"a calibration error of at most {limit:g}"
    error = calibration_error(scores, outcomes, targets.groups)
    measured = f"{error.value:.3f} ({error.low:.3f} to {error.high:.3f}) on {len(scores):,} rows"
    bins = [(o["mean_score"], o["share"], int(o["rows"])) for o in reliability(outcomes, scores)]
    title = "Predicted probability and observed share"
    shown = Figure(charts.calibration(title, bins), f"{title}; on the line they are equal.")
    if error.low > limit:
        advice = "Calibrate the model (sklearn.calibration.CalibratedClassifierCV), then train and "
        return Result("refuse", measured, required, f"{advice}build again.", shown)
    too_few = len(scores) < FEWEST_ROWS
    if error.value > limit or too_few:
        measured += f"; at least {FEWEST_ROWS} are needed" if too_few else ""
        advice = "Collect more rows; until then, use the score only to rank rows."
        return Result("warn", measured, required, advice, shown)
    return Result("pass", measured, required, picture=shown)


def calibration_error(scores: Array, outcomes: Array, units: Units | None = None) -> Interval:
    """The expected calibration error (Naeini et al. 2015) with its 95 % interval.

    Bins hold equal numbers of rows. Chance alone increases the error, and a resample adds as much
    again; so this is the basic bootstrap interval, which removes it (Davison, Hinkley 1997, 5.2).

    Args:
        scores: predicted probabilities, shape (n,).
        outcomes: 0 or 1, shape (n,).
        units: the group of each row.
    """
    bins = int(np.clip(len(scores) // ROWS_IN_BIN, 1, MOST_BINS))

    def error(rows: NDArray[np.intp]) -> float:
        ranked = np.array_split(rows[np.argsort(scores[rows], kind="stable")], bins)
        gaps = [len(one) * abs(scores[one].mean() - outcomes[one].mean()) for one in ranked]
        return float(sum(gaps) / len(rows))

    measured = error(np.arange(len(scores)))
    drawn = resamples(outcomes, REPEATS, 0, stratify=False, units=units)
    samples = np.array([error(rows) for rows in drawn])
    low, middle, high = 2 * measured - np.quantile(samples, [0.975, 0.5, 0.025])
    return Interval(*(max(0.0, float(value)) for value in (middle, low, high)))
