"""The page of a training: what was tried, what it is worth, and what the choice rests on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.pages import charts, page
from engine.pages.charts import Dot, Line
from engine.pages.formatting import listed, number, percent
from engine.pages.page import Figure, Note, Section, Table
from engine.problem.files import write_atomically
from engine.problem.spec import Problem
from engine.training.evaluate import calibration
from engine.training.fit_final import FinalModel
from engine.training.folds import CrossValidationData
from engine.training.insight import frontier

Array = NDArray[np.float64]
Facts = Mapping[str, Any]

PAGE = Path("build/training.html")
# More rows than that make a picture that nobody reads.
MOST_SHOWN = 20


def write_page(
    data: CrossValidationData, final: FinalModel, facts: Facts, path: Path = PAGE
) -> Path:
    """Write the page of a run; returns its path.

    Args:
        facts: as in training.json.
    """
    problem, rows = data.dataset.problem, data.judged
    outcome, scores = data.dataset.known.values[rows], final.trial.scores[rows]
    chosen = _chosen(facts)
    lead = (
        f"{_plain(facts['candidate']).capitalize()} is chosen: {facts['metric']} "
        f"{number(chosen['mean'])} ± {number(chosen['error'])} on rows held out."
    )
    sections = [
        _candidates(problem, facts),
        _worth(facts),
        _speed(problem, facts),
        _importance(facts),
        *([_learning(facts)] if facts["learning_curve"] else []),
        *([_calibration(facts, outcome, scores)] if facts["calibration"] else []),
        _origin(facts),
    ]
    html = page.render(f"Training of {problem.decision.name}", lead, sections)
    return write_atomically(path, html)


def _candidates(problem: Problem, facts: Facts) -> Section:
    trials, metric = facts["trials"], facts["metric"]
    rows = [
        Dot(
            _plain(one["name"]),
            one["mean"],
            one["mean"] - 2 * one["error"],
            one["mean"] + 2 * one["error"],
        )
        for one in trials
    ]
    title = f"{metric} of each candidate"
    caption = (
        f"{title}: the mean over {facts['folds']} folds with twice its standard error; the line is "
        "the minimum of problem.toml."
    )
    label = f"{metric} in cross-validation"
    picture = charts.interval_plot(title, rows, label=label, mark=problem.success.minimum)
    table = Table(
        "All held-out rows together, with 95 % bootstrap intervals",
        ["candidate", metric, "from", "to", "one fit, s", "one row, ms"],
        [
            [_plain(one["name"]), one["value"], one["low"], one["high"], one["fit_seconds"],
             one["latency_ms"]]
            for one in trials
        ],
    )  # fmt: skip
    notes = [Note(f"The rule: {facts['rule']}.", "quiet")] if facts["rule"] else []
    sentence = (
        "Chosen is the simplest candidate within one standard error of the best; dummy and "
        "champion are there to compare with."
    )
    return Section(
        "Candidates", "data scientist", sentence, [Figure(picture, caption), *notes, table]
    )


def _worth(facts: Facts) -> Section:
    value = facts["value"]
    money = value["currency"]
    sentence = (
        f"1,000 rows earn {number(value['per_1000_rows'])} {money} (95 % interval "
        f"{number(value['low'])} to {number(value['high'])}), without the model "
        f"{number(value['do_nothing'])}."
    )
    rows = [
        Dot("with the model", value["per_1000_rows"], value["low"], value["high"]),
        Dot("without it", value["do_nothing"], value["do_nothing"], value["do_nothing"]),
    ]
    title = f"What 1,000 rows earn, {money}"
    acts = "" if facts["threshold"] is None else (
        f" Acting starts at a score of {number(facts['threshold'])}, which earns most; each fold "
        "is paid by a threshold that was set on other folds."
    )  # fmt: skip
    figure = Figure(
        charts.interval_plot(title, rows, label=title), f"{title}, by problem.toml.{acts}"
    )
    return Section(
        "Worth",
        "data scientist",
        sentence,
        [figure, *(Note(warning, "warn") for warning in facts["warnings"])],
    )


def _speed(problem: Problem, facts: Facts) -> Section:
    best = facts["frontier"]
    higher = facts["higher_is_better"]
    drawn = frontier.drawing(facts["trials"], facts["metric"], higher_is_better=higher)
    caption = (
        f"{facts['metric']} with twice its standard error against the time that a core of this "
        "machine takes for one row alone. The line joins candidates that no other beats in "
        f"both. A served answer has {number(problem.budget.latency_p99_ms)} ms."
    )
    sentence = f"No candidate is both faster and better than {listed([_plain(n) for n in best])}."
    if len(best) == 1:
        sentence = f"{_plain(best[0]).capitalize()} is both fastest and best."
    return Section("Quality against speed", "both", sentence, [Figure(drawn, caption)])


def _importance(facts: Facts) -> Section:
    found = facts["importance"]
    top = [one["column"] for one in found[:3] if one["drop"] > 2 * one["spread"]]
    sentence = (
        f"The model leans most on {listed(top)}." if top else "No input alone makes a difference."
    )
    rows = [
        Dot(
            one["column"],
            one["drop"],
            one["drop"] - 2 * one["spread"],
            one["drop"] + 2 * one["spread"],
        )
        for one in found[:MOST_SHOWN]
    ]
    title = f"How much {facts['metric']} loses without an input"
    more = f" The first {MOST_SHOWN} of {len(found)}." if len(found) > MOST_SHOWN else ""
    caption = (
        f"{title}: it is shuffled on rows held out, five times; the bar is twice the spread. "
        f"Inputs that tell the same stand in for each other.{more}"
    )
    return Section(
        "What the model leans on",
        "data scientist",
        sentence,
        [Figure(charts.interval_plot(title, rows, label="loss of the metric", mark=0.0), caption)],
    )


def _learning(facts: Facts) -> Section:
    curve, metric = facts["learning_curve"], facts["metric"]
    sentence = {
        "still rising": "Still rising: with three times the rows it got better by more than "
                        "chance, so more rows may help.",
        "flat": "No clear gain: the last step to three times the rows brought no more than "
                "chance can bring.",
    }[curve["verdict"]]  # fmt: skip
    title = f"{metric} by rows to learn from"
    line = Line(metric, curve["mean"], curve["low"], curve["high"])
    words = [f"{rows:,}" for rows in curve["rows"]]
    picture = charts.lines(title, words, [line], label="rows to learn from")
    caption = f"{title}: the mean over folds and its 95 % interval. It says nothing of more rows."
    return Section("Would more data help?", "data scientist", sentence, [Figure(picture, caption)])


def _calibration(facts: Facts, outcome: Array, scores: Array) -> Section:
    found, method = facts["calibration"], facts["calibrated"]
    gain = found["gain"]
    told = (
        f"log loss {number(found['log_loss'])} as it is, {number(found['log_loss_calibrated'])} "
        f"calibrated; the gain is {number(gain['low'])} to {number(gain['high'])} (95 %)"
    )
    sentence = (
        f"Calibrated by {method}: {told}." if method else f"Left as it is, for no more than chance "
        f"would be gained: {told}."
    )  # fmt: skip
    if scores.ndim > 1:
        # Of several classes: how sure it was of the one that it named.
        outcome, scores = (scores.argmax(axis=1) == outcome).astype(float), scores.max(axis=1)
    groups = calibration(outcome, scores)
    points = [(one["mean_score"], one["share"]) for one in groups]
    worst = max(abs(score - share) for score, share in points)
    caption = (
        "What was said against what came, in ten groups of equal size; an honest score lies on the "
        f"line. The worst is {percent(worst)} off."
    )
    picture = charts.calibration("Said against came", points)
    return Section("Calibration", "data scientist", sentence, [Figure(picture, caption)])


def _origin(facts: Facts) -> Section:
    code = facts["code"]
    commit = code["commit"][:12] if code["commit"] else "none"
    rows: list[Sequence[str | int | float | None]] = [
        ["rows to learn from", f"{facts['rows']:,}"],
        ["split", facts["split"]],
        ["data digest", facts["data_digest"][:12]],
        ["commit", f"{commit}, work tree {'changed since' if code['dirty'] else 'clean'}"],
        *[[name, str(value)] for name, value in facts["parameters"].items() if value is not None],
    ]
    if facts["search"]:
        found = facts["search"]
        rows.append(["search", f"{found['trials']} trials, {found['pruned']} of them cut short"])
    sentence = "With these, python -m poc retrain makes the same model again."
    return Section(
        "Where it comes from",
        "data scientist",
        sentence,
        [Table("The run", ["what", "value"], rows)],
    )


def _chosen(facts: Facts) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(
        one for one in facts["trials"] if one["name"] == facts["candidate"]
    )
    return found


def _plain(name: str) -> str:
    return name.replace("_", " ")
