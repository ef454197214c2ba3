"""Runs all stages in order, stops where a gate closes, and writes the page of the journey.

The first four stages, the data scientist's, are here; the others are in `production.py`.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.data.columns import columns
from engine.data.load import load
from engine.data.split import split
from engine.eda import bins, pictures
from engine.gate.checks.check import intervals
from engine.journey import production
from engine.journey.stage import DRAFT, OUTPUT_DIR, Programs, Rehearsal, Stage, StageResult
from engine.pages import charts, page
from engine.pages.formatting import count, number
from engine.pages.page import Block, Facts, Figure, Links, Note, Section, Status, Table
from engine.problem.files import write_atomically
from engine.problem.spec import Problem, read
from engine.training.record.tracking import rehearsal

TITLES = {"eda": "EDA", "poc": "PoC"}
MARKS = {"passed": "✓", "warned": "!", "stopped": "✗", "not run": "·"}


def _problem(rehearsal: Rehearsal) -> StageResult:
    """The decision, its stakeholder, and what is good enough."""
    spec = rehearsal.problem
    decision, success, assumed = spec.decision, spec.success, spec.assumed
    enough = f"{success.metric} {success.minimum:g}, {success.margin:g} better than the baseline"
    problem_rows = [
        ["Action", decision.action],
        ["Stakeholder", decision.stakeholder],
        ["Target", f"{spec.target.column} ({spec.target.task})"],
        ["Outcome known", f"after {spec.target.label_delay_days} days"],
        ["Good enough", enough],
        ["Must not be used for", decision.not_for],
    ]
    amounts = [(n.replace("_", " "), float(v)) for n, v in spec.value if isinstance(v, float)]
    title = f"Value of one row, {spec.value.currency}"
    blocks: list[Block] = [
        Figure(charts.bars(title, amounts), f"{title}: the threshold is computed from it."),
        Table("problem.toml", ["question", "answer"], problem_rows),
    ]
    if not assumed:
        return StageResult(decision.question, tuple(blocks))
    text = f"Assumed; a person must answer before a signature: {', '.join(assumed)}."
    headline = f"{decision.question} {count(len(assumed), 'answer')} assumed."
    return StageResult(headline, (*blocks, Note(text, "warn")), warned=True)


def _data(rehearsal: Rehearsal) -> StageResult:
    """Rows that meet the contract, split into training and test rows."""
    spec, schema = rehearsal.problem, rehearsal.programs.definition.contract
    frame = rehearsal.frame = load(spec, schema)
    rehearsal.columns = columns(spec, schema, frame)
    rehearsal.split = split(spec, frame)
    train, test = rehearsal.split.train, rehearsal.split.test
    rows = [
        [one.name, one.type, "yes" if one.nullable else "no", one.meaning]
        for one in rehearsal.columns
    ]
    blocks: list[Block] = [
        pictures.outcome(bins.read(spec, frame.iloc[train])),
        Table("The model's inputs", ["input", "type", "may be missing", "meaning"], rows),
    ]
    if spec.columns.reasons:
        reasons = [[name, reason] for name, reason in spec.columns.reasons.items()]
        blocks.append(Table("Excluded columns", ["column", "reason"], reasons))
    blocks.append(Note(f"Split: {rehearsal.split.description}.", "quiet"))
    headline = f"{len(frame):,} rows meet the contract: {len(train):,} training rows, "
    return StageResult(f"{headline}{len(test):,} test rows.", tuple(blocks))


def _explore(rehearsal: Rehearsal) -> StageResult:
    """The EDA page, and its main picture."""
    path = DRAFT / "eda.html"
    report = rehearsal.programs.explore(rehearsal.problem, rehearsal.frame, rehearsal.columns, path)
    caption = "The strongest inputs: the share of the target that each explains alone."
    blocks = (Figure(report.picture, caption), Links([("The EDA page", path.name)]))
    return StageResult(report.headline, blocks, warned=bool(report.suspects))


def _poc(rehearsal: Rehearsal) -> StageResult:
    """Train all candidates, select one, and record the run in MLflow."""
    run = rehearsal.run = rehearsal.programs.train(rehearsal.problem, rehearsal.programs.definition)
    success, mean = rehearsal.problem.success, run.chosen_trial["mean"]
    name, title = run.chosen.replace("_", " "), f"{success.metric} in cross-validation"
    rows = {}
    for one in run.metadata["trials"]:
        value, margin = one["mean"], 2 * one["error"]
        rows[one["name"]] = {"value": value, "low": value - margin, "high": value + margin}
    caption = f"{title}: the mean over {run.metadata['folds']} folds with twice its standard error."
    caption += " The line is the minimum. "
    caption += "Selected: the simplest candidate within one standard error of the best."
    numbers: list[tuple[str, str | float]] = [("selected", name), (success.metric, mean)]
    if run.threshold is not None:
        numbers.append(("threshold", run.threshold))
    shown, note = intervals(title, rows, caption, success.minimum), f"MLflow run {run.run_id}."
    blocks = (Facts(numbers), shown, Note(note, "quiet"))
    headline = f"Selected: {name} ({title}: {number(mean)})."
    if suspicious := run.metadata["suspicious"]:
        # No tick beside a score that the next stage refuses, or that is too good.
        notes = tuple(Note(reason, "warn") for reason in suspicious)
        return StageResult(f"{headline} {suspicious[0]}", (*notes, *blocks), warned=True)
    return StageResult(headline, blocks)


STAGES = (
    Stage("problem", "data scientist", _problem),
    Stage("data", "data scientist", _data),
    Stage("eda", "data scientist", _explore),
    Stage("poc", "both", _poc),
    Stage("handoff", "both", production.handoff, gate=True),
    Stage("serving", "ML engineer", production.serving),
    Stage("monitoring", "ML engineer", production.monitoring),
)


@dataclass(frozen=True)
class Step:
    """A stage with its result; it is `not run` after a gate that closed."""

    stage: Stage
    status: Status
    seconds: float | None
    result: StageResult


@dataclass(frozen=True)
class Journey:
    """All steps, and the name of the stage whose gate closed."""

    steps: tuple[Step, ...]
    stopped_at: str | None

    @property
    def verdict(self) -> str:
        """passed or stopped."""
        return "stopped" if self.stopped_at else "passed"


def rehearse(programs: Programs, progress: Callable[[str], None] = print) -> Journey:
    """Run all stages in a new folder; sign nothing, release nothing. `write` completes it.

    Raises:
        BadInput: the input of a stage is wrong.
    """
    rehearsed = Rehearsal(read(), programs)
    shutil.rmtree(DRAFT, ignore_errors=True)
    DRAFT.mkdir(parents=True)
    steps: list[Step] = []
    try:
        for number, stage in enumerate(STAGES, start=1):
            if steps and steps[-1].status in ("stopped", "not run"):
                steps.append(Step(stage, "not run", None, StageResult("An earlier gate closed.")))
                continue
            progress(f"[{number}/{len(STAGES)}] {stage.name} ({stage.owner}) …")
            began = time.perf_counter()
            with rehearsal():
                result = stage.run(rehearsed)
            seconds = time.perf_counter() - began
            status: Status = "stopped" if result.closed else "warned" if result.warned else "passed"
            steps.append(Step(stage, status, seconds, result))
            progress(f"  {MARKS[status]} {result.headline}  ({seconds:.1f} s)")
    except BaseException:  # Ctrl-C too: nothing incomplete stays
        shutil.rmtree(DRAFT, ignore_errors=True)
        raise
    stopped = [step.stage.name for step in steps if step.status == "stopped"]
    return Journey(tuple(steps), stopped[0] if stopped else None)


def write(journey: Journey, problem: Problem) -> Path:
    """Write summary.json and index.html, and replace the last journey; returns the page's path."""
    sections, stages = [], []
    for step in journey.steps:
        stage, result = step.stage, step.result
        value: dict[str, Any] = {"name": stage.name, "owner": stage.owner, "status": step.status}
        value |= {"seconds": round(step.seconds or 0.0, 2), "headline": result.headline}
        stages.append(value | result.values)
        title = TITLES.get(stage.name, stage.name.capitalize())
        state = (step.status, step.seconds, stage.gate)
        sections.append(Section(title, stage.owner, result.headline, result.blocks, *state))
    summary = {"verdict": journey.verdict, "stopped_at": journey.stopped_at, "stages": stages}
    write_atomically(DRAFT / "summary.json", json.dumps(summary, indent=1) + "\n")
    lead = "A rehearsal of all stages on the project's rows, from the problem to monitoring."
    if journey.stopped_at:
        lead = f"The journey stopped at the {journey.stopped_at}: its gate closed. The reasons and "
        lead += "the next steps are below."
    lead = f"{problem.decision.question} {lead}"
    title, verdict = f"The journey of {problem.decision.name}", journey.verdict
    footer = "A rehearsal: nothing is signed or released, and every prediction is marked."
    html = page.render(title, lead, sections, verdict=verdict, footer=footer)
    written = write_atomically(DRAFT / "index.html", html)
    # Renaming cannot stop half-way; the last journey is deleted after this one is in its place.
    last = DRAFT.with_name(".journey.last")
    shutil.rmtree(last, ignore_errors=True)
    if OUTPUT_DIR.exists():
        OUTPUT_DIR.rename(last)
    DRAFT.rename(OUTPUT_DIR)
    shutil.rmtree(last, ignore_errors=True)
    return OUTPUT_DIR / written.name
