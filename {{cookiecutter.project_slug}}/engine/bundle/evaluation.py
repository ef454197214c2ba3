"""The documents of a bundle: all of them follow from the model and the rows.

`bundle.build` writes them. The gate recomputes and compares them; it trusts none in the bundle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.bundle.bundle import Contract
from engine.bundle.golden import golden_answers
from engine.bundle.reference import freeze
from engine.problem.metrics import METRICS, Array, measure, measure_gain
from engine.problem.spec import Problem
from engine.training.candidates import Candidates
from engine.training.dataset import SEED, Dataset
from engine.training.evaluate import Targets, calibration, measures, predict, slices, targets_of
from engine.training.money import NEVER, worth


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
    described: list[dict[str, Any]] = [
        {"name": name, "type": kind, "meaning": meaning}
        for name, kind, meaning in outputs[target.task]
    ]
    described[0] |= {} if target.task == "regression" else {"minimum": 0, "maximum": 1}
    classes, columns, layout = dataset.targets.classes, dataset.columns, dataset.layout
    dropped = {one: day.isoformat() for one, day in dataset.problem.compatibility.dropped.items()}
    return Contract(target.task, classes, columns, tuple(described), layout, dropped)


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
    predicted: list[Array] = []
    baselines: list[dict[str, Any]] = []
    for one in candidates(dataset.columns, task, SEED, len(train)):
        if one.is_baseline:
            model = clone(one.model).fit(train, dataset.targets.labels)
            predicted.append(predict(model, test, task, targets.classes))
            value = measure(metric, outcome, predicted[-1], **sampling).to_json()
            gain = measure_gain(metric, outcome, scores, predicted[-1], **sampling).to_json()
            baselines.append({"name": one.name, **value, "difference": gain})
    return {
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "rows": len(outcome),
        "candidate": {"name": trained.candidate, **metrics[metric.name].to_json()},
        "baselines": baselines,
        "metrics": {name: one.to_json() for name, one in metrics.items()},
        "slices": slices(problem, dataset.test, outcome, scores, groups),
        "calibration": calibration(outcome, scores) if task == "binary" else [],
        "threshold": trained.threshold,
        "value": worth(problem, outcome, scores, predicted[0], trained.threshold, groups),
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


def card(
    problem: Problem, manifest: Mapping[str, Any], evaluation: Mapping[str, Any], split: str
) -> str:
    """The model card as Markdown (Mitchell et al. 2019); every number is from the bundle."""
    decision, metric = problem.decision, evaluation["metric"]
    results = {evaluation["candidate"]["name"]: evaluation["candidate"]}
    results |= {f"baseline: {one['name']}": one for one in evaluation["baselines"]}
    rows = [
        (name, f"{one['value']:.4f}", f"{one['low']:.4f} to {one['high']:.4f}")
        for name, one in results.items()
    ]
    excluded = [f"- `{name}`: {reason}" for name, reason in problem.columns.reasons.items()]
    assumed = ", ".join(f"`{name}`" for name in problem.assumed)
    engine = manifest.get("engine")  # none in a bundle of engine 1
    slices = []
    for one in evaluation["slices"]:
        value = "insufficient data" if one["metric"] is None else f"{one['metric']:.4f}"
        slices.append((f"{one['column']} = {one['value']}", str(one["rows"]), value))
    sections = [
        f"# {decision.name}, version {manifest['version']}",
        f"> **Assumed, not confirmed by a person yet:** {assumed}" if assumed else "",
        f"{decision.question}\n\nOn the answer: {decision.action}",
        f"## Intended use\n{decision.intended_use}\n\n**Not for:** {decision.not_for}",
        f"## Owner of the decision\n{decision.stakeholder}",
        "## Data\n"
        f"Source `{problem.rows.source}`, digest `{manifest['data_digest'][:16]}`. "
        f"Evaluated on {evaluation['rows']} rows that were not used in training: {split}.",
        f"## Made with\nEngine {engine['version']}, code `{engine['sha256'][:12]}`."
        if engine
        else "",
        "## Quality\n" + _table(["", metric, "95 % interval"], rows),
        _value(problem, evaluation["value"], evaluation["threshold"]),
        "## Quality by group\n" + _table(["group", "rows", metric], slices) if slices else "",
        "## Excluded columns\n" + ("\n".join(excluded) or "None."),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # A bar or a line break in a label would end the cell.
    lines = [
        [cell.replace("|", "\\|").replace("\n", " ") for cell in row]
        for row in (header, ["---"] * len(header), *rows)
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(problem: Problem, value: Mapping[str, Any], threshold: float | None) -> str:
    text = f"Per 1,000 rows: {value['per_1000_rows']:.0f} {value['currency']} (95 % interval "
    text += f"{value['low']:.0f} to {value['high']:.0f}), "
    text += f"against {value['do_nothing']:.0f} without the model"
    if (always := value.get("act_always")) is not None:  # none in a bundle of an earlier engine
        text += f" and {always:.0f} by acting on every row"
    text += "."
    if threshold is not None and threshold >= NEVER:
        text += " It never acts: with these costs, acting never pays."
    elif threshold is not None:
        text += f" It acts from a score of {threshold:.4f}."
    assumed = "> **Assumed:** a tool guessed the value of each outcome. The amounts and the "
    assumed += "threshold depend on this guess.\n\n"
    return f"## Value\n{assumed if problem.is_assumed('value') else ''}{text}"
