"""What a bundle says of its model: all of it follows from the model and the rows.

`bundle.build` writes it down. The gate works it out again and compares, so that nothing a bundle
says has to be believed.
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
    """What is known from training alone, and cannot be worked out from the model."""

    candidate: str
    threshold: float | None
    test_evaluations: int


@dataclass(frozen=True)
class TestPredictions:
    """Predictions of the test rows (see `training.evaluate.predict`), and their outcomes."""

    dataset: Dataset
    known: Targets
    scores: Array


def predict_test(dataset: Dataset, model: Pipeline) -> TestPredictions:
    """Ask the model about the test rows.

    Raises:
        BadInput: the test holds a class that training never saw.
    """
    known = targets_of(dataset.problem, dataset.test, dataset.targets.classes)
    task = dataset.problem.target.task
    scores = predict(model, dataset.inputs(dataset.test), task, known.classes)
    return TestPredictions(dataset, known, scores)


def contract(dataset: Dataset) -> Contract:
    """What goes into a model of the problem and what comes out."""
    problem, task = dataset.problem, dataset.problem.target.task
    about = problem.target.column
    score: dict[str, Any] = {"name": "score", "type": "number"}
    if task == "regression":
        outputs = [score | {"meaning": f"{about}, predicted"}]
        return Contract(task, (), dataset.columns, tuple(outputs), dataset.layout)
    score |= {"minimum": 0, "maximum": 1}
    if task == "binary":
        outputs = [
            score | {"meaning": f"probability that {about} is {problem.target.positive}"},
            {"name": "decision", "type": "boolean", "meaning": problem.decision.action},
        ]
    else:
        outputs = [
            score | {"meaning": "probability of the decision"},
            {"name": "decision", "type": "category", "meaning": f"{about}, predicted"},
            {"name": "scores", "type": "object", "meaning": "probability of each class"},
        ]
    return Contract(task, dataset.targets.classes, dataset.columns, tuple(outputs), dataset.layout)


def evaluate(
    judged: TestPredictions, claims: TrainingResult, candidates: Candidates
) -> dict[str, Any]:
    """evaluation.json: measures with intervals, baselines, groups, calibration, money.

    Raises:
        BadInput: the problem names groups that are none.
    """
    problem, outcome, scores = judged.dataset.problem, judged.known.values, judged.scores
    metric, task = METRICS[problem.success.metric], problem.target.task
    units, stratify = judged.known.groups, task != "regression"
    found = measures(problem, outcome, scores, units)
    baselines = _baselines(judged, candidates)
    return {
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "rows": len(outcome),
        "candidate": {"name": claims.candidate, **found[metric.name].to_json()},
        "baselines": [
            {
                "name": name,
                **measure(metric, outcome, baseline, stratify=stratify, units=units).to_json(),
                "difference": measure_gain(
                    metric, outcome, scores, baseline, stratify=stratify, units=units
                ).to_json(),
            }
            for name, baseline in baselines.items()
        ],
        "metrics": {name: one.to_json() for name, one in found.items()},
        "slices": slices(problem, judged.dataset.test, outcome, scores, units),
        "calibration": calibration(outcome, scores) if task == "binary" else [],
        "threshold": claims.threshold,
        "value": worth(
            problem, outcome, scores, next(iter(baselines.values())), claims.threshold, units
        ),
        "test_evaluations": claims.test_evaluations,
    }


def _baselines(judged: TestPredictions, candidates: Candidates) -> dict[str, Array]:
    """What each baseline, fitted on the training rows, says of the test rows; simplest first."""
    dataset, task = judged.dataset, judged.dataset.problem.target.task
    return {
        one.name: predict(
            clone(one.model).fit(dataset.inputs(dataset.train), dataset.targets.labels),
            dataset.inputs(dataset.test),
            task,
            judged.known.classes,
        )
        for one in candidates(dataset.columns, task, SEED, len(dataset.train))
        if one.is_baseline
    }


def reference(judged: TestPredictions, evaluation: dict[str, Any]) -> dict[str, Any]:
    """reference.json: what inputs and score look like on rows that the model did not learn from."""
    dataset, task = judged.dataset, judged.dataset.problem.target.task
    answers = golden_answers(judged.scores, task, judged.known.classes, evaluation["threshold"])
    scores = np.asarray([answer["score"] for answer in answers], dtype=float)
    frozen = freeze(dataset.inputs(dataset.test), dataset.columns, scores)
    own = evaluation["candidate"]
    frozen["performance"] = {
        "metric": evaluation["metric"],
        **{key: own[key] for key in ("value", "low", "high")},
        "rows": evaluation["rows"],
    }
    return frozen
