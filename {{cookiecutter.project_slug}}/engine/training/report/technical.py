"""Sections for those who train: candidates, importance and calibration."""

from engine.pages import charts
from engine.pages.charts import Dot
from engine.pages.formatting import listed, number, percent
from engine.pages.page import Figure, Note, Section, Table
from engine.training.evaluate import calibration as reliability
from engine.training.report.worth import OWNER
from engine.training.run import Run

# A chart with more rows is hard to read.
MOST_SHOWN = 20


def plain(name: str) -> str:
    """A candidate's name without underscores."""
    return name.replace("_", " ")


def candidates(run: Run) -> Section:
    """The cross-validation of all candidates: metric, time of a fit, time of a prediction."""
    trials, metric = run.metadata["trials"], run.metadata["metric"]
    rows = [_two_errors(plain(one["name"]), one["mean"], one["error"]) for one in trials]
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
        [[plain(one["name"]), *(one[key] for key in columns)] for one in trials],
    )
    sentence = (
        "Selected: the simplest candidate within one standard error of the best. Dummy and "
        "champion are only compared."
    )
    budget = number(run.problem.budget.latency_p99_ms)
    speed = f"A served prediction may take {budget} ms."
    return Section("Candidates", OWNER, sentence, [Figure(chart, caption), Note(speed), table])


def importance(run: Run) -> Section:
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


def calibration(run: Run) -> Section | None:
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
