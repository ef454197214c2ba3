"""The documents of a bundle: all of them follow from the model and the rows.

`bundle.build` writes them. The gate recomputes and compares them; it trusts none in the bundle.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.bundle.bundle import Contract
from engine.bundle.golden import golden_answers
from engine.bundle.reference import freeze
from engine.problem.metrics import METRICS, Array, measure, measure_gain
from engine.training.candidates import Candidates
from engine.training.dataset import SEED, Dataset
from engine.training.evaluate import (
    Targets,
    calibration,
    measures,
    predict,
    slices,
    targets_of,
)
from engine.training.money import worth


@dataclass(frozen=True)
class TrainingResult:
    """The values that only training knows: they cannot be computed from the model."""

    candidate: str
    threshold: float | None
    test_evaluations: int


@dataclass(frozen=True)
class TestPredictions:
    """Predictions of the test rows (see `training.evaluate.predict`), and their outcomes."""

    dataset: Dataset
    targets: Targets
    scores: Array


def predict_test(dataset: Dataset, model: Pipeline) -> TestPredictions:
    """Predict the test rows; BadInput if the test holds a class that training never saw."""
    targets = targets_of(dataset.problem, dataset.test, dataset.targets.classes)
    task = dataset.problem.target.task
    scores = predict(model, dataset.inputs(dataset.test), task, targets.classes)
    return TestPredictions(dataset, targets, scores)


def contract(dataset: Dataset) -> Contract:
    """The inputs and outputs of a model of the problem."""
    problem, task = dataset.problem, dataset.problem.target.task
    name = problem.target.column
    score: dict[str, Any] = {"name": "score", "type": "number"}
    probability = score | {"minimum": 0, "maximum": 1}
    outputs: dict[str, tuple[dict[str, Any], ...]] = {
        "regression": (score | {"meaning": f"{name}, predicted"},),
        "binary": (
            probability | {"meaning": f"probability that {name} is {problem.target.positive}"},
            {"name": "decision", "type": "boolean", "meaning": problem.decision.action},
        ),
        "multiclass": (
            probability | {"meaning": "probability of the decision"},
            {"name": "decision", "type": "category", "meaning": f"{name}, predicted"},
            {"name": "scores", "type": "object", "meaning": "probability of each class"},
        ),
    }
    classes = dataset.targets.classes
    return Contract(task, classes, dataset.columns, outputs[task], dataset.layout)


def evaluate(
    predictions: TestPredictions, trained: TrainingResult, candidates: Candidates
) -> dict[str, Any]:
    """evaluation.json: metrics with intervals, baselines, slices, calibration, money.

    Raises:
        BadInput: the problem names slices of a column that has none.
    """
    dataset, scores = predictions.dataset, predictions.scores
    problem, outcome, groups = (
        dataset.problem,
        predictions.targets.values,
        predictions.targets.groups,
    )
    metric, task = METRICS[problem.success.metric], problem.target.task
    sampling: dict[str, Any] = {"stratify": task != "regression", "groups": groups}
    metrics = measures(problem, outcome, scores, groups)
    baselines = _baselines(predictions, candidates)
    simplest = next(iter(baselines.values()))
    return {
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "rows": len(outcome),
        "candidate": {"name": trained.candidate, **metrics[metric.name].to_json()},
        "baselines": [
            {
                "name": name,
                **measure(metric, outcome, baseline, **sampling).to_json(),
                "difference": measure_gain(metric, outcome, scores, baseline, **sampling).to_json(),
            }
            for name, baseline in baselines.items()
        ],
        "metrics": {name: one.to_json() for name, one in metrics.items()},
        "slices": slices(problem, dataset.test, outcome, scores, groups),
        "calibration": calibration(outcome, scores) if task == "binary" else [],
        "threshold": trained.threshold,
        "value": worth(problem, outcome, scores, simplest, trained.threshold, groups),
        "test_evaluations": trained.test_evaluations,
    }


def _baselines(predictions: TestPredictions, candidates: Candidates) -> dict[str, Array]:
    """Test predictions of each baseline, fitted on the training rows; simplest first."""
    dataset, classes = predictions.dataset, predictions.targets.classes
    task, train, test = dataset.problem.target.task, dataset.train, dataset.inputs(dataset.test)
    return {
        one.name: predict(
            clone(one.model).fit(dataset.inputs(train), dataset.targets.labels), test, task, classes
        )
        for one in candidates(dataset.columns, task, SEED, len(train))
        if one.is_baseline
    }


def reference(predictions: TestPredictions, evaluation: dict[str, Any]) -> dict[str, Any]:
    """reference.json: the distributions of inputs and score on rows unseen in training."""
    dataset, classes = predictions.dataset, predictions.targets.classes
    task, threshold = dataset.problem.target.task, evaluation["threshold"]
    answers = golden_answers(predictions.scores, task, classes, threshold)
    scores = np.asarray([answer["score"] for answer in answers], dtype=float)
    performance = {"metric": evaluation["metric"]}
    performance |= {key: evaluation["candidate"][key] for key in ("value", "low", "high")}
    frozen = freeze(dataset.inputs(dataset.test), dataset.columns, scores)
    return frozen | {"performance": performance | {"rows": evaluation["rows"]}}
