"""Checks that the monitor raises no alarm while nothing changes, and names what drifts already."""

import numpy as np
from numpy.typing import NDArray

from engine.gate.checks.check import CheckContext, Result
from engine.monitoring.drift import drift_between
from engine.monitoring.result import Finding

# Random halves of the test rows. The monitor's false alarm rate is one in a hundred, so one alarm
# can be chance; two are not.
HALVES, TOLERATED_ALARMS = 5, 1

Rows = NDArray[np.intp]


def monitorable(context: CheckContext) -> Result:
    """No alarm between random halves of the test rows; drift over the test period is named."""
    rows, minimum = len(context.dataset.test), context.problem.monitoring.minimum_rows
    required = f"at most {TOLERATED_ALARMS} alarm between {HALVES} random halves of the test rows"
    if rows < 2 * minimum:
        measured = f"{rows} test rows; two halves of {minimum} are needed"
        advice = "Collect more rows; until then, the monitor finds drift late."
        return Result("not applicable", measured, required, advice)
    rng = np.random.default_rng(0)
    drifts = [_drift(context, rng.permutation(rows)) for _ in range(HALVES)]
    alarms = [drift for drift in drifts if drift]
    measured = f"alarms in {len(alarms)} of {HALVES} random halves"
    if len(alarms) > TOLERATED_ALARMS:
        columns = {f"{one.about} ({one.check})" for drift in alarms for one in drift}
        advice = "Group rare values of these columns, or exclude them; then train and build again."
        return Result("refuse", f"{measured}: {', '.join(sorted(columns))}", required, advice)
    if context.problem.rows.time and (drift := _drift(context, np.arange(rows))):
        names = "; ".join(f"{one.about}: {one.detail}" for one in drift)
        measured += f"; drift within the test period in {len(drift)}: {names}"
        advice = "Expect these alarms. Exclude the columns, or retrain once per test period."
        return Result("warn", measured, required, advice)
    return Result("pass", measured, required)


def _drift(context: CheckContext, order: Rows) -> list[Finding]:
    """The monitor's alarms on the second half of the test rows in this order."""
    dataset, scores = context.dataset, context.predictions.scores
    scores = scores.max(axis=1) if scores.ndim > 1 else scores
    table = dataset.inputs(dataset.test)
    before, after = (
        (table.iloc[half].reset_index(drop=True), scores[half]) for half in np.array_split(order, 2)
    )
    minimum = dataset.problem.monitoring.minimum_rows
    return [one for one in drift_between(before, after, dataset.columns, minimum) if one.wrong]
