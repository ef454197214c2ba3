"""Sections about the decision and the money: said loudly where a model is not worth having."""

from engine.pages import charts
from engine.pages.formatting import listed, number
from engine.pages.page import Block, Facts, Figure, Note, Section, Table
from engine.problem.spec import Task
from engine.training.candidates import CHAMPION
from engine.training.evaluate import NEVER
from engine.training.report.worth import CASES, DUMMY, OWNER, RULE, Worth, rounded

# What a candidate is called in a meeting.
CALLED = {RULE: "the simple rule", CHAMPION: "today's model"}
RIVALS = {
    RULE: "a simple rule that fits on a sheet of paper",
    CHAMPION: "today's model, which answers already",
}
NOTHING: dict[Task, str] = {
    "binary": "doing nothing",
    "multiclass": "the commonest answer",
    "regression": "the plain average",
}


def called(worth: Worth, name: str) -> str:
    """A candidate's plain name."""
    if name == DUMMY:
        return NOTHING[worth.evidence.problem.target.task]
    return "the model" if name == worth.evidence.chosen else CALLED.get(name, name)


def message(worth: Worth) -> str:
    """The result in a sentence or two, the bad news before anything else."""
    if faults := doubts(worth):
        return " ".join(faults)
    gain = worth.gains[DUMMY]
    return (
        f"The model earns {worth.amount(gain.value)} more for {CASES:,} cases than "
        f"{called(worth, DUMMY)}; 95 % sure: {worth.span(gain)}."
    )


def doubts(worth: Worth) -> list[str]:
    """Why the model may not be worth having; empty where it clearly is."""
    found, nothing = [], called(worth, DUMMY)
    gain = worth.gains[DUMMY]
    if _never_acts(worth):
        found.append("The model never acts: by these costs, acting on its answers pays for nobody.")
    elif gain.value < 0:
        lost = worth.amount(-gain.value)
        found.append(f"The model costs {lost} more for {CASES:,} cases than {nothing}.")
    elif gain.value == 0:
        found.append(f"The model earns no more than {nothing}.")
    elif gain.low <= 0:
        found.append(
            f"It is not sure that the model earns more than {nothing}: {worth.span(gain)} for "
            f"{CASES:,} cases."
        )
    for name, words in RIVALS.items():
        rival = worth.gains.get(name)
        if rival and rival.value <= 0:
            found.append(f"The model earns no more than {words}.")
        elif rival and rival.low <= 0:
            found.append(
                f"It is not sure that the model earns more than {called(worth, name)}: "
                f"{worth.span(rival)} for {CASES:,} cases."
            )
    return found


def warning(worth: Worth) -> list[Section]:
    """What must be heard before the rest is read, if anything."""
    faults = doubts(worth)
    if not faults:
        return []
    advice = (
        "Before anybody builds on it: are the costs in problem.toml right? Is there anything that "
        "tells more, or are there more cases to learn from? If not, stay with what there is."
    )
    blocks = [
        *[Note(one, "bad" if worth.verdict == "does not pay" else "warn") for one in faults[1:]],
        Note(advice),
    ]
    return [Section("Before you read on", OWNER, faults[0], blocks)]


def decision(worth: Worth) -> Section:
    """What is decided, for whom, and on what this report rests."""
    evidence, framed = worth.evidence, worth.evidence.problem.decision
    rows, held = len(evidence.taught.table), len(evidence.taught.judged)
    blocks = [
        Note(f"What is done on the answer: {framed.action}"),
        Note(f"Whose decision it is: {framed.stakeholder}"),
        Note(
            f"The model was trained on {evidence.trained} with {rows:,} past cases. Every "
            f"figure here is about {held:,} of them, each answered by a model that had not seen it."
        ),
    ]
    return Section("The decision", OWNER, framed.question, blocks)


def value(worth: Worth) -> Section:
    """What the model earns, against doing nothing, the simple rule and today's model."""
    evidence = worth.evidence
    names = [evidence.chosen, *worth.rivals, DUMMY]
    rows = [
        charts.Dot(called(worth, n), one.value, one.low, one.high)
        for n in names
        if (one := worth.earned[n])
    ]
    nothing = worth.earned[DUMMY].value
    drawn = charts.interval_plot(
        f"What {CASES:,} cases earn",
        rows,
        label=worth.unit,
        mark=nothing,
        description=f"The line is {called(worth, DUMMY)}: {worth.amount(nothing)}.",
    )
    given = "" if evidence.problem.target.task == "binary" else ", given to all"
    caption = (
        f"The dashed line is {called(worth, DUMMY)}{given}. A bar shows where the value "
        "lies, with a certainty of 95 %."
    )
    blocks: list[Block] = [Figure(drawn, caption), Facts(_facts(worth)), _against(worth)]
    if evidence.facts.get("rule"):
        blocks.append(
            Note(f"The simple rule, learned from the same cases: {evidence.facts['rule']}.")
        )
    if evidence.chosen == RULE:
        said = "No model does clearly better than this rule, so the rule is the model."
        blocks.append(Note(said, "warn"))
    return Section("What it is worth", OWNER, _sentence(worth), blocks)


def _sentence(worth: Worth) -> str:
    own = worth.earned[worth.evidence.chosen]
    better = [called(worth, name) for name, gain in worth.gains.items() if gain.low > 0]
    verb, size = ("earn", own.value) if own.value >= 0 else ("cost", -own.value)
    said = f"{CASES:,} cases {verb} {worth.amount(size)} with the model"
    if not better:
        return f"{said}: not clearly better than anything it was held against."
    return f"{said}, clearly {'more' if verb == 'earn' else 'less'} than with {listed(better)}."


def _facts(worth: Worth) -> list[tuple[str, str]]:
    gain, nothing = worth.gains[DUMMY].value, called(worth, DUMMY)
    more = "more" if gain >= 0 else "less"
    facts = [(f"{more} than {nothing}, for {CASES:,} cases", worth.amount(abs(gain)))]
    if worth.a_month:
        label = f"{more} a month, at {number(round(worth.a_month))} cases as in the data"
        facts.append((label, worth.amount(abs(gain) * worth.a_month / CASES)))
    threshold = worth.evidence.facts["threshold"]
    if threshold is not None and threshold < NEVER:
        facts.append(("is the chance from which it acts", f"{threshold:.0%}".replace("%", " %")))
    return facts


def _against(worth: Worth) -> Table:
    rows = [
        (
            called(worth, name),
            rounded(worth.earned[name].value),
            rounded(gain.value),
            f"{number(rounded(gain.low))} to {number(rounded(gain.high))}",
        )
        for name, gain in worth.gains.items()
    ]
    header = ("against", "earns", "difference", "95 % sure")
    return Table(f"The model against what there is without it, in {worth.unit}", header, rows)


def _never_acts(worth: Worth) -> bool:
    return worth.acts is not None and not worth.acts.any()
