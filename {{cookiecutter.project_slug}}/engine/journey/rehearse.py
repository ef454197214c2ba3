"""The whole life of a model in order: stops where a gate closes, and leaves a page that says so."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.journey import production, science
from engine.journey.stage import DRAFT, HOME, Outcome, Programs, Rehearsal, Stage
from engine.pages import page
from engine.pages.page import Section, Status
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
    """A stage that was walked, or was not because a gate before it closed."""

    stage: Stage
    status: Status
    seconds: float
    outcome: Outcome


@dataclass(frozen=True)
class Journey:
    """All steps, and the one that stopped it, if one did."""

    steps: tuple[Step, ...]

    @property
    def stopped_at(self) -> str | None:
        """The name of the stage whose gate closed."""
        return next((step.stage.name for step in self.steps if step.status == "stopped"), None)

    @property
    def verdict(self) -> str:
        """passed or stopped."""
        return "stopped" if self.stopped_at else "passed"


def rehearse(programs: Programs, say: Callable[[str], None] = print) -> Journey:
    """Run all stages in a fresh folder; sign nothing, release nothing. `write` completes it.

    Raises:
        BadInput: a stage was given something that it cannot work with.
    """
    rehearsal = Rehearsal(read(), programs)
    shutil.rmtree(DRAFT, ignore_errors=True)
    DRAFT.mkdir(parents=True)
    try:
        return _run(rehearsal, say)
    except BaseException:  # also Ctrl-C: nothing incomplete stays behind
        shutil.rmtree(DRAFT, ignore_errors=True)
        raise


def _run(rehearsal: Rehearsal, say: Callable[[str], None]) -> Journey:
    steps: list[Step] = []
    closed = False
    for number, stage in enumerate(STAGES, start=1):
        if closed:
            steps.append(Step(stage, "not run", 0.0, Outcome("A gate before it closed.")))
            continue
        say(f"[{number}/{len(STAGES)}] {stage.name} ({stage.owner}) …")
        began = time.perf_counter()
        outcome = stage.walk(rehearsal)
        seconds = time.perf_counter() - began
        closed = outcome.closed
        status: Status = "stopped" if closed else "warned" if outcome.warned else "passed"
        steps.append(Step(stage, status, seconds, outcome))
        say(f"  {MARKS[status]} {outcome.headline}  ({seconds:.1f} s)")
    return Journey(tuple(steps))


def write(journey: Journey, problem: Problem) -> Path:
    """Write summary.json and index.html, and put the journey in place of the last one.

    Returns:
        The page's path.
    """
    text = json.dumps(summary(journey), indent=1) + "\n"
    (DRAFT / "summary.json").write_text(text, encoding="utf-8")
    sections = [
        Section(
            TITLES.get(step.stage.name, step.stage.name.capitalize()),
            step.stage.owner,
            step.outcome.headline,
            step.outcome.blocks,
            status=step.status,
            seconds=step.seconds if step.status != "not run" else None,
            gate=step.stage.gate,
        )
        for step in journey.steps
    ]
    written = page.write(
        DRAFT / "index.html",
        f"The journey of {problem.decision.name}",
        lead(journey, problem),
        sections,
        verdict=journey.verdict,
        footer="A rehearsal: it signs nothing, releases nothing, and every answer said so.",
    )
    _replace_last()
    return HOME / written.name


def lead(journey: Journey, problem: Problem) -> str:
    """The journey in a sentence or two."""
    if journey.stopped_at:
        return (
            f"{problem.decision.question} The journey ended at the {journey.stopped_at}: its gate "
            "closed, and below stands why and what to do."
        )
    return (
        f"{problem.decision.question} From the question to a served and watched model, as one "
        "rehearsal on the project's rows."
    )


def summary(journey: Journey) -> dict[str, Any]:
    """The journey as plain values, a dictionary a stage."""
    return {
        "verdict": journey.verdict,
        "stopped_at": journey.stopped_at,
        "stages": [
            {
                "name": step.stage.name,
                "owner": step.stage.owner,
                "status": step.status,
                "seconds": round(step.seconds, 2),
                "headline": step.outcome.headline,
                **step.outcome.facts,
            }
            for step in journey.steps
        ],
    }


def _replace_last() -> None:
    """Rename, which cannot stop half-way; the last journey is deleted when it is out of the way."""
    last = DRAFT.with_name(".journey.last")
    shutil.rmtree(last, ignore_errors=True)
    if HOME.exists():
        HOME.rename(last)
    DRAFT.rename(HOME)
    shutil.rmtree(last, ignore_errors=True)
