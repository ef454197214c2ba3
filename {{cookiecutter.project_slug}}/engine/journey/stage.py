"""The stages of the journey: their owners, what they share, and their results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from engine.bundle.bundle import Bundle
from engine.contract.column import Column
from engine.data.split import Split
from engine.eda.profile import Report
from engine.gate.checks.check import Check
from engine.monitoring.result import Result
from engine.pages.page import Block, Owner
from engine.problem.spec import Problem
from engine.training.candidates import ModelDefinition
from engine.training.record.runs import Run

OUTPUT_DIR = Path("build/journey")
# It becomes OUTPUT_DIR once it is complete: `--rehearsal` serves the model of the last journey.
DRAFT = Path("build/.journey")


@dataclass(frozen=True)
class Programs:
    """The team's model definition and the programs of its stages."""

    definition: ModelDefinition
    explore: Callable[[Problem, pd.DataFrame, Sequence[Column], Path], Report]
    train: Callable[[Problem, ModelDefinition], Run]
    checks: Sequence[Check]
    monitor: Callable[[Bundle, Path], Result]


@dataclass
class Rehearsal:
    """What the stages have made so far; later stages read it."""

    problem: Problem
    programs: Programs
    frame: pd.DataFrame = field(init=False)
    columns: tuple[Column, ...] = field(init=False)
    split: Split = field(init=False)
    run: Run = field(init=False)
    bundle: Bundle = field(init=False)


@dataclass(frozen=True)
class StageResult:
    """A stage's result in a sentence, with blocks of its page and values for summary.json.

    `closed` means that a gate refused: the journey ends here.
    """

    headline: str
    blocks: tuple[Block, ...] = ()
    warned: bool = False
    closed: bool = False
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A stage; `gate` marks the one that can close."""

    name: str
    owner: Owner
    run: Callable[[Rehearsal], StageResult]
    gate: bool = False
