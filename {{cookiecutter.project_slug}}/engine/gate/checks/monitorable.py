"""Will the monitor be silent while nothing changes, and what is changing already?"""

import numpy as np
from numpy.typing import NDArray

from engine.gate.checks.check import CheckContext, Result
from engine.monitoring.drift import drift_between
from engine.monitoring.finding import Finding
from engine.pages.formatting import count

# Halves of the test rows that are drawn at random and compared. One alarm among them may be bad
# luck (the monitor allows itself one in a hundred), two are not.
HALVES = 5
TOLERATED_ALARMS = 1

Rows = NDArray[np.intp]


def monitorable(evidence: CheckContext) -> Result:
    """No alarm between random halves of the test rows; what drifts over time is named."""
    rows, enough = len(evidence.dataset.test), evidence.problem.monitoring.minimum_rows
    required = "silent on random halves of the test rows; what drifts over time is known"
    if rows < 2 * enough:
        measured = f"{rows} test rows are too few to be parted in two of {enough}"
        advice = "more rows; until then drift is found late"
        return Result("not applicable", measured, required, advice)
    rng = np.random.default_rng(0)
    shuffles = [rng.permutation(rows) for _ in range(HALVES)]
    alarms = [found for order in shuffles if (found := _drift(evidence, order))]
    if len(alarms) > TOLERATED_ALARMS:
        what = sorted({f"{one.about} ({one.check})" for found in alarms for one in found})
        measured = f"{len(alarms)} of {HALVES} random halves raise an alarm: {', '.join(what)}"
        advice = "these columns cannot be watched as they are: group rare values, or leave them out"
        return Result("refuse", measured, required, advice)
    measured = f"{HALVES - len(alarms)} of {HALVES} random halves are silent"
    if evidence.problem.rows.time and (found := _drift(evidence, np.arange(rows))):
        named = "; ".join(f"{one.about}: {one.detail}" for one in found)
        measured += f"; {count(len(found), 'thing drifts', 'things drift')} within the test period"
        advice = "expect these alarms: leave the column out, or retrain once in a test period"
        return Result("warn", f"{measured}: {named}", required, advice)
    return Result("pass", measured, required)


def _drift(evidence: CheckContext, order: Rows) -> list[Finding]:
    """What the monitor would say of the second half of the test rows, in this order."""
    dataset, reference = evidence.dataset, evidence.judged
    scores = reference.scores.max(axis=1) if reference.scores.ndim > 1 else reference.scores
    before, after = np.array_split(order, 2)
    table = dataset.inputs(dataset.test)
    halves = [(table.iloc[part].reset_index(drop=True), scores[part]) for part in (before, after)]
    enough = dataset.problem.monitoring.minimum_rows
    found = drift_between(halves[0], halves[1], dataset.columns, enough)
    return [one for one in found if one.wrong]
