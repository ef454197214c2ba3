"""The documents of a bundle hold what one computes from the model and the rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from engine.bundle.evaluation import (
    TestPredictions,
    TrainingResult,
    card,
    contract,
    evaluate,
    predict_test,
    reference,
)
from engine.bundle.reference import freeze
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, measure, measure_gain
from engine.problem.spec import Task, read
from engine.tests.bundle.untrained import fitted
from engine.tests.gate.made import MODEL
from engine.tests.gate.untrained import write
from engine.training.dataset import SEED, Dataset
from engine.training.evaluate import calibration, measures, predict, slices, targets_of
from engine.training.money import NEVER, worth

TASKS: list[Task] = ["binary", "multiclass", "regression"]
TRAINED = TrainingResult("linear", 0.4, 3)


def predicted(task: Task) -> tuple[Dataset, Any, TestPredictions]:
    write(task)
    dataset, model = fitted(task)
    return dataset, model, predict_test(dataset, model)


@pytest.mark.parametrize("task", TASKS)
def test_predict_test_predicts_the_test_rows_by_the_classes_of_training(
    empty: Path, task: Task
) -> None:
    dataset, model, predictions = predicted(task)
    classes = dataset.targets.classes
    expected = predict(model, dataset.inputs(dataset.test), task, classes)
    assert np.array_equal(predictions.scores, expected)
    own = targets_of(dataset.problem, dataset.test, classes)
    assert np.array_equal(predictions.targets.values, own.values)
    assert predictions.targets.classes == classes
    assert predictions.dataset is dataset


def test_predict_test_class_that_training_never_had_is_refused(empty: Path) -> None:
    dataset, model, _ = predicted("multiclass")
    target = dataset.problem.target.column
    dataset.frame.loc[dataset.frame.index[dataset.split.test[0]], target] = "new"
    dataset.__dict__.pop("test", None)
    with pytest.raises(BadInput) as refused:
        predict_test(dataset, model)
    assert refused.value.code == "unknown-class"


def test_evaluate_baselines_know_the_number_of_training_rows(empty: Path) -> None:
    """Features may depend on it: the baselines get those of training."""
    dataset, _, predictions = predicted("binary")
    counted: list[int] = []

    def candidates(columns: Any, task: Task, seed: int, rows: int = 0) -> Any:
        counted.append(rows)
        return MODEL.candidates(columns, task, seed, rows)

    evaluate(predictions, TRAINED, candidates)
    assert counted == [len(dataset.train)]


OUTPUTS: dict[str, list[tuple[str, str]]] = {
    "binary": [("score", "number"), ("decision", "boolean")],
    "multiclass": [("score", "number"), ("decision", "category"), ("scores", "object")],
    "regression": [("score", "number")],
}


@pytest.mark.parametrize("task", TASKS)
def test_contract_has_the_inputs_and_outputs_of_the_task(empty: Path, task: Task) -> None:
    write(task)
    dataset, _ = fitted(task)
    result = contract(dataset)
    assert (result.task, result.classes) == (task, dataset.targets.classes)
    assert (result.inputs, result.layout) == (dataset.columns, dataset.layout)
    assert [(one["name"], one["type"]) for one in result.outputs] == OUTPUTS[task]
    assert all(one["meaning"] for one in result.outputs)
    first, *others = result.outputs
    limits = {key: first[key] for key in ("minimum", "maximum") if key in first}
    assert limits == ({} if task == "regression" else {"minimum": 0, "maximum": 1})
    assert not any({"minimum", "maximum"} & {*one} for one in others)
    target, action = dataset.problem.target, dataset.problem.decision.action
    meaning = {one["name"]: one["meaning"] for one in result.outputs}
    if task == "binary":
        assert f"{target.column} is {target.positive}" in meaning["score"]
        assert meaning["decision"] == action
    else:
        assert target.column in meaning["score" if task == "regression" else "decision"]


@pytest.mark.parametrize("task", TASKS)
def test_evaluate_computes_every_figure_on_the_test_rows(empty: Path, task: Task) -> None:
    dataset, _, predictions = predicted(task)
    problem, scores = dataset.problem, predictions.scores
    outcome, groups = predictions.targets.values, predictions.targets.groups
    assert (groups is not None) == (task == "multiclass")
    metric = METRICS[problem.success.metric]
    options: dict[str, Any] = {"stratify": task != "regression", "groups": groups}
    # By hand: each baseline fitted on the training rows and measured on the test rows.
    baselines, dummies = [], []
    train, test = dataset.inputs(dataset.train), dataset.inputs(dataset.test)
    for one in MODEL.candidates(dataset.columns, task, SEED, len(train)):
        if one.is_baseline:
            model = clone(one.model).fit(train, dataset.targets.labels)
            own = predict(model, test, task, predictions.targets.classes)
            gain = measure_gain(metric, outcome, scores, own, **options).to_json()
            value = measure(metric, outcome, own, **options).to_json()
            baselines.append({"name": one.name, **value, "difference": gain})
            dummies.append(own)
    metrics = {n: m.to_json() for n, m in measures(problem, outcome, scores, groups).items()}
    threshold = 0.4
    assert evaluate(predictions, TRAINED, MODEL.candidates) == {
        "metric": metric.name,
        "higher_is_better": task == "multiclass",
        "rows": len(dataset.test),
        "candidate": {"name": "linear", **metrics[metric.name]},
        "baselines": baselines,
        "metrics": metrics,
        "slices": slices(problem, dataset.test, outcome, scores, groups),
        "calibration": calibration(outcome, scores) if task == "binary" else [],
        "threshold": threshold,
        "value": worth(problem, outcome, scores, dummies[0], threshold, groups),
        "test_evaluations": 3,
    }
    assert baselines


@pytest.mark.parametrize("task", TASKS)
def test_reference_holds_scores_of_decisions_and_the_performance(empty: Path, task: Task) -> None:
    """Of several classes, the score that an answer has: that of the decision."""
    dataset, _, predictions = predicted(task)
    evaluation = evaluate(predictions, TRAINED, MODEL.candidates)
    result = reference(predictions, evaluation)
    scores = predictions.scores if task != "multiclass" else predictions.scores.max(axis=1)
    expected = freeze(dataset.inputs(dataset.test), dataset.columns, scores)
    own = evaluation["candidate"]
    performance = {"metric": evaluation["metric"], "rows": len(dataset.test)}
    performance |= {key: own[key] for key in ("value", "low", "high")}
    assert result == expected | {"performance": performance}


def card_of(evaluation: dict[str, Any], **changes: Any) -> str:
    manifest = {"version": "2026.1", "data_digest": "0123456789abcdef" * 4}
    manifest |= {"engine": {"version": "9.8.7", "sha256": "f" * 64}} | changes.pop("manifest", {})
    problem = read().model_copy(update=changes)
    return card(problem, manifest, evaluation, "the latest fifth")


EVALUATION: dict[str, Any] = {
    "metric": "brier_score",
    "rows": 180,
    "candidate": {"name": "linear", "value": 0.12345, "low": 0.1, "high": 0.15},
    "baselines": [{"name": "dummy", "value": 0.25, "low": 0.2, "high": 0.3}],
    "slices": [
        {"column": "shop", "value": "nor|th\n", "rows": 90, "metric": 0.11111},
        {"column": "shop", "value": "south", "rows": 7, "metric": None},
    ],
    "value": {"per_1000_rows": 812.4, "low": 700.6, "high": 900.2, "do_nothing": -12.3,
              "currency": "EUR"},
    "threshold": 0.43219,
}  # fmt: skip


def test_card_holds_every_figure_of_the_bundle(empty: Path) -> None:
    write("binary")
    problem, text = read(), card_of(EVALUATION)
    lines = text.split("\n")
    for line in (
        f"# {problem.decision.name}, version 2026.1",
        f"{problem.decision.question}",
        problem.decision.intended_use,
        f"**Not for:** {problem.decision.not_for}",
        problem.decision.stakeholder,
        "Engine 9.8.7, code `ffffffffffff`.",
        "|  | brier_score | 95 % interval |",
        "| --- | --- | --- |",
        "| linear | 0.1235 | 0.1000 to 0.1500 |",
        "| baseline: dummy | 0.2500 | 0.2000 to 0.3000 |",
        "| group | rows | brier_score |",
        r"| shop = nor\|th  | 90 | 0.1111 |",
        "| shop = south | 7 | insufficient data |",
        *(f"- `{name}`: {reason}" for name, reason in problem.columns.reasons.items()),
    ):
        assert line in lines
    for words in (
        f"{problem.decision.action}",
        f"Source `{problem.rows.source}`, digest `0123456789abcdef`.",
        "180 rows that were not used in training: the latest fifth.",
        "Per 1,000 rows: 812 EUR (95 % interval 701 to 900), against -12 without the model.",
        "It acts from a score of 0.4322.",
    ):
        assert words in text
    assert "**Assumed" not in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text == card_of(EVALUATION)


def test_card_marks_what_a_tool_assumed(empty: Path) -> None:
    write("binary")
    text = card_of(EVALUATION, assumed=["decision.action", "value"])
    assert "no person" in text or "`decision.action`, `value`" in text
    assert text.count("**Assumed") == 2
    only = card_of(EVALUATION, assumed=["decision.action"])
    assert "`decision.action`" in only
    assert only.count("**Assumed") == 1


@pytest.mark.parametrize(
    ("threshold", "never", "acts"), [(None, False, False), (NEVER, True, False), (0.5, False, True)]
)
def test_card_tells_from_which_score_it_acts(
    empty: Path, threshold: float | None, never: bool, acts: bool
) -> None:
    write("binary")
    text = card_of(EVALUATION | {"threshold": threshold})
    assert ("It never acts" in text) == never
    assert ("It acts from a score" in text) == acts


def test_card_leaves_out_sections_without_content(empty: Path) -> None:
    write("binary")
    full = card_of(EVALUATION)
    bare = card_of(EVALUATION | {"slices": []}, manifest={"engine": None})
    assert {line for line in full.split("\n") if line.startswith("## ")} - {
        line for line in bare.split("\n") if line.startswith("## ")
    } == {"## Quality by group", "## Made with"}
    without = read().columns.model_copy(update={"excluded": {}, "known_after": {}, "personal": {}})
    assert card_of(EVALUATION, columns=without).endswith("## Excluded columns\nNone.\n")
    assert "\n\n\n" not in bare
