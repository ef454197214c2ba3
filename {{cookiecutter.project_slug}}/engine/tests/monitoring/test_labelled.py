"""The success metric is measured on the rows whose outcome counts, and on no others."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.monitoring import performance as performances
from engine.monitoring.result import Finding
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Interval
from engine.tests.monitoring.made import (
    METRICS as NAMES,
)
from engine.tests.monitoring.made import (
    NOW,
    bundle_of,
    days_ago,
    frozen,
    rows,
    write_labels,
    write_log,
)
from monitoring.check import check

DUE, YOUNG = days_ago(15), days_ago(1)  # an outcome is known after 14 days
USUAL = (0.8, 0.75, 0.85)


class Measured:
    """Takes the place of `measure`: keeps its arguments, and returns `interval`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, interval: Interval) -> None:
        self.calls, self.interval = list[tuple[str, Any, Any, bool]](), interval
        monkeypatch.setattr(performances, "measure", self)

    def __call__(self, metric: Any, targets: Any, predictions: Any, *, stratify: bool) -> Interval:
        self.calls.append((metric.name, targets.tolist(), predictions.tolist(), stratify))
        return self.interval


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Measured:
    return Measured(monkeypatch, Interval(0.8, 0.7, 0.9))


def performance(logs: Path, task: str = "binary", minimum_rows: int = 100) -> Finding:
    bundle = bundle_of(frozen(), task, USUAL, minimum_rows)
    [finding] = [one for one in check(bundle, logs, now=NOW).rows if one.check == "performance"]
    assert finding.subject == METRICS[NAMES[task]].name
    return finding


def answered(logs: Path, count: int, segment: str = "one", **more: Any) -> list[str]:
    """So many predictions with rising scores; their ids."""
    scores = [number / count for number in range(count)]
    return write_log(logs, rows(count, 1), scores, segment=segment, **{"at": DUE} | more)


def outcomes(count: int, positive: int) -> list[bool]:
    return [True] * positive + [False] * (count - positive)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_metric_is_measured_on_each_label_beside_its_prediction(
    tmp_path: Path, measured: Measured, task: str
) -> None:
    given: dict[str, tuple[list[Any], list[Any]]] = {
        "binary": ([False, True], [0.0, 1.0]),
        "multiclass": (["low", "mid", "high"], [0.0, 1.0, 2.0]),
        "regression": ([-2.5, 7], [-2.5, 7.0]),
    }
    labels, targets = given[task]
    count = 60 * len(labels)
    scores = [number / count for number in range(count)]
    parts = [{"low": one, "mid": 1 - one, "high": 0.0} for one in scores]
    answers = [{"score": one, "scores": part} for one, part in zip(scores, parts, strict=True)]
    ids = write_log(tmp_path, rows(count, 1), answers, at=DUE)
    write_labels(tmp_path, ids, labels * 60)
    finding = performance(tmp_path, task)
    [(name, taken, predictions, stratify)] = measured.calls
    assert name == METRICS[NAMES[task]].name
    assert stratify == (task != "regression")
    predicted = [[*one.values()] for one in parts] if task == "multiclass" else scores
    expected = zip(targets * 60, predicted, strict=True)
    assert sorted(zip(taken, predictions, strict=True)) == sorted(expected)
    # The measured value, and the worse end of the reference's interval.
    worse_end = 0.85 if task == "regression" else 0.75
    assert (finding.measured, finding.threshold, finding.verdict) == (0.8, worse_end, "ok")
    assert finding.interval == Interval(0.8, 0.7, 0.9)
    assert "0.8 (0.75 to 0.85)" in finding.detail
    assert f"labels for {count} of {count} rows (100 %)" in finding.detail


def test_degraded_performance_has_the_ends_and_advice(tmp_path: Path, measured: Measured) -> None:
    measured.interval = Interval(0.6, 0.5, 0.7)
    write_labels(tmp_path, answered(tmp_path, 200), outcomes(200, 100))
    finding = performance(tmp_path)
    assert (finding.measured, finding.threshold, finding.verdict) == (0.6, 0.75, "degraded")
    assert finding.interval == Interval(0.6, 0.5, 0.7)
    assert finding.advice
    measured.interval = Interval(0.8, 0.7, 0.9)
    assert performance(tmp_path).advice == ""


