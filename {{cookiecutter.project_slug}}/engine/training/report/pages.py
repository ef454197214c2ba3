"""The pages of a run: one for those who train, and a report for everybody, also as slides."""

from pathlib import Path

from engine.pages import charts, page
from engine.pages.charts import Dot
from engine.pages.formatting import count, listed, number, percent
from engine.pages.page import Block, Code, Figure, Note, Section, Table
from engine.problem.errors import command
from engine.problem.files import write_atomically
from engine.problem.known_metrics import KNOWN_METRICS
from engine.training.compare import against_champion
from engine.training.evaluate import calibration as reliability
from engine.training.record.runs import Run
from engine.training.report import mistakes
from engine.training.report.worth import OWNER, Worth, decision, message, value, warning

# A chart with more rows is hard to read.
MOST_SHOWN = 20
TRAINING = Path("build/training.html")
REPORT, SLIDES = Path("build/report.html"), Path("build/slides.html")


def write_training_page(run: Run) -> Path:
    """Write the page of a training; returns its path."""
    metadata, trial = run.metadata, run.chosen_trial
    lead = (
        f"Selected: {run.chosen.replace('_', ' ')}. {metadata['metric']} {number(trial['mean'])} ± "
        f"{number(trial['error'])} on held-out rows."
    )
    if run.metadata.get("suspicious"):
        lead += " Do not trust this score yet: the reasons are below."
    first = [section for section in [_warnings(run)] if section]
    sections = [*first, _candidates(run), value(Worth(run)), _importance(run)]
    optional = (_explained(run), _learning_curve(run), _calibration(run))
    title = f"Training of {run.problem.decision.name}"
    commit = (metadata["code"]["commit"] or "none")[:12]
    footer = (
        f"Run {run.run_id}: data {metadata['data_digest'][:12]}, commit {commit}. training.json "
        f"holds all parameters; `{command('poc retrain')}` trains the same model again."
    )
    sections += [section for section in optional if section]
    return write_atomically(TRAINING, page.render(title, lead, sections, footer=footer))


def _warnings(run: Run) -> Section | None:
    """What training warned of, before any figure; None where it warned of nothing."""
    suspicious, warnings = run.metadata.get("suspicious", []), run.metadata["warnings"]
    if not warnings:
        return None
    notes: list[Block] = [Note(text, "bad" if text in suspicious else "warn") for text in warnings]
    sentence = f"{count(len(warnings), 'warning')} of this training."
    return Section("Before you read on", OWNER, sentence, notes)


def _candidates(run: Run) -> Section:
    """The cross-validation of all candidates: metric, time of a fit, time of a prediction."""
    trials, metric = run.metadata["trials"], run.metadata["metric"]
    rows = [_two_errors(one["name"].replace("_", " "), one["mean"], one["error"]) for one in trials]
    title = f"{metric} of each candidate"
    caption = (
        f"{title}: the mean over {run.metadata['folds']} folds with twice its standard error. The "
        "line is the minimum in problem.toml."
    )
    label, minimum = f"{metric} in cross-validation", run.problem.success.minimum
    chart = charts.interval_plot(title, rows, label=label, mark=minimum)
    columns = ("value", "low", "high", "fit_seconds", "latency_ms")
    table = Table(
        "All out-of-fold rows together, with 95 % bootstrap intervals",
        ["candidate", metric, "from", "to", "one fit, s", "one row, ms"],
        [[one["name"].replace("_", " "), *(one[key] for key in columns)] for one in trials],
    )
    sentence = (
        "Selected: the simplest candidate within one standard error of the best. Dummy and "
        "champion are only compared."
    )
    budget = number(run.problem.budget.latency_p99_ms)
    speed = f"A served prediction may take {budget} ms."
    blocks: list[Block] = [Figure(chart, caption), Note(speed), table]
    if difference := against_champion(run.metadata):
        blocks.insert(1, Note(difference))
    return Section("Candidates", OWNER, sentence, blocks)


def _importance(run: Run) -> Section:
    """The loss of the metric without each input."""
    inputs = run.metadata["importance"]
    top = [one["column"] for one in inputs[:3] if one["drop"] > 2 * one["spread"]]
    sentence = f"Most important: {listed(top)}." if top else "No single input is important."
    rows = [_two_errors(one["column"], one["drop"], one["spread"]) for one in inputs[:MOST_SHOWN]]
    title = f"Loss of {run.metadata['metric']} without an input"
    more = f" The first {MOST_SHOWN} of {len(inputs)}." if len(inputs) > MOST_SHOWN else ""
    caption = (
        f"{title}: the input is shuffled on held-out rows, five times. The bar is twice the "
        f"standard deviation. Correlated inputs can replace each other.{more}"
    )
    chart = charts.interval_plot(title, rows, label="loss of the metric", mark=0.0)
    return Section("Importance of inputs", OWNER, sentence, [Figure(chart, caption)])


