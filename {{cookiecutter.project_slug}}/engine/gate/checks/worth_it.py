"""Checks of the group `worth it`: a complete problem, baseline, champion, floors of groups."""

from typing import Any

from engine.bundle.bundle import Bundle, read
from engine.bundle.champion import incomparable
from engine.bundle.record import RELEASE_FILE, bundle_path, champion_if_any, refusal, stored
from engine.data.columns import json_rows
from engine.gate.checks.check import CheckContext, Result, intervals
from engine.pages.formatting import count
from engine.problem.metrics import METRICS, measure, measure_gain
from engine.problem.tables import UNANSWERED
from engine.serving.model.predictor import load
from engine.training.suspicion import too_good


def problem_complete(context: CheckContext) -> Result:
    """Every question of problem.toml is answered, or marked as assumed."""
    problem = context.problem
    required = "a person's answer to every question of problem.toml"
    keys = [f"decision.{name}" for name, text in problem.decision if text.startswith(UNANSWERED)]
    if unmarked := [key for key in keys if not {key, "decision"} & set(problem.assumed)]:
        measured = f"neither answered nor marked as assumed: {', '.join(unmarked)}"
        return Result("refuse", measured, required, "Answer them in problem/problem.toml.")
    if problem.assumed:
        advice = f"Answer {', '.join(problem.assumed)} in problem.toml and remove them from "
        advice += "'assumed' before you sign."
        return Result("warn", count(len(problem.assumed), "assumed answer"), required, advice)
    return Result("pass", "all questions answered", required)


def beats_baseline(context: CheckContext) -> Result:
    """The metric meets the minimum, and the low end of each gain over a baseline the margin."""
    success, evaluation = context.problem.success, context.evaluation
    own, baselines = evaluation["candidate"], evaluation["baselines"]
    sign = 1 if evaluation["higher_is_better"] else -1
    strongest = min(baselines, key=lambda one: one["difference"]["low"])
    gain = strongest["difference"]
    measured = f"{success.metric} {own['value']:.4f} ({own['low']:.4f} to {own['high']:.4f}); gain "
    measured += f"over {strongest['name']} {gain['value']:.4f} ({gain['low']:.4f} to "
    measured += f"{gain['high']:.4f})"
    required = f"{success.metric} of {'at least' if sign > 0 else 'at most'} {success.minimum:g}; "
    required += f"a gain over each baseline whose interval begins at {success.margin:g} or above"
    title = f"{success.metric} of the model and its baselines"
    rows = {one["name"]: one for one in (own, *baselines)}
    caption = f"{title}, each with its 95 % interval; the line is the minimum."
    shown = intervals(title, rows, caption, success.minimum)
    if sign * own["value"] >= sign * success.minimum and gain["low"] >= success.margin:
        if nearly := too_good(evaluation["metrics"]):
            advice = "Read what the check `leakage` measured before you trust this score."
            measured += f"; suspiciously good: {', '.join(nearly)}"
            return Result("warn", measured, required, advice, shown)
        return Result("pass", measured, required, picture=shown)
    advice = "Improve the features, add data, or agree on a lower minimum with the stakeholder."
    return Result("refuse", measured, required, advice, shown)


def slices(context: CheckContext) -> Result:
    """No group's interval is entirely beyond its floor."""
    evaluation = context.evaluation
    sign, best = (1, "high") if evaluation["higher_is_better"] else (-1, "low")
    required = "no group with a 95 % interval entirely beyond its floor"
    if not evaluation["slices"]:
        advice = "List the groups that the model must serve well under success.slices."
        return Result("not applicable", "problem.toml lists no groups", required, advice)
    groups = [one for one in evaluation["slices"] if one["metric"] is not None]
    if not groups:
        advice = "Add rows, or define fewer and larger groups."
        return Result("warn", "no group has enough rows", required, advice)
    rows = {_name(one): {**one, "value": one["metric"]} for one in groups}
    title = f"{evaluation['metric']} by group"
    mark = min((one["floor"] for one in groups), key=lambda floor: sign * floor)
    caption = f"{title}, each with its 95 % interval; the line is the loosest limit."
    shown = intervals(title, rows, caption, mark)
    bound = "at least" if sign > 0 else "at most"
    if below := [one for one in groups if sign * one[best] < sign * one["floor"]]:
        measured = "; ".join(
            f"{_name(one)}: {one['metric']:.4f} on {one['rows']} rows, {bound} {one['floor']:g}"
            for one in below
        )
        advice = "Add rows of these groups or a feature for them; or do not use the model for them."
        return Result("refuse", measured, required, advice, shown)
    nearest = min(groups, key=lambda one: sign * (one["metric"] - one["floor"]))
    measured = f"{len(groups)} groups hold; nearest to its floor: {_name(nearest)}"
    if few := len(evaluation["slices"]) - len(groups):
        measured += f"; {few} have too few rows"
    return Result("pass", measured, required, picture=shown)


def _name(group: dict[str, str]) -> str:
    return f"{group['column']} = {group['value']}"


def champion(context: CheckContext) -> Result:
    """Not surely worse than the champion on the same test rows (paired bootstrap)."""
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
    old = read(stored(name))
    dataset = context.dataset
    reason = incomparable(old, context.problem, dataset.targets.classes, dataset.test)
    if reason is None:
        return _compare(context, old, required)
    advice = "Release the model as a shadow: only a live test can compare the two."
    return Result("warn", f"not comparable: {reason}", required, advice)


def _compare(context: CheckContext, old: Bundle, required: str) -> Result:
    targets, own = context.predictions.targets, context.predictions.scores
    metric, values = METRICS[context.problem.success.metric], targets.values
    is_class = context.problem.target.task != "regression"
    options: dict[str, Any] = {"stratify": is_class, "groups": targets.groups}
    # As `engine.training.evaluate.predict`: classes in the order of the present problem.
    other = load(old, rehearsal=True).scores(json_rows(context.dataset.test, old.contract.inputs))
    if classes := old.contract.classes:
        other = other[:, [classes.index(label) for label in targets.classes]]
        other = other[:, 1] if context.problem.target.task == "binary" else other
    gain = measure_gain(metric, values, own, other, **options)
    measured = f"gain in {metric.name} over champion {old.id[:12]} {gain.value + 0:+.4f} "
    measured += f"({gain.low + 0:+.4f} to {gain.high + 0:+.4f})"
    if old.manifest["data_digest"] != context.dataset.digest:
        measured += ", which was trained on other data and may have seen some of these rows"
    champion_interval = measure(metric, values, other, **options).to_json()
    both = {"this bundle": context.evaluation["candidate"], "champion": champion_interval}
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
