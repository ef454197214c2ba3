"""Does what is said come true as often as it is said?"""

import numpy as np
from numpy.typing import NDArray

from engine.gate.checks.check import CheckContext, Result
from engine.pages import charts
from engine.pages.page import Figure
from engine.problem.metrics import REPEATS, Interval, Units, resamples
from engine.training.evaluate import calibration as reliability

Array = NDArray[np.float64]

# Rows are put in groups by score, at most so many and of no fewer rows than this: the share that
# came true in a smaller one is mostly chance.
MOST_GROUPS, ROWS_IN_GROUP = 10, 50
FEWEST_ROWS = 2 * ROWS_IN_GROUP
UNTIL_THEN = "more rows would tell; until then take the probability for a rank only"


def calibration(evidence: CheckContext) -> Result:
    """How far, on average, what is said lies from what comes; of several classes the likeliest."""
    problem = evidence.problem
    limit = problem.success.calibration_error
    if problem.target.task == "regression":
        return Result("not applicable", "a value has no probability", "for classes only")
    if limit is None:
        advice = "say in problem.toml how far off is still useful: success.calibration_error = 0.05"
        measured = "problem.toml does not say how far off a probability may be"
        return Result("not applicable", measured, "what success.calibration_error allows", advice)
    said, came = evidence.judged.scores, evidence.judged.known.values
    if said.ndim > 1:
        said, came = said.max(axis=1), (said.argmax(axis=1) == came).astype(float)
    required = f"a mean gap of at most {limit:g} between what is said and what comes"
    gap = calibration_error(said, came, evidence.judged.known.units)
    measured = f"{gap.value:.3f} ({gap.low:.3f} to {gap.high:.3f}) on {len(said):,} test rows"
    points = [
        (one["mean_score"], one["share"], int(one["rows"])) for one in reliability(came, said)
    ]
    title = "What was said against what came"
    shown = Figure(charts.calibration(title, points), f"{title}; the line is an honest score.")
    if gap.low > limit:
        advice = (
            "calibrate the model (sklearn.calibration.CalibratedClassifierCV), then train and "
            "build again"
        )
        return Result("refuse", measured, required, advice, shown)
    if len(said) < FEWEST_ROWS:
        measured = f"{len(said)} test rows, too few to tell; {FEWEST_ROWS} would"
    if gap.value > limit or len(said) < FEWEST_ROWS:
        return Result("warn", measured, required, UNTIL_THEN, shown)
    return Result("pass", measured, required, picture=shown)


def calibration_error(said: Array, came: Array, units: Units | None = None) -> Interval:
    """The mean distance of what is said (probabilities, shape (n,)) from what came (0 or 1).

    Over groups of equal size by score, weighed by their rows (expected calibration error, Naeini
    et al. 2015). Chance alone makes it larger the fewer the rows are, and a resample adds as much
    again; so the interval is the bootstrap's basic one, which takes that off (Davison, Hinkley
    1997, 5.2).
    """
    groups = int(np.clip(len(said) // ROWS_IN_GROUP, 1, MOST_GROUPS))

    def gap(rows: NDArray[np.intp]) -> float:
        ranked = np.array_split(rows[np.argsort(said[rows], kind="stable")], groups)
        off = [len(part) * abs(said[part].mean() - came[part].mean()) for part in ranked]
        return float(sum(off) / len(rows))

    measured = gap(np.arange(len(said)))
    drawn = resamples(came, REPEATS, 0, stratify=False, units=units)
    samples = np.array([gap(rows) for rows in drawn])
    low, middle, high = 2 * measured - np.quantile(samples, [0.975, 0.5, 0.025])
    return Interval(*(max(0.0, float(value)) for value in (middle, low, high)))
