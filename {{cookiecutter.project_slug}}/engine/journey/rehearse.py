"""Runs all stages in order, stops where a gate closes, and writes the page of the journey."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.journey import production, science
from engine.journey.stage import DRAFT, OUTPUT_DIR, Programs, Rehearsal, Stage, StageResult
from engine.pages import page
from engine.pages.page import Section, Status
from engine.problem.files import write_atomically
from engine.problem.spec import Problem, read

STAGES = (
    Stage("problem", "data scientist", science.problem),
    Stage("data", "data scientist", science.data),
    Stage("eda", "data scientist", science.explore),
    Stage("poc", "both", science.poc),
    Stage("handoff", "both", production.handoff, gate=True),
    Stage("serving", "ML engineer", production.serving),
    Stage("monitoring", "ML engineer", production.monitoring),
)
TITLES = {"eda": "EDA", "poc": "PoC"}
MARKS = {"passed": "✓", "warned": "!", "stopped": "✗", "not run": "·"}


@dataclass(frozen=True)
class Step:
    """A stage with its result; it is `not run` after a gate that closed."""

    stage: Stage
    status: Status
    seconds: float | None
    result: StageResult


@dataclass(frozen=True)
class Journey:
    """All steps."""

    steps: tuple[Step, ...]

    @property
    def stopped_at(self) -> str | None:
        """The name of the stage whose gate closed."""
        return next((step.stage.name for step in self.steps if step.status == "stopped"), None)

    @property
    def verdict(self) -> str:
        """passed or stopped."""
        return "stopped" if self.stopped_at else "passed"


def rehearse(programs: Programs, progress: Callable[[str], None] = print) -> Journey:
    """Run all stages in a new folder; sign nothing, release nothing. `write` completes it.

    Raises:
        BadInput: the input of a stage is wrong.
    """
    rehearsal = Rehearsal(read(), programs)
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
            result = stage.run(rehearsal)
            seconds = time.perf_counter() - began
            status: Status = "stopped" if result.closed else "warned" if result.warned else "passed"
            steps.append(Step(stage, status, seconds, result))
            progress(f"  {MARKS[status]} {result.headline}  ({seconds:.1f} s)")
    except BaseException:  # Ctrl-C too: nothing incomplete stays
        shutil.rmtree(DRAFT, ignore_errors=True)
        raise
    return Journey(tuple(steps))


def write(journey: Journey, problem: Problem) -> Path:
    """Write summary.json and index.html, and replace the last journey; returns the page's path."""
    write_atomically(DRAFT / "summary.json", json.dumps(summary(journey), indent=1) + "\n")
    sections = []
    for step in journey.steps:
        stage, result = step.stage, step.result
        title = TITLES.get(stage.name, stage.name.capitalize())
        state = (step.status, step.seconds, stage.gate)
        sections.append(Section(title, stage.owner, result.headline, result.blocks, *state))
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


def summary(journey: Journey) -> dict[str, Any]:
    """The journey as summary.json holds it, with an object for each stage."""
    stages = []
    for step in journey.steps:
        value: dict[str, Any] = {"name": step.stage.name, "owner": step.stage.owner}
        value |= {"status": step.status, "seconds": round(step.seconds or 0.0, 2)}
        value |= {"headline": step.result.headline}
        stages.append(value | step.result.values)
    return {"verdict": journey.verdict, "stopped_at": journey.stopped_at, "stages": stages}
