"""The report for people who are not technical: the same sections as a page and as slides."""

from pathlib import Path

from engine.pages import charts, page, slides
from engine.pages.charts import Line
from engine.pages.formatting import listed, number
from engine.pages.page import Block, Code, Figure, Note, Section
from engine.problem.known_metrics import KNOWN_METRICS
from engine.training.report import about_errors, about_worth
from engine.training.report.evidence import FinishedRun
from engine.training.report.worth import OWNER, Worth

REPORT, SLIDES = Path("build/report.html"), Path("build/slides.html")


def write(evidence: FinishedRun, path: Path | None = None, *, as_slides: bool = False) -> Path:
    """Write the report, or the deck of it, and return its path."""
    worth = Worth(evidence)
    name = evidence.problem.decision.name
    render = slides.render if as_slides else page.render
    html = render(
        f"Is the model worth having? {name}",
        about_worth.message(worth),
        sections(worth),
        verdict=worth.verdict,
        footer=f"{name}, trained on {evidence.trained}. Figures of cross-validation; the gate "
        "judges the model on cases that nobody has looked at yet.",
    )
    return write_atomically(path or (SLIDES if as_slides else REPORT), html)


def sections(worth: Worth) -> list[Section]:
    """The story in the order in which people ask."""
    found = [
        *about_worth.warning(worth),
        about_worth.decision(worth),
        about_worth.value(worth),
        about_errors.mistakes(worth),
        about_errors.groups(worth),
        _not_for(worth.evidence),
        _more_data(worth.evidence),
        _next(worth.evidence),
    ]
    return [section for section in found if section]


def _not_for(evidence: FinishedRun) -> Section:
    decision, reasons = evidence.problem.decision, evidence.problem.columns.reasons
    blocks: list[Block] = [Note(f"Built for: {decision.intended_use}")]
    if reasons:
        named = "; ".join(f"{name} ({why})" for name, why in reasons.items())
        blocks.append(Note(f"It never sees {named}."))
    return Section("What it must not be used for", OWNER, decision.not_for, blocks)


def _more_data(evidence: FinishedRun) -> Section | None:
    curve = evidence.facts.get("learning_curve")
    if not curve:
        return None
    name = KNOWN_METRICS[evidence.problem.success.metric].title
    line = Line(name, curve["mean"], curve["low"], curve["high"])
    title = f"{name[0].upper()}{name[1:]} by cases to learn from"
    sizes = [f"{rows:,}" for rows in curve["rows"]]
    drawn = charts.lines(title, sizes, [line], label="cases to learn from")
    said = (
        "More cases may help: with three times as many it became clearly better."
        if curve["verdict"] == "still rising"
        else "Hardly: three times as many cases made it not clearly better. Other facts about them "
        "might."
    )
    caption = f"{title}, with 95 % intervals. It says nothing of more cases than these."
    return Section("Would more data help?", OWNER, said, [Figure(drawn, caption)])


def _next(evidence: FinishedRun) -> Section:
    assumed = evidence.problem.assumed
    steps = (
        "Next is the door between the two teams: the gate asks the cases that were kept for the "
        "end, once, and holds the model against every check. Two signatures let it through."
    )
    blocks: list[Block] = [Note(steps)]
    if assumed:
        names = listed([name.replace("_", " ").replace(".", ": ") for name in assumed])
        blocks.insert(0, Note(f"Still assumed, to be answered by a person first: {names}.", "warn"))
    if evidence.facts["code"]["dirty"]:
        said = "The code of this run is not committed: commit it and train again before the gate."
        blocks.append(Note(said, "warn"))
    blocks.append(Code("python -m handoff build\npython -m handoff check"))
    sentence = (
        f"{number(len(assumed))} answers are still guesses; then the gate."
        if assumed
        else "Nothing is decided yet: now the gate."
    )
    return Section("What comes next", OWNER, sentence, blocks)
