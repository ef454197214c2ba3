"""Checks of the group `worth it`: problem complete, better than the baseline, no group below."""

from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.pictures import intervals
from engine.pages.formatting import count
from engine.problem.base import NOT_SAID


def problem_complete(context: CheckContext) -> Result:
    """Every question of problem.toml is answered, or marked as assumed."""
    problem = context.problem
    required = "a person's answer to every question of problem.toml"
    keys = [f"decision.{name}" for name, text in problem.decision if text.startswith(NOT_SAID)]
    unmarked = [key for key in keys if not {key, "decision"} & set(problem.assumed)]
    if unmarked:
        measured = f"neither answered nor marked as assumed: {', '.join(unmarked)}"
        return Result("refuse", measured, required, "Answer them in problem/problem.toml.")
    if problem.assumed:
        advice = f"Before `handoff accept`, answer {', '.join(problem.assumed)} in problem.toml and"
        measured = f"{count(len(problem.assumed), 'assumed answer')}"
        return Result("warn", measured, required, f"{advice} remove them from 'assumed'.")
    return Result("pass", "all questions answered", required)


def beats_baseline(context: CheckContext) -> Result:
    """The metric meets the minimum, and the low end of each gain over a baseline the margin."""
    success, evaluation = context.problem.success, context.evaluation
    own, baselines = evaluation["candidate"], evaluation["baselines"]
    sign = 1 if evaluation["higher_is_better"] else -1
    strongest = min(baselines, key=lambda one: one["difference"]["low"])
    gain = strongest["difference"]
    measured = (
        f"{success.metric} {own['value']:.4f} ({own['low']:.4f} to {own['high']:.4f}); gain "
        f"{gain['value']:+.4f} (at least {gain['low']:+.4f}) over {strongest['name']}"
    )
    required = (
        f"{'at least' if sign > 0 else 'at most'} {success.minimum:g}; a gain over each baseline "
        f"of surely {success.margin:g} or more"
    )
    title = f"{success.metric} of the model and its baselines"
    rows = {one["name"]: one for one in (own, *baselines)}
    caption = f"{title}, each with its 95 % interval; the line is the minimum."
    shown = intervals(title, rows, caption, success.minimum)
    if sign * own["value"] >= sign * success.minimum and gain["low"] >= success.margin:
        return Result("pass", measured, required, picture=shown)
    advice = "Improve the features or add data; or agree on a lower minimum with the stakeholder."
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
        measured = "no group has enough rows"
        return Result("warn", measured, required, "Add rows, or define fewer and larger groups.")
    rows = {_name(one): {**one, "value": one["metric"]} for one in groups}
    title = f"{evaluation['metric']} by group"
    line = "the lowest floor" if sign > 0 else "the highest allowed value"
    mark = min((one["floor"] for one in groups), key=lambda floor: sign * floor)
    caption = f"{title}, each with its 95 % interval; the line is {line}."
    shown = intervals(title, rows, caption, mark)
    bound = "floor" if sign > 0 else "at most"
    below = [
        f"{_name(one)}: {one['metric']:.4f} on {one['rows']} rows, {bound} {one['floor']:g}"
        for one in groups
        if sign * one[best] < sign * one["floor"]
    ]
    if below:
        advice = "Add rows of these groups or a feature that separates them; or do not use the "
        return Result("refuse", "; ".join(below), required, f"{advice}model for them.", shown)
    nearest = min(groups, key=lambda one: sign * (one["metric"] - one["floor"]))
    measured = f"{len(groups)} groups hold; nearest to its floor: {_name(nearest)}"
    if few := len(evaluation["slices"]) - len(groups):
        measured += f"; {few} have too few rows"
    return Result("pass", measured, required, picture=shown)


def _name(group: dict[str, str]) -> str:
    return f"{group['column']} = {group['value']}"
