"""Is the model worth having: framed, better than nothing, and not bad for some?"""

from typing import Any

from engine.gate.checks.check import CheckContext, Result
from engine.pages import charts
from engine.pages.page import Figure

NOT_SAID = "Not yet said"


def framed(evidence: CheckContext) -> Result:
    """The problem says what is decided, for whom and what for; guesses are marked as such."""
    problem = evidence.problem
    required = "every answer of problem.toml given by a person"
    unsaid = [name for name, answer in problem.decision if answer.startswith(NOT_SAID)]
    hidden = [
        f"decision.{name}"
        for name in unsaid
        if not {f"decision.{name}", "decision"} & set(problem.assumed)
    ]
    if hidden:
        measured = f"not said and not marked as assumed: {', '.join(hidden)}"
        return Result("refuse", measured, required, "answer them in problem/problem.toml")
    if problem.assumed:
        return Result(
            "warn",
            f"{len(problem.assumed)} answers are assumed",
            required,
            "a rehearsal may go on; before `handoff accept`, answer "
            f"{', '.join(problem.assumed)} and take them off 'assumed'",
        )
    return Result("pass", "all answers given", required)


def beats_baseline(evidence: CheckContext) -> Result:
    """The success metric meets the minimum, and its gain over each baseline surely the margin."""
    success, evaluation = evidence.problem.success, evidence.evaluation
    own = evaluation["candidate"]
    sign = 1 if evaluation["higher_is_better"] else -1
    hardest = min(evaluation["baselines"], key=lambda one: one["difference"]["low"])
    gain = hardest["difference"]
    measured = (
        f"{success.metric} {own['value']:.4f} ({own['low']:.4f} to {own['high']:.4f}); "
        f"{gain['value']:+.4f} (at least {gain['low']:+.4f}) against {hardest['name']}"
    )
    bound = "at least" if sign > 0 else "at most"
    required = (
        f"{bound} {success.minimum:g}; and the interval of its gain over each baseline begins at "
        f"{success.margin:g} or more"
    )
    shown = _dots(
        f"{success.metric}, the model and its baselines",
        "the line is the minimum",
        {one["name"]: one for one in (own, *evaluation["baselines"])},
        success.minimum,
    )
    if sign * own["value"] >= sign * success.minimum and gain["low"] >= success.margin:
        return Result("pass", measured, required, picture=shown)
    advice = "better features or more data; or ask the stakeholder whether less is still useful"
    return Result("refuse", measured, required, advice, shown)


def slices(evidence: CheckContext) -> Result:
    """No group's interval lies wholly on the wrong side of its floor."""
    evaluation = evidence.evaluation
    sign, best = (1, "high") if evaluation["higher_is_better"] else (-1, "low")
    required = "no group's 95 % interval beyond its floor"
    parts = evaluation["slices"]
    if not parts:
        advice = "name the groups that must not be served badly under success.slices"
        return Result("not applicable", "problem.toml names no groups", required, advice)
    judged = [part for part in parts if part["metric"] is not None]
    few = len(parts) - len(judged)
    limit = "floor" if sign > 0 else "at most"
    shown = _dots(
        f"{evaluation['metric']} by group",
        f"the line is the {'lowest floor' if sign > 0 else 'highest that is allowed'}",
        {
            f"{part['column']} = {part['value']}": {**part, "value": part["metric"]}
            for part in judged
        },
        min((part["floor"] for part in judged), default=0.0, key=lambda floor: sign * floor),
    )
    low = [part for part in judged if sign * part[best] < sign * part["floor"]]
    if low:
        named = "; ".join(
            f"{part['column']} = {part['value']}: {part['metric']:.4f} on {part['rows']} rows, "
            f"{limit} {part['floor']:g}"
            for part in low
        )
        advice = (
            "look at these rows; more of them, a feature that tells them apart, or no use there"
        )
        return Result("refuse", named, required, advice, shown)
    measured = f"{len(judged)} groups hold" + (f", {few} have insufficient data" if few else "")
    if not judged:
        return Result("warn", measured, required, "more rows, or fewer and larger groups")
    worst = min(judged, key=lambda part: sign * (part["metric"] - part["floor"]))
    measured += f"; nearest to its floor: {worst['column']} = {worst['value']}"
    return Result("pass", measured, required, picture=shown)


def _dots(title: str, mark: str, named: dict[str, dict[str, Any]], at: float) -> Figure:
    rows = [
        charts.Dot(name.replace("_", " "), one["value"], one["low"], one["high"])
        for name, one in named.items()
    ]
    caption = f"{title}, each with its 95 % interval; {mark}."
    return Figure(charts.interval_plot(title, rows, mark=at), caption)