def _explained(run: Run) -> Section | None:
    """What the model's outputs rest on, and by which method; None in runs of earlier versions."""
    if "shap" not in run.metadata:
        return None
    heading = "What the model relies on"
    if not (shap := run.metadata["shap"]):
        method = (
            " Method: permutation, the loss of the metric without an input; this kind of model has "
            "no exact and fast SHAP values."
        )
        top = [(one["column"], one["drop"]) for one in run.metadata["importance"][:MOST_SHOWN]]
        title = "Loss of the metric without an input"
    else:
        method = (
            f" Method: {shap['method']}, exact, on the scale of the raw output "
            f"({shap['scale']}), before any calibration."
        )
        top = [(one["input"], one["size"]) for one in shap["inputs"][:MOST_SHOWN]]
        title = "Mean size of an input's SHAP value"
    most = [name for name, size in top[:3] if size > 0]
    sentence = f"It relies most on {listed(most)}." if most else "No single input changes much."
    caption = (
        f"{title}, on held-out rows. It shows what the model uses, not what causes the "
        f"outcome.{method}"
    )
    return Section(heading, OWNER, sentence, [Figure(charts.bars(title, top), caption)])


def _calibration(run: Run) -> Section | None:
    """Scores against outcomes, and whether calibration improves them; None for a regression."""
    compared, method = run.metadata["calibration"], run.metadata["calibrated"]
    if not compared:
        return None
    outcome, scores, gain = run.outcome, run.predictions, compared["gain"]
    losses = (
        f"log loss {number(compared['log_loss'])} without, "
        f"{number(compared['log_loss_calibrated'])} with calibration; the gain is "
        f"{number(gain['low'])} to {number(gain['high'])} (95 %)"
    )
    sentence = f"Calibrated by {method}: {losses}." if method else (
        f"Not calibrated, as the gain is no more than chance: {losses}."
    )  # fmt: skip
    if scores.ndim > 1:
        # Of several classes: the probability of the predicted one.
        outcome, scores = (scores.argmax(axis=1) == outcome).astype(float), scores.max(axis=1)
    points = [(one["mean_score"], one["share"]) for one in reliability(outcome, scores)]
    worst = max(abs(score - share) for score, share in points)
    caption = (
        "Mean score against the share of positive outcomes, in ten groups of equal size. "
        f"Calibrated scores lie on the line; the largest difference is {percent(worst)}."
    )
    chart = charts.calibration("Scores against outcomes", points)
    return Section("Calibration", OWNER, sentence, [Figure(chart, caption)])


def _two_errors(label: str, value: float, error: float) -> Dot:
    return Dot(label, value, value - 2 * error, value + 2 * error)


def write_report(run: Run, path: Path | None = None, *, as_slides: bool = False) -> Path:
    """Write the report for people who are not technical, or its slides; returns its path."""
    worth, name, trained_at = Worth(run), run.problem.decision.name, run.trained_at
    render, default = (page.render_slides, SLIDES) if as_slides else (page.render, REPORT)
    title, sections = f"Is the model worth having? {name}", report_sections(worth)
    footer = (
        f"{name}, trained on {trained_at.day} {trained_at:%B %Y}. All numbers come from "
        "cross-validation; the gate evaluates the model on the test cases."
    )
    html = render(title, message(worth), sections, verdict=worth.verdict, footer=footer)
    return write_atomically(path or default, html)


def report_sections(worth: Worth) -> list[Section]:
    """The sections of the report, in the order in which people ask."""
    about = worth.run.problem.decision
    limits = [Note(f"Built for: {about.intended_use}")]
    if reasons := worth.run.problem.columns.reasons:
        named = "; ".join(f"{name} ({why})" for name, why in reasons.items())
        limits.append(Note(f"Columns that it never uses: {named}."))
    sections = [
        warning(worth),
        decision(worth),
        value(worth),
        mistakes.mistakes(worth),
        mistakes.slices_section(worth),
        _explained(worth.run),
        Section("What it must not be used for", OWNER, about.not_for, limits),
        _learning_curve(worth.run),
        _next(worth.run),
    ]
    return [section for section in sections if section]


def _learning_curve(run: Run) -> Section | None:
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
    blocks.append(Code(f"{command('handoff build')}\n{command('handoff check')}"))
    return Section("What comes next", OWNER, sentence, blocks)