@pytest.mark.parametrize(
    ("count", "positive", "enough"),
    [(100, 10, 1), (100, 90, 1), (99, 50, 0), (100, 9, 0), (100, 91, 0), (99, 3, 0)],
)
def test_label_counts_that_are_enough(
    tmp_path: Path, measured: Measured, count: int, positive: int, enough: int
) -> None:
    write_labels(tmp_path, answered(tmp_path, count), outcomes(count, positive))
    finding = performance(tmp_path)
    assert finding.verdict == ("ok" if enough else "insufficient data")
    assert len(measured.calls) == enough
    if not enough:
        assert (finding.measured, finding.threshold) == (None, None)
        assert finding.advice
        few = f"{count} of at least 100" if count < 100 else "9 of at least 10"
        assert few in finding.detail
        assert f"labels for {count} of {count} rows (100 %)" in finding.detail


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_rare_class_matters_to_two_classes_alone(
    tmp_path: Path, measured: Measured, task: str
) -> None:
    parts = {"low": 1.0, "mid": 0.0, "high": 0.0}
    answers = [{"score": 0.5, "scores": parts} for _ in range(150)]
    ids = write_log(tmp_path, rows(150, 1), answers, at=DUE)
    write_labels(tmp_path, ids, (["low"] if task == "multiclass" else [0]) * 150)
    assert performance(tmp_path, task).measured is not None
    assert len(measured.calls) == 1


