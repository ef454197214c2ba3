"""Sections about the decision and the money; doubts about the model come first."""

from engine.pages import charts
from engine.pages.formatting import listed, number
from engine.pages.page import Block, Facts, Figure, Note, Section, Table
from engine.problem.spec import Task
from engine.training.candidates import CHAMPION
from engine.training.money import NEVER
from engine.training.report.worth import CASES, DUMMY, OWNER, RULE, Worth, rounded

# Plain names of candidates.
NAMES = {RULE: "the simple rule", CHAMPION: "today's model"}
RIVALS = {
    RULE: "a simple rule that fits on a sheet of paper",
    CHAMPION: "today's model, which is in use already",
}
NOTHING: dict[Task, str] = {
    "binary": "doing nothing",
    "multiclass": "the most frequent class",
    "regression": "the average",
}


def name_of(worth: Worth, candidate: str) -> str:
    """A candidate's plain name."""
    if candidate == DUMMY:
        return NOTHING[worth.run.data.task]
    return "the model" if candidate == worth.run.chosen else NAMES.get(candidate, candidate)


def message(worth: Worth) -> str:
    """The result in a sentence or two, bad news first."""
    if reasons := doubts(worth):
        return " ".join(reasons)
    gain = worth.gains[DUMMY]
    return (
        f"The model earns {worth.amount(gain.value)} more for {CASES:,} cases than "
        f"{name_of(worth, DUMMY)}; 95 % sure: {worth.span(gain)}."
    )


def doubts(worth: Worth) -> list[str]:
    """Why the model may not be worth having; empty where it clearly is."""
    reasons, nothing, gain = [], name_of(worth, DUMMY), worth.gains[DUMMY]
    if worth.acts is not None and not worth.acts.any():
        reasons.append("The model never acts: by these costs, acting pays in no case.")
    elif gain.value < 0:
        lost = worth.amount(-gain.value)
        reasons.append(f"The model costs {lost} more for {CASES:,} cases than {nothing}.")
    elif gain.value == 0:
        reasons.append(f"The model earns no more than {nothing}.")
    elif gain.low <= 0:
        reasons.append(_unsure(worth, DUMMY))
    for name, description in RIVALS.items():
        rival = worth.gains.get(name)
        if rival and rival.value <= 0:
            reasons.append(f"The model earns no more than {description}.")
        elif rival and rival.low <= 0:
            reasons.append(_unsure(worth, name))
    return reasons


def _unsure(worth: Worth, rival: str) -> str:
    return (
        f"It is not sure that the model earns more than {name_of(worth, rival)}: "
        f"{worth.span(worth.gains[rival])} for {CASES:,} cases."
    )


def warning(worth: Worth) -> Section | None:
    """The doubts, before everything else; None where there are none."""
    reasons = doubts(worth)
    if not reasons:
        return None
    advice = (
        "Before you build on it: check the costs in problem.toml. Look for more informative inputs "
        "and for more cases. Without a clear gain, keep the present way."
    )
    severe = worth.verdict == "does not pay"
    blocks = [*[Note(reason, "bad" if severe else "warn") for reason in reasons[1:]], Note(advice)]
    return Section("Before you read on", OWNER, reasons[0], blocks)


def decision(worth: Worth) -> Section:
    """The decision, whose it is, and the cases that this report rests on."""
    run, about = worth.run, worth.run.problem.decision
    day = f"{run.trained_at.day} {run.trained_at:%B %Y}"
    blocks = [
        Note(f"The action: {about.action}"),
        Note(f"Whose decision it is: {about.stakeholder}"),
        Note(
            f"The model was trained on {day} with {run.rows:,} past cases. Every number here is "
            f"about {len(run.outcome):,} of them, each predicted by a model that was not trained "
            "on it."
        ),
    ]
    return Section("The decision", OWNER, about.question, blocks)


def value(worth: Worth) -> Section:
    """What the model earns, against doing nothing, the simple rule and today's model."""
    run, nothing = worth.run, worth.earned[DUMMY].value
    rows = [
        charts.Dot(name_of(worth, name), one.value, one.low, one.high)
        for name, one in worth.earned.items()
    ]
    chart = charts.interval_plot(
        f"What {CASES:,} cases earn",
        rows,
        label=worth.unit,
        mark=nothing,
        description=f"The line is {name_of(worth, DUMMY)}: {worth.amount(nothing)}.",
    )
    given = "" if run.data.task == "binary" else ", predicted for all"
    caption = f"The dashed line is {name_of(worth, DUMMY)}{given}. A bar is a 95 % interval."
    blocks: list[Block] = [Figure(chart, caption), Facts(_numbers(worth)), _comparison(worth)]
    if rule := run.metadata.get("rule"):
        blocks.append(Note(f"The simple rule, fitted to the same cases: {rule}."))
    if run.chosen == RULE:
        text = "No model does clearly better than this rule, so the rule is the model."
        blocks.append(Note(text, "warn"))
    return Section("What it is worth", OWNER, _sentence(worth), blocks)


def _sentence(worth: Worth) -> str:
    own = worth.earned[worth.run.chosen]
    beaten = [name_of(worth, name) for name, gain in worth.gains.items() if gain.low > 0]
    verb, size = ("earn", own.value) if own.value >= 0 else ("cost", -own.value)
    earned = f"{CASES:,} cases {verb} {worth.amount(size)} with the model"
    if not beaten:
        return f"{earned}: not clearly better than any alternative."
    return f"{earned}, clearly {'more' if verb == 'earn' else 'less'} than with {listed(beaten)}."


def _numbers(worth: Worth) -> list[tuple[str, str]]:
    gain, nothing = worth.gains[DUMMY].value, name_of(worth, DUMMY)
    more = "more" if gain >= 0 else "less"
    numbers = [(f"{more} than {nothing}, for {CASES:,} cases", worth.amount(abs(gain)))]
    threshold = worth.run.threshold
    if threshold is not None and threshold < NEVER:
        probability = f"{threshold:.0%}".replace("%", " %")
        numbers.append(("is the probability from which it acts", probability))
    return numbers


def _comparison(worth: Worth) -> Table:
    rows = [
        (
            name_of(worth, name),
            rounded(worth.earned[name].value),
            rounded(gain.value),
            f"{number(rounded(gain.low))} to {number(rounded(gain.high))}",
        )
        for name, gain in worth.gains.items()
    ]
    header = ("alternative", "earns", "difference", "95 % sure")
    return Table(f"The model against its alternatives, in {worth.unit}", header, rows)
