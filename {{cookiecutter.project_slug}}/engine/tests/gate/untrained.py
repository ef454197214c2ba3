"""What a check is given, made in a moment: rows and a problem, but no model and no run."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from engine.bundle.build import TrainedRun
from engine.bundle.bundle import Bundle
from engine.bundle.evaluation import TestPredictions, contract
from engine.gate.checks.check import CheckContext
from engine.problem.metrics import Array
from engine.problem.spec import PROBLEM_FILE, Task, read
from engine.tests.gate.made import MODEL, make_project
from engine.training.dataset import gather
from engine.training.evaluate import targets_of


def write(task: Task, *changes: tuple[str, str]) -> None:
    """A project in the working directory, with changes to its problem.toml."""
    make_project(Path(), task)
    edit(*changes)


def edit(*changes: tuple[str, str]) -> None:
    """Change the problem.toml in the working directory."""
    text = PROBLEM_FILE.read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    PROBLEM_FILE.write_text(text)


def context_of(**given: Any) -> CheckContext:
    """A context of the working directory's project; `given` is what it would compute."""
    dataset = gather(read(), MODEL.contract)
    bundle = Bundle(Path(), "0" * 64, {}, dataset.problem, contract(dataset), {}, {})
    context = CheckContext(bundle, MODEL, dataset)
    context.__dict__.update(given)
    return context


def predicted(context: CheckContext, scores: Array) -> TestPredictions:
    """These predictions of the test rows."""
    dataset = context.dataset
    targets = targets_of(dataset.problem, dataset.test, dataset.targets.classes)
    return TestPredictions(dataset, targets, scores)


def run_of(metadata: dict[str, Any], test_evaluations: int | None = 1) -> TrainedRun:
    """A run that recorded this."""
    model, nowhere = Pipeline([("none", "passthrough")]), Path()
    day = datetime(2026, 1, 1, tzinfo=UTC)
    texts = ("", "")
    return TrainedRun("1", "1", day, nowhere, model, nowhere, *texts, metadata, test_evaluations)


class Scored:
    """A predictor that is called once for each of these changes, and adds it to its scores."""

    def __init__(self, *changes: float | Array) -> None:
        self._changes = iter(changes)

    def scores(self, rows: list[dict[str, Any]]) -> Array:
        """Evenly spread, and changed."""
        return np.asarray(np.linspace(0, 1, len(rows)) + next(self._changes))
