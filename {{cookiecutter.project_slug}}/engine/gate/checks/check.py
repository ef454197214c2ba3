"""What a check is given, and what it says."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandera.pandas as pa
from sklearn.pipeline import Pipeline

from engine.bundle.bundle import Bundle
from engine.bundle.evaluation import TestPredictions, TrainingResult, evaluate, predict_test
from engine.bundle.run import TrainedRun, fetch, load_model
from engine.pages.page import Figure
from engine.problem.spec import Problem
from engine.serving.model.predictor import Predictor, prepare
from engine.training.candidates import ModelDefinition
from engine.training.dataset import Dataset

Outcome = Literal["pass", "warn", "refuse", "not applicable"]
Group = Literal["worth it", "honest", "runs the same", "safe to own"]


@dataclass(frozen=True)
class Result:
    """What a check came to; `next` is what to do about it, empty where nothing is.

    `picture` shows the measurement where that says more than words.
    """

    verdict: Outcome
    measured: str
    required: str
    next: str = ""
    picture: Figure | None = None


@dataclass(frozen=True)
class Finding:
    """One line of the gate's table: a check and its result.

    `dropped` is the team's reason, if it has dropped the check.
    """

    check: str
    group: Group
    verdict: Outcome
    measured: str
    required: str
    next: str = ""
    picture: Figure | None = None
    dropped: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as it stands in verdict.json: all of it but the picture."""
        said = ["check", "group", "verdict", "measured", "required", "next"]
        said += ["dropped"] if self.dropped else []
        return {name: getattr(self, name) for name in said}


@dataclass(frozen=True)
class CheckContext:
    """A verified bundle, and the rows it says it was made from.

    What the bundle says of its model is not believed: model, predictions and measures here are the
    gate's own. Asking for them raises BadInput where the model cannot be loaded.
    """

    bundle: Bundle
    definition: ModelDefinition
    dataset: Dataset

    @property
    def schema(self) -> pa.DataFrameSchema:
        """The contract of a row."""
        return self.definition.contract

    @property
    def problem(self) -> Problem:
        """The problem as it stands in the repository, by which the bundle is judged."""
        return self.dataset.problem

    @property
    def claims(self) -> TrainingResult:
        """What the bundle says and only training could know."""
        said = self.bundle.evaluation
        try:
            looks = int(said["test_evaluations"])
            return TrainingResult(str(said["candidate"]["name"]), self.bundle.threshold, looks)
        except (KeyError, TypeError, ValueError):
            return TrainingResult("", self.bundle.threshold, 0)

    @cached_property
    def model(self) -> Pipeline:
        """The model as the PoC runs it."""
        return load_model(self.bundle.model_path)

    @cached_property
    def judged(self) -> TestPredictions:
        """What the model says of the test rows."""
        return predict_test(self.dataset, self.model)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """How good the model is, measured anew."""
        return evaluate(self.judged, self.claims, self.definition.candidates)

    @cached_property
    def run(self) -> TrainedRun:
        """The training run that the bundle names; BadInput where MLflow does not know it."""
        return fetch(self.bundle.manifest["run_id"])

    @cached_property
    def served(self) -> Predictor:
        """The model as the server runs it, its golden rows not asked yet; BadInput without one."""
        return prepare(self.bundle, rehearsal=True)


@dataclass(frozen=True)
class Check:
    """A question that the gate asks of every bundle.

    `slow_note` says what goes on while a slow check runs: one that starts processes of its own.
    `dropped` is the team's reason for not running it (`engine.gate.standard.without`).
    """

    name: str
    group: Group
    ask: Callable[[CheckContext], Result]
    slow_note: str = ""
    dropped: str = ""
