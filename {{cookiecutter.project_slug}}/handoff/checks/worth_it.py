"""Is the model worth having: framed, better than nothing, and not bad for some?"""

from handoff.checks.finding import Evidence, Finding

NOT_SAID = "Not yet said"


def framed(evidence: Evidence) -> Finding:
    """The problem says what is decided, for whom and what for; guesses are marked as such."""
    problem = evidence.bundle.problem
    required = "every answer of problem.toml given by a person"
    unsaid = [
        f"decision.{name}" for name, answer in problem.decision if answer.startswith(NOT_SAID)
    ]
    hidden = [name for name in unsaid if not {name, "decision"} & set(problem.assumed)]
    if hidden:
        return Finding(
            "framed", "worth it", "refuse", f"not said and not marked as assumed: {', '.join(hidden)}",
            required, "answer them in problem/problem.toml",
        )  # fmt: skip
    if problem.assumed:
        return Finding(
            "framed", "worth it", "warn", f"{len(problem.assumed)} answers are assumed", required,
            "a rehearsal may go on; before `handoff accept`, answer "
            f"{', '.join(problem.assumed)} and take them off 'assumed'",
        )  # fmt: skip
    return Finding("framed", "worth it", "pass", "all answers given", required)


def beats_baseline(evidence: Evidence) -> Finding:
    """The success metric meets the minimum, and its gain over each baseline surely the margin."""
    success, evaluation = evidence.bundle.problem.success, evidence.bundle.evaluation
    own = evaluation["candidate"]
    sign = 1 if evaluation["higher_is_better"] else -1
    hardest = min(evaluation["baselines"], key=lambda one: one["difference"]["low"])
    gain = hardest["difference"]
    measured = (
        f"{success.metric} {own['value']:.4f} ({own['low']:.4f} to {own['high']:.4f}); "
        f"{gain['value']:+.4f} (at least {gain['low']:+.4f}) against {hardest['name']}"
    )
    bound = "at least" if sign > 0 else "at most"
    required = f"{bound} {success.minimum:g}, and surely {success.margin:g} better"
    good_enough = sign * own["value"] >= sign * success.minimum
    if good_enough and gain["low"] >= success.margin:
        return Finding("beats the baseline", "worth it", "pass", measured, required)
    return Finding(
        "beats the baseline", "worth it", "refuse", measured, required,
        "better features or more data; or ask the stakeholder whether less is still useful",
    )  # fmt: skip


def slices(evidence: Evidence) -> Finding:
    """No group's interval lies below its floor."""
    parts, sign = evidence.bundle.evaluation["slices"], 1
    if not evidence.bundle.evaluation["higher_is_better"]:
        sign = -1
    required = "no group's 95 % interval beyond its floor"
    judged = [part for part in parts if part["metric"] is not None]
    few = len(parts) - len(judged)
    if not parts:
        return Finding(
            "slices", "worth it", "not applicable", "problem.toml names no groups", required,
            "name the groups that must not be served badly under success.slices",
        )  # fmt: skip
    best = "high" if sign > 0 else "low"
    low = [part for part in judged if sign * part[best] < sign * part["floor"]]
    if low:
        named = "; ".join(
            f"{part['column']} = {part['value']}: {part['metric']:.4f} on {part['rows']} rows, "
            f"floor {part['floor']:g}"
            for part in low
        )
        return Finding(
            "slices", "worth it", "refuse", named, required,
            "look at these rows; more of them, a feature that tells them apart, or no use there",
        )  # fmt: skip
    worst = min(judged, key=lambda part: sign * (part["metric"] - part["floor"]), default=None)
    measured = f"{len(judged)} groups hold" + (f", {few} have insufficient data" if few else "")
    if worst:
        measured += f"; nearest to its floor: {worst['column']} = {worst['value']}"
    verdict = "warn" if few and not judged else "pass"
    return Finding("slices", "worth it", verdict, measured, required)
