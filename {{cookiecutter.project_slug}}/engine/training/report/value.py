"""Sections about the decision and the money; doubts about the model come first."""

from engine.pages import charts
from engine.pages.formatting import listed, number
from engine.pages.page import Block, Figure, Note, Section, Table
from engine.training.money import NEVER
from engine.training.report.worth import CASES, DUMMY, OWNER, RULE, Worth


def message(worth: Worth) -> str:
    """The result in a sentence or two, bad news first."""
    gain = worth.gains[DUMMY]
    return " ".join(_doubts(worth)) or (
        f"The model earns {worth.amount(gain.value)} more for {CASES:,} cases than "
        f"{worth.name(DUMMY)}; 95 % sure: {worth.span(gain)}."
    )


def _doubts(worth: Worth) -> list[str]:
    """Why the model may not be worth having; empty where it clearly is."""
    reasons = []
    if worth.acts is not None and not worth.acts.any():
        reasons.append("The model never acts: by these costs, acting pays in no case.")
    for name, gain in worth.gains.items():
        rival = worth.name(name)
        if gain.value <= 0:
            less = f", but {worth.amount(-gain.value)} less for {CASES:,} cases"
            reasons.append(f"The model earns no more than {rival}{less if gain.value else ''}.")
        elif gain.low <= 0:
            reasons.append(
                f"It is not sure that the model earns more than {rival}: {worth.span(gain)} for "
                f"{CASES:,} cases."
            )
    return reasons


def warning(worth: Worth) -> Section | None:
    """The doubts, before everything else; None where there are none."""
    reasons = _doubts(worth)
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
    line = f"line is {worth.name(DUMMY)}"
    rows = [
        charts.Dot(worth.name(name), one.value, one.low, one.high)
        for name, one in worth.earned.items()
    ]
    chart = charts.interval_plot(
        f"What {CASES:,} cases earn",
        rows,
        label=worth.unit,
        mark=nothing,
        description=f"The {line}: {worth.amount(nothing)}.",
    )
    given = "" if run.data.task == "binary" else ", predicted for all"
    caption = f"The dashed {line}{given}. A bar is a 95 % interval."
    blocks: list[Block] = [Figure(chart, caption), _comparison(worth)]
    if run.threshold is not None and run.threshold < NEVER:
        blocks.append(Note(f"It acts from a probability of {100 * run.threshold:.0f} %."))
    if rule := run.metadata.get("rule"):
        blocks.append(Note(f"The simple rule, fitted to the same cases: {rule}."))
    if run.chosen == RULE:
        text = "No model does clearly better than this rule, so the rule is the model."
        blocks.append(Note(text, "warn"))
    return Section("What it is worth", OWNER, _sentence(worth), blocks)


def _sentence(worth: Worth) -> str:
    own = worth.earned[worth.run.chosen]
    beaten = [worth.name(name) for name, gain in worth.gains.items() if gain.low > 0]
    verb, size = ("earn", own.value) if own.value >= 0 else ("cost", -own.value)
    earned = f"{CASES:,} cases {verb} {worth.amount(size)} with the model"
    if not beaten:
        return f"{earned}: not clearly better than any alternative."
    return f"{earned}, clearly {'more' if verb == 'earn' else 'less'} than with {listed(beaten)}."


def _comparison(worth: Worth) -> Table:
    rows = [
        (
            worth.name(name),
            worth.earned[name].value,
            gain.value,
            f"{number(gain.low)} to {number(gain.high)}",
        )
        for name, gain in worth.gains.items()
    ]
    header = ("alternative", "earns", "difference", "95 % sure")
    return Table(f"The model against its alternatives, in {worth.unit}", header, rows)
