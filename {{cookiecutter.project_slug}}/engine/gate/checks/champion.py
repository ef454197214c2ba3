"""Compares the model with the champion: the bundle that is live."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bundle.bundle import Bundle
from engine.bundle.bundle import read as read_bundle
from engine.bundle.record import refusal
from engine.bundle.store import RELEASE_FILE, bundle_path, champion_if_any
from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.pictures import intervals
from engine.problem.metrics import METRICS, measure, measure_gain
from engine.serving.model.predictor import load

Array = NDArray[np.float64]


def champion(context: CheckContext) -> Result:
    """Not surely worse than the champion on the same test rows (paired bootstrap).

    The champion may have other inputs and other feature code: its bundle holds both. If the rows
    cannot decide, the result is a warning, because a better model must not wait for a live test.
    """
    limit = context.problem.guardrails.worse_by
    required = f"at most {limit:g} worse than the champion on the same rows"
    name = champion_if_any()
    if name is None:
        return Result("not applicable", f"{RELEASE_FILE} names no champion", required)
    if name == context.bundle.id:
        return Result("not applicable", "this bundle is the champion", required)
    if (reason := refusal(name)) and bundle_path(name).exists():
        # Its feature code would run here, and no team has accepted it.
        advice = f"Name an accepted bundle in {RELEASE_FILE}, or commit the record of this one."
        return Result("refuse", f"the champion is not accepted: {reason}", required, advice)
    old = read_bundle(bundle_path(name))
    if reason := _incomparable(context, old):
        advice = "Release the model as a shadow: only a live test can compare the two."
        return Result("warn", f"not comparable: {reason}", required, advice)
    return _compare(context, old, required)


def _incomparable(context: CheckContext, old: Bundle) -> str:
    """Why the champion cannot predict the test rows for this problem; empty if it can."""
    target, other = context.problem.target, old.problem.target
    if (target.column, target.task) != (other.column, other.task):
        return f"the champion predicts {other.column} ({other.task})"
    if set(old.contract.classes) != set(context.dataset.targets.classes):
        return f"the champion has the classes {list(old.contract.classes)}"
    missing = [one.name for one in old.contract.inputs if one.name not in context.dataset.test]
    return f"the rows lack inputs of the champion: {', '.join(missing)}" if missing else ""


def _compare(context: CheckContext, old: Bundle, required: str) -> Result:
    targets, own = context.predictions.known, context.predictions.scores
    metric, values = METRICS[context.problem.success.metric], targets.values
    options: dict[str, Any] = {
        "stratify": context.problem.target.task != "regression",
        "units": targets.groups,
    }
    other = _predict(context, old)
    gain = measure_gain(metric, values, own, other, **options)
    measured = (
        f"{metric.name} {gain.value + 0:+.4f} better ({gain.low + 0:+.4f} to {gain.high + 0:+.4f}) "
        f"than champion {old.id[:12]}"
    )
    if old.manifest["data_digest"] != context.dataset.digest:
        measured += ", which was trained on other data and may have seen some of these rows"
    both = {
        "this bundle": measure(metric, values, own, **options).to_json(),
        "champion": measure(metric, values, other, **options).to_json(),
    }
    title = f"{metric.name} of this bundle and the champion"
    shown = intervals(title, both, f"{title}, on the same test rows.")
    limit = -context.problem.guardrails.worse_by
    if gain.high < limit:
        advice = "Keep the champion, or improve the model on the rows where it is worse."
        return Result("refuse", measured, required, advice, shown)
    if gain.low < limit:
        advice = "Release it gradually, with an A/B test: these rows cannot show which is better."
        return Result("warn", measured, required, advice, shown)
    return Result("pass", measured, required, picture=shown)


def _predict(context: CheckContext, old: Bundle) -> Array:
    """The champion's predictions of the test rows, as `engine.training.evaluate.predict`."""
    rows = json_rows(context.dataset.test, old.contract.inputs)
    scores = load(old, rehearsal=True).scores(rows)
    if not old.contract.classes:
        return scores
    labels: tuple[Any, ...] = context.predictions.known.classes
    scores = scores[:, [old.contract.classes.index(label) for label in labels]]
    return scores[:, 1] if context.problem.target.task == "binary" else scores
