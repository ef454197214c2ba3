"""Is the model at least as good as the one that is live?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle.bundle import Bundle
from engine.bundle.bundle import read as read_bundle
from engine.bundle.record import refusal
from engine.bundle.store import RELEASE_FILE, bundle_path, champion_if_any
from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result
from engine.pages import charts
from engine.pages.page import Figure
from engine.problem.metrics import METRICS, Interval, measure, measure_gain
from engine.serving.model.predictor import load

Array = NDArray[np.float64]


def champion(evidence: CheckContext) -> Result:
    """Surely not worse than the champion, asked about the same test rows (paired bootstrap).

    A champion with other inputs or other feature code is asked all the same: its bundle brings
    along what it needs. Between surely worse and surely not worse the rows cannot tell, and only a
    live test can: that is a warning, because a better model must not wait for it.
    """
    worse_by = evidence.problem.guardrails.worse_by
    required = f"surely not more than {worse_by:g} worse than the champion on the same rows"
    named = champion_if_any()
    if named is None:
        return Result("not applicable", f"{RELEASE_FILE} names no champion", required)
    if named == evidence.bundle.id:
        return Result("not applicable", "this bundle is the champion itself", required)
    if (reason := refusal(named)) and bundle_path(named).exists():
        # Its feature code would run here, and nobody has answered for it.
        advice = f"name an accepted bundle in {RELEASE_FILE}, or commit its record"
        return Result("refuse", f"the champion is not accepted: {reason}", required, advice)
    old = read_bundle(bundle_path(named))
    if stranger := _stranger(evidence, old):
        advice = "only a live test can compare the two: begin as a shadow"
        return Result("warn", f"cannot be compared: {stranger}", required, advice)
    return _compared(evidence, old, required)


def _stranger(evidence: CheckContext, old: Bundle) -> str:
    """Why the champion cannot answer the test rows in this problem's terms; empty if it can."""
    target, other = evidence.problem.target, old.problem.target
    if (target.column, target.task) != (other.column, other.task):
        return f"the champion predicts {other.column} ({other.task})"
    if set(old.contract.classes) != set(evidence.dataset.known.classes):
        return f"the champion knows the classes {list(old.contract.classes)}"
    gone = [one.name for one in old.contract.inputs if one.name not in evidence.dataset.test]
    return f"the champion reads {', '.join(gone)}, which the rows no longer have" if gone else ""


def _compared(evidence: CheckContext, old: Bundle, required: str) -> Result:
    outcome, own = evidence.judged.known.values, evidence.judged.scores
    metric = METRICS[evidence.problem.success.metric]
    how: dict[str, Any] = {
        "stratify": evidence.problem.target.task != "regression",
        "units": evidence.judged.known.units,
    }
    theirs = _scores(evidence, old)
    gain = measure_gain(metric, outcome, own, theirs, **how)
    measured = (
        f"{metric.name} {gain.value + 0:+.4f} better ({gain.low + 0:+.4f} to {gain.high + 0:+.4f}) "
        f"than champion {old.id[:12]}"
    )
    if old.manifest["data_digest"] != evidence.dataset.digest:
        measured += ", which was made of other rows and may have learned from some of these"
    both = {
        "this bundle": measure(metric, outcome, own, **how),
        "champion": measure(metric, outcome, theirs, **how),
    }
    shown = _picture(metric.name, both)
    limit = -evidence.problem.guardrails.worse_by
    if gain.high < limit:
        advice = "keep the champion; or look for the rows on which the new model does worse"
        return Result("refuse", measured, required, advice, shown)
    if gain.low < limit:
        advice = "these rows cannot tell which is better: release it by steps, with an A/B test"
        return Result("warn", measured, required, advice, shown)
    return Result("pass", measured, required, picture=shown)


def _scores(evidence: CheckContext, old: Bundle) -> Array:
    """What the champion says of the test rows, as `engine.training.evaluate.predict` has it."""
    rows = json_rows(evidence.dataset.test, old.contract.inputs)
    said = load(old, rehearsal=True).scores(rows)
    if not old.contract.classes:
        return said
    known: tuple[Any, ...] = evidence.judged.known.classes
    said = said[:, [old.contract.classes.index(label) for label in known]]
    return said[:, 1] if evidence.problem.target.task == "binary" else said


def _picture(metric: str, both: dict[str, Interval]) -> Figure:
    title = f"{metric}, old against new"
    rows = [charts.Dot(name, one.value, one.low, one.high) for name, one in both.items()]
    return Figure(charts.interval_plot(title, rows), f"{title}, on the same test rows.")
