"""The interface of a check: the context that it gets and the result that it returns."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic.dataclasses import dataclass as validated
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


@validated(frozen=True)
class Result:
    """The validated result of a check; `next` is the next step, empty where there is none."""

    outcome: Outcome
    measured: str
    required: str
    next: str = ""
    picture: Figure | None = None


@validated(frozen=True)
class Finding(Result):
    """A row of the verdict; `dropped` is the team's reason for not running the check."""

    check: str = ""
    group: Group = "worth it"
    dropped: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as verdict.json holds it, without the picture."""
        value = {"check": self.check, "group": self.group, "verdict": self.outcome}
        value |= {"measured": self.measured, "required": self.required, "next": self.next}
        return value | ({"dropped": self.dropped} if self.dropped else {})


@dataclass(frozen=True)
class CheckContext:
    """A verified bundle, and the project's model definition and rows.

    Model, predictions and evaluation are the gate's own: BadInput if the model cannot be loaded.
    """

    bundle: Bundle
    definition: ModelDefinition
    dataset: Dataset

    @property
    def problem(self) -> Problem:
        """The problem as it stands in the repository."""
        return self.dataset.problem

    @property
    def training_result(self) -> TrainingResult:
        """The values of the bundle that only training knows."""
        evaluation = self.bundle.evaluation
        try:
            name, times = str(evaluation["candidate"]["name"]), int(evaluation["test_evaluations"])
        except (KeyError, TypeError, ValueError):
            name, times = "", 0
        return TrainingResult(name, self.bundle.threshold, times)

    @cached_property
    def model(self) -> Pipeline:
        """The model as training runs it."""
        return load_model(self.bundle.model_path)

    @cached_property
    def predictions(self) -> TestPredictions:
        """The model's predictions of the test rows."""
        return predict_test(self.dataset, self.model)

    @cached_property
    def evaluation(self) -> dict[str, Any]:
        """The evaluation of the model, computed by the gate."""
        return evaluate(self.predictions, self.training_result, self.definition.candidates)

    @cached_property
    def run(self) -> TrainedRun:
        """The training run that the bundle names; BadInput where MLflow has no such run."""
        return fetch(self.bundle.manifest["run_id"])

    @cached_property
    def predictor(self) -> Predictor:
        """The model as the server runs it; its golden rows are not replayed yet."""
        return prepare(self.bundle, rehearsal=True)


@dataclass(frozen=True)
class Check:
    """A named check of the gate.

    `slow_note` is what a slow check does meanwhile; set only for checks that start processes.
    `dropped` is the team's reason for not running it (`engine.gate.standard.without`).
    """

    name: str
    group: Group
    run: Callable[[CheckContext], Result]
    slow_note: str = ""
    dropped: str = ""
