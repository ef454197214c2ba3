"""A stage of the journey: who owns it, what it did, and what it came to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from engine.bundle.bundle import Bundle
from engine.contract.column import Column
from engine.data.split import Split
from engine.eda.report import Report
from engine.gate.checks.check import Check
from engine.monitoring.result import Result
from engine.pages.page import Block, Owner
from engine.problem.spec import Problem
from engine.training.candidates import ModelDefinition
from engine.training.run import Run

HOME = Path("build/journey")
# Stages write here. It becomes HOME once it is complete: a journey that is stopped loses no older
# one, whose model `--rehearsal` serves.
DRAFT = Path("build/.journey")


@dataclass(frozen=True)
class Programs:
    """What the journey runs of the team: the model's definition and the stages' programs."""

    definition: ModelDefinition
    explore: Callable[[Problem, pd.DataFrame, Sequence[Column], Path], Report]
    train: Callable[[Problem, ModelDefinition], Run]
    checks: Sequence[Check]
    monitor: Callable[[Bundle, Path], Result]


@dataclass
class Rehearsal:
    """What the stages so far have made; each adds its own and reads what came before."""

    problem: Problem
    programs: Programs
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    columns: tuple[Column, ...] = ()
    parts: Split | None = None
    run: Run | None = None
    bundle: Bundle | None = None

    def built(self) -> Bundle:
        """The bundle; the stages after the handoff cannot begin without it."""
        if self.bundle is None:
            raise RuntimeError("no bundle was built before this stage")
        return self.bundle


@dataclass(frozen=True)
class Outcome:
    """What a stage came to, in a sentence, with its pictures and links.

    `closed` means that a gate refused: the journey ends here.
    """

    headline: str
    blocks: tuple[Block, ...] = ()
    warned: bool = False
    closed: bool = False
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A step of the life of a model; `gate` marks the one that work passes only if good enough."""

    name: str
    owner: Owner
    walk: Callable[[Rehearsal], Outcome]
    gate: bool = False
