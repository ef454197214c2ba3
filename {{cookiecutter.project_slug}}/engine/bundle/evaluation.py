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
from engine.training.evaluate import Targets, calibration, measures, predict, slices, targets_of
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
    target, action = dataset.problem.target, dataset.problem.decision.action
    predicted = f"{target.column}, predicted"
    outputs = {
        "regression": [("score", "number", predicted)],
        "binary": [
            ("score", "number", f"probability that {target.column} is {target.positive}"),
            ("decision", "boolean", action),
        ],
        "multiclass": [
            ("score", "number", "probability of the decision"),
            ("decision", "category", predicted),
            ("scores", "object", "probability of each class"),
        ],
    }
    described: list[dict[str, Any]] = []
    for name, kind, meaning in outputs[target.task]:
        is_probability = name == "score" and target.task != "regression"
        limits = {"minimum": 0, "maximum": 1} if is_probability else {}
        described.append({"name": name, "type": kind, **limits, "meaning": meaning})
    classes = dataset.targets.classes
    return Contract(target.task, classes, dataset.columns, tuple(described), dataset.layout)


def evaluate(
    predictions: TestPredictions, trained: TrainingResult, candidates: Candidates
) -> dict[str, Any]:
    """evaluation.json; BadInput if the problem names slices of a column that has none."""
    dataset, targets, scores = predictions.dataset, predictions.targets, predictions.scores
    problem, outcome, groups = dataset.problem, targets.values, targets.groups
    metric, task = METRICS[problem.success.metric], problem.target.task
    sampling: dict[str, Any] = {"stratify": task != "regression", "groups": groups}
    metrics = measures(problem, outcome, scores, groups)
    # The test predictions of each baseline, fitted on the training rows; simplest first.
    train, test = dataset.inputs(dataset.train), dataset.inputs(dataset.test)
    baselines: dict[str, Array] = {}
    for one in candidates(dataset.columns, task, SEED, len(train)):
        if one.is_baseline:
            model = clone(one.model).fit(train, dataset.targets.labels)
            baselines[one.name] = predict(model, test, task, targets.classes)
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
