"""The pages of a run: one for those who train, and a report for everybody, also as slides."""

from pathlib import Path

from engine.pages import charts, page, slides
from engine.pages.formatting import count, listed, number
from engine.pages.page import Block, Code, Figure, Note, Section
from engine.problem.files import write_atomically
from engine.problem.known_metrics import KNOWN_METRICS
from engine.training.report import mistakes, technical, value
from engine.training.report.worth import OWNER, Worth
from engine.training.run import Run

TRAINING = Path("build/training.html")
REPORT, SLIDES = Path("build/report.html"), Path("build/slides.html")


def write_training_page(run: Run) -> Path:
    """Write the page of a training; returns its path."""
    metadata, trial = run.metadata, run.chosen_trial
    lead = (
        f"Selected: {technical.plain(run.chosen)}. {metadata['metric']} {number(trial['mean'])} ± "
        f"{number(trial['error'])} on held-out rows."
    )
    sections = [
        technical.candidates(run),
        value.value(Worth(run)),
        technical.importance(run),
        learning_curve(run),
        technical.calibration(run),
    ]
    title = f"Training of {run.problem.decision.name}"
    commit = (metadata["code"]["commit"] or "none")[:12]
    footer = (
        f"Run {run.run_id}: data {metadata['data_digest'][:12]}, commit {commit}. training.json "
        "holds all parameters; `python -m poc retrain` trains the same model again."
    )
    html = page.render(title, lead, [one for one in sections if one], footer=footer)
    return write_atomically(TRAINING, html)


def write_report(run: Run, path: Path | None = None, *, as_slides: bool = False) -> Path:
    """Write the report for people who are not technical, or its slides; returns its path."""
    worth, name, trained_at = Worth(run), run.problem.decision.name, run.trained_at
    render, default = (slides.render, SLIDES) if as_slides else (page.render, REPORT)
    title, sections = f"Is the model worth having? {name}", report_sections(worth)
    footer = (
        f"{name}, trained on {trained_at.day} {trained_at:%B %Y}. All numbers come from "
        "cross-validation; the gate evaluates the model on the test cases."
    )
    html = render(title, value.message(worth), sections, verdict=worth.verdict, footer=footer)
    return write_atomically(path or default, html)


def report_sections(worth: Worth) -> list[Section]:
    """The sections of the report, in the order in which people ask."""
    sections = [
        value.warning(worth),
        value.decision(worth),
        value.value(worth),
        mistakes.mistakes(worth),
        mistakes.slices_section(worth),
        _not_for(worth.run),
        learning_curve(worth.run),
        _next(worth.run),
    ]
    return [section for section in sections if section]


def learning_curve(run: Run) -> Section | None:
    """Whether more training rows would help; None where there are too few for a curve."""
    curve = run.metadata.get("learning_curve")
    if not curve:
        return None
    name = KNOWN_METRICS[run.data.metric.name].title
    line = charts.Line(name, curve["mean"], curve["low"], curve["high"])
    title = f"{name[0].upper()}{name[1:]} by training cases"
    sizes = [f"{rows:,}" for rows in curve["rows"]]
    chart = charts.lines(title, sizes, [line], label="training cases")
    sentence = (
        "More cases may help: three times as many made it clearly better."
        if curve["verdict"] == "still rising"
        else "Hardly: three times as many cases made it not clearly better. Other inputs might."
    )
    caption = f"{title}, with 95 % intervals. It does not predict the effect of more cases."
    return Section("Would more data help?", OWNER, sentence, [Figure(chart, caption)])


def _not_for(run: Run) -> Section:
    decision, reasons = run.problem.decision, run.problem.columns.reasons
    blocks: list[Block] = [Note(f"Built for: {decision.intended_use}")]
    if reasons:
        named = "; ".join(f"{name} ({why})" for name, why in reasons.items())
        blocks.append(Note(f"Columns that it never uses: {named}."))
    return Section("What it must not be used for", OWNER, decision.not_for, blocks)


def _next(run: Run) -> Section:
    sentence, blocks = "Nothing is decided yet: next is the gate.", list[Block]()
    if assumed := run.problem.assumed:
        sentence = f"{count(len(assumed), 'answer')} still assumed; then comes the gate."
        names = listed([name.replace("_", " ").replace(".", ": ") for name in assumed])
        blocks.append(Note(f"Still assumed, a person must confirm: {names}.", "warn"))
    gate = (
        "Next is the gate between the two teams: it evaluates the model once on the test cases "
        "and runs every check. Two signatures accept the model."
    )
    blocks.append(Note(gate))
    if run.metadata["code"]["dirty"]:
        text = "The code of this run is not committed: commit it and train again before the gate."
        blocks.append(Note(text, "warn"))
    blocks.append(Code("python -m handoff build\npython -m handoff check"))
    return Section("What comes next", OWNER, sentence, blocks)
