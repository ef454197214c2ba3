"""The data scientist's stages: problem, data, EDA, PoC."""

import numpy as np
import pandas as pd

from engine.data.columns import columns
from engine.data.load import load
from engine.data.split import split
from engine.journey.stage import DRAFT, Outcome, Rehearsal
from engine.pages import charts
from engine.pages.formatting import number
from engine.pages.page import Facts, Figure, Links, Note, Table
from engine.problem.spec import Problem
from engine.training.folds import Trial


def problem(rehearsal: Rehearsal) -> Outcome:
    """What is decided, for whom, and what is good enough."""
    framed = rehearsal.problem
    success, guessed = framed.success, len(framed.assumed)
    facts = Table(
        "What problem.toml says",
        ["question", "answer"],
        [
            ["What is decided", framed.decision.action],
            ["For whom", framed.decision.stakeholder],
            ["What is predicted", f"{framed.target.column} ({framed.target.task})"],
            ["When the outcome is known", f"after {framed.target.label_delay_days} days"],
            ["Good enough", f"{success.metric} {success.minimum:g}, {success.margin:g} better "
                            "than the baseline"],
            ["Must not be used for", framed.decision.not_for],
        ],
    )  # fmt: skip
    blocks: list[Figure | Table | Note] = [_payoffs(framed), facts]
    if guessed:
        blocks.append(
            Note(f"Guessed by a tool, to be answered by a person before the handoff can be signed: "
                 f"{', '.join(framed.assumed)}.", "warn")
        )  # fmt: skip
    said = f" {guessed} answers are guesses." if guessed else ""
    return Outcome(f"{framed.decision.question}{said}", tuple(blocks), warned=bool(guessed))


def _payoffs(framed: Problem) -> Figure:
    rows = [
        (name.replace("_", " "), amount)
        for name, amount in framed.value
        if isinstance(amount, float)
    ]
    title = f"What one row earns or costs, {framed.value.currency}"
    return Figure(charts.bars(title, rows), f"{title}: the threshold follows from these.")


def data(rehearsal: Rehearsal) -> Outcome:
    """Rows that hold to the contract, and which of them the model is judged on."""
    framed = rehearsal.problem
    rehearsal.frame = load(framed, rehearsal.programs.definition.contract)
    rehearsal.columns = columns(framed, rehearsal.programs.definition.contract, rehearsal.frame)
    rehearsal.parts = split(framed, rehearsal.frame)
    frame, parts = rehearsal.frame, rehearsal.parts
    headline = (
        f"{len(frame):,} rows hold to the contract; {len(parts.train):,} to learn from, "
        f"{len(parts.test):,} for the test."
    )
    kept_out = framed.columns.reasons
    inputs = Table(
        "The model's inputs",
        ["input", "type", "may be missing", "meaning"],
        [[one.name, one.type, "yes" if one.nullable else "no", one.meaning]
         for one in rehearsal.columns],
    )  # fmt: skip
    blocks: list[Figure | Table | Note] = [_outcomes(framed, frame.iloc[parts.train]), inputs]
    if kept_out:
        reasons = [[name, reason] for name, reason in kept_out.items()]
        blocks.append(Table("Kept out of the model", ["column", "reason"], reasons))
    return Outcome(headline, (*blocks, Note(f"How the rows were split: {parts.how}.", "quiet")))


def _outcomes(framed: Problem, frame: pd.DataFrame) -> Figure:
    outcome = frame[framed.target.column]
    title = f"{framed.target.column} in the rows to learn from"
    if framed.target.task == "regression":
        counts, edges = np.histogram(outcome.to_numpy(float), bins=24)
        picture = charts.histogram(title, edges.tolist(), {"rows": counts.tolist()})
    else:
        shares = outcome.astype(str).value_counts()
        picture = charts.bars(title, [(str(name), float(n)) for name, n in shares.items()])
    return Figure(picture, f"{title}: what there is to tell apart.")


def explore(rehearsal: Rehearsal) -> Outcome:
    """A page about the rows, and its most telling picture here."""
    path = DRAFT / "eda.html"
    seen = rehearsal.programs.explore(rehearsal.problem, rehearsal.frame, rehearsal.columns, path)
    caption = "The features that tell the most of the target, each alone: the share it explains."
    blocks = (Figure(seen.picture, caption), Links([("The whole EDA page", path.name)]))
    return Outcome(seen.headline, blocks, warned=bool(seen.suspects))


def poc(rehearsal: Rehearsal) -> Outcome:
    """Candidates from dummy to gradient boosting, the chosen one recorded in MLflow."""
    rehearsal.run = rehearsal.programs.train(rehearsal.problem, rehearsal.programs.definition)
    run, metric = rehearsal.run, rehearsal.problem.success.metric
    chosen = next(trial for trial in run.trials if trial.candidate.name == run.chosen)
    title = f"{metric} in cross-validation"
    picture = charts.interval_plot(
        title,
        [_dot(trial) for trial in run.trials],
        label=f"mean over {len(chosen.folds)} folds, with twice its standard error",
        mark=rehearsal.problem.success.minimum,
    )
    caption = (
        f"{title}; the line is the minimum. Chosen is the simplest candidate within one standard "
        "error of the best."
    )
    facts: list[tuple[str, str | float]] = [("chosen", run.chosen.replace("_", " ")),
                                            (metric, chosen.mean)]  # fmt: skip
    if run.threshold is not None:
        facts.append(("acts from a score of", run.threshold))
    return Outcome(
        f"{run.chosen.replace('_', ' ').capitalize()} has the edge: {metric} "
        f"{number(chosen.mean)} in cross-validation.",
        (Facts(facts), Figure(picture, caption),
         Note(f"Recorded as MLflow run {run.run_id}.", "quiet")),
    )  # fmt: skip


def _dot(trial: Trial) -> charts.Dot:
    reach = 2 * trial.error
    name = trial.candidate.name.replace("_", " ")
    return charts.Dot(name, trial.mean, trial.mean - reach, trial.mean + reach)