@pytest.mark.parametrize(("early", "counts"), [(190, True), (189, False), (0, False)])
def test_early_labels_count_if_nearly_every_row_has_one(
    tmp_path: Path, measured: Measured, early: int, counts: bool
) -> None:
    write_labels(tmp_path, answered(tmp_path, 150), outcomes(150, 60))
    ids = answered(tmp_path, 200, "young", at=YOUNG)
    write_labels(tmp_path, ids[:early], outcomes(early, early // 2), segment="young")
    detail = performance(tmp_path).detail
    [(_, targets, _, _)] = measured.calls
    assert len(targets) == (340 if counts else 150)
    if counts:
        assert "labels for 340 of 350 rows (97 %)" in detail
        assert "too young" not in detail
    else:
        assert "labels for 150 of 150 rows (100 %), 200 more are too young" in detail


@pytest.mark.parametrize(("labelled", "verdict"), [(285, "ok"), (284, "insufficient data")])
def test_few_rows_without_a_label_are_no_selection(
    tmp_path: Path, measured: Measured, labelled: int, verdict: str
) -> None:
    """Those of the lowest scores have no label: with 5 % of the rows they change little."""
    ids = answered(tmp_path, 300)[-labelled:]
    write_labels(tmp_path, ids, outcomes(labelled, 100))
    finding = performance(tmp_path)
    assert finding.verdict == verdict
    assert len(measured.calls) == (verdict == "ok")
    if verdict != "ok":
        assert (finding.measured, finding.threshold) == (None, None)
        assert "median score is 0.525, that of the others 0.025" in finding.detail
        assert "labels for 284 of 300 rows (95 %)" in finding.detail
        assert finding.advice == performances.ALL


def test_selection_is_told_by_due_rows_alone(tmp_path: Path, measured: Measured) -> None:
    """Rows that are too young for a label are no sign of a selection."""
    write_labels(tmp_path, answered(tmp_path, 200)[::2], outcomes(100, 50))
    write_log(tmp_path, rows(300, 1), [5.0] * 300, at=YOUNG, segment="young")
    assert performance(tmp_path).verdict == "ok"
    assert len(measured.calls) == 1


@pytest.mark.parametrize(
    ("count", "labelled", "distance", "is_selected"),
    # Few labels differ by chance; many may differ clearly, but by little.
    [(300, 20, 0.3, False), (4_000, 1_500, 0.05, False), (4_000, 1_500, 0.2, True)],
)
def test_selection_is_a_clear_and_significant_difference(
    tmp_path: Path,
    measured: Measured,
    count: int,
    labelled: int,
    distance: float,
    is_selected: bool,
) -> None:
    at_random = np.random.default_rng(3).permutation(count)
    lowest = int(distance * count)  # those lack labels, of the others some have one
    ids = answered(tmp_path, count)
    part = [ids[i] for i in at_random if i >= lowest][:labelled]
    write_labels(tmp_path, part, outcomes(labelled, labelled // 2))
    finding = performance(tmp_path, minimum_rows=20)
    assert ("selected part" in finding.detail) == is_selected
    assert len(measured.calls) == (not is_selected)


def test_rows_without_any_label_are_no_selection(tmp_path: Path) -> None:
    answered(tmp_path, 300)
    finding = performance(tmp_path)
    assert "0 of at least 100 rows with a label" in finding.detail
    assert finding.advice == performances.WAIT


def test_more_rows_than_an_interval_needs_are_sampled_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: Measured
) -> None:
    """The same sample in every run, of high and low scores alike."""
    monkeypatch.setattr(performances, "MOST_ROWS", 150)
    write_labels(tmp_path, answered(tmp_path, 600), outcomes(600, 300))
    first, second = performance(tmp_path), performance(tmp_path)
    assert first == second
    assert measured.calls[0] == measured.calls[1]
    _, targets, predictions, _ = measured.calls[0]
    assert len(targets) == len(set(predictions)) == 150
    assert 0.4 < np.mean(predictions) < 0.6
    assert "labels for 600 of 600 rows" in first.detail


@pytest.mark.parametrize(
    ("task", "label", "counts"),
    [
        ("regression", 1e150, True),
        ("regression", -1e150, True),
        ("regression", 1.0001e150, False),
        ("regression", 0, True),
        ("regression", "1", False),
        ("regression", False, False),
        ("binary", True, True),
        ("binary", "true", False),
        ("binary", 2, False),
        ("binary", [True], False),
        ("multiclass", "low", True),
        ("multiclass", "Low", False),
        ("multiclass", 0, False),
    ],
)
def test_label_that_is_no_outcome_is_counted_apart(
    tmp_path: Path, measured: Measured, task: str, label: Any, counts: bool
) -> None:
    usual: dict[str, list[Any]] = {
        "binary": [True, False], "multiclass": ["low", "high"], "regression": [1.5, 2]
    }  # fmt: skip
    parts = {"low": 1.0, "mid": 0.0, "high": 0.0}
    answers = [{"score": 0.5, "scores": parts} for _ in range(201)]
    ids = write_log(tmp_path, rows(201, 1), answers, at=DUE)
    write_labels(tmp_path, ids, [label, *usual[task] * 100])
    finding = performance(tmp_path, task)
    [(_, targets, predictions, _)] = measured.calls
    assert len(targets) == len(predictions) == 200 + counts
    assert ("1 labels are no outcome" in finding.detail) == (not counts)


@pytest.mark.parametrize(
    "scores",
    [None, "[0.1, 0.9]", {"low": 1.0, "mid": 0.0}, {"low": "much", "mid": 0, "high": 0}, 7, []],
)
def test_answers_without_the_scores_of_all_classes_are_an_error(
    tmp_path: Path, scores: Any
) -> None:
    whole = {"score": 0.5, "scores": {"low": 1.0, "mid": 0.0, "high": 0.0}}
    answers = [whole] * 150 + [{"score": 0.5, "scores": scores}]
    ids = write_log(tmp_path, rows(151, 1), answers, at=DUE)
    write_labels(tmp_path, ids, ["low"] * 151)
    with pytest.raises(BadInput, match=r"low.*mid.*high") as raised:
        performance(tmp_path, "multiclass")
    assert raised.value.code == "missing-scores"
    write_labels(tmp_path, ids[:150], ["low"] * 150)
    json.dumps(performance(tmp_path, "multiclass").detail)  # without its label it is not read
