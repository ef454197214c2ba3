"""The model is called worse only when the intervals part, on labels that are a fair sample."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.monitoring import performance as performances
from engine.monitoring.result import Finding
from engine.problem.metrics import Interval
from engine.tests.monitoring.made import (
    CLASSES,
    NOW,
    bundle_of,
    days_ago,
    frozen,
    rows,
    write_labels,
    write_log,
)
from monitoring.check import check

DUE = days_ago(15)  # the outcome is known 14 days after the answer
REFERENCE = frozen()
BETTER = {"binary": (0.8, 0.75, 0.85), "multiclass": (0.8, 0.75, 0.85), "regression": (1, 0.9, 1.1)}


def performance(logs: Path, task: str = "binary") -> Finding:
    bundle = bundle_of(REFERENCE, task, BETTER[task])
    findings = [one for one in check(bundle, logs, now=NOW).rows if one.check == "performance"]
    assert len(findings) == 1
    return findings[0]


def made_answers(task: str, good: bool, count: int) -> tuple[list[dict[str, Any]], list[Any]]:
    """Answers and what came true; good ones are as in the reference, the others are chance."""
    rng = np.random.default_rng(0)
    if task == "binary":
        scores = rng.random(count)
        truth = rng.random(count) < (np.clip(1.2 * scores - 0.1, 0, 1) if good else 0.5)
        return [{"score": score} for score in scores], truth.tolist()
    if task == "regression":
        values = rng.normal(size=count)
        noise = rng.normal(scale=1.25 if good else 3, size=count)
        return [{"score": value} for value in values], (values + noise).tolist()
    names = CLASSES["multiclass"]
    chosen, labels = rng.integers(0, 3, count), rng.integers(0, 3, count)
    labels = np.where(rng.random(count) < (0.7 if good else 0), chosen, labels)
    shares = [{name: 0.8 if i == one else 0.1 for i, name in enumerate(names)} for one in chosen]
    answers = [{"score": 0.8, "decision": names[one]} for one in chosen]
    return (
        [{**answer, "scores": share} for answer, share in zip(answers, shares, strict=True)],
        [names[one] for one in labels],
    )


def lived(logs: Path, *, task: str = "binary", good: bool = True, count: int = 600) -> list[Any]:
    """A log whose rows are due, without labels; the labels to come."""
    answers, labels = made_answers(task, good, count)
    write_log(logs, rows(count, 1), answers, at=DUE)
    return labels


def ids(count: int, segment: str = "one") -> list[str]:
    return [f"{segment}-{i}" for i in range(count)]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize(("good", "verdict"), [(True, "ok"), (False, "degraded")])
def test_performance_lower_metric_is_degraded(
    tmp_path: Path, task: str, good: bool, verdict: str
) -> None:
    labels = lived(tmp_path, task=task, good=good)
    write_labels(tmp_path, ids(600), labels)
    finding = performance(tmp_path, task)
    assert finding.verdict == verdict
    assert "labels for 600 of 600 rows (100 %)" in finding.detail
    assert bool(finding.advice) == (verdict == "degraded")


# The interval of the live metric against one of the reference from 0.75 to 0.85, or 0.9 to 1.1.
@pytest.mark.parametrize(
    ("task", "live", "verdict"),
    [
        ("binary", (0.70, 0.64, 0.76), "ok"),  # its value is worse, its better end is not
        ("binary", (0.70, 0.64, 0.75), "ok"),  # both ends meet
        ("binary", (0.70, 0.64, 0.7499), "degraded"),
        ("multiclass", (0.78, 0.60, 0.90), "ok"),
        ("multiclass", (0.60, 0.50, 0.70), "degraded"),
        ("regression", (1.3, 1.05, 1.5), "ok"),
        ("regression", (1.3, 1.1, 1.5), "ok"),
        ("regression", (1.3, 1.1001, 1.5), "degraded"),
    ],
)
def test_performance_is_degraded_only_if_the_intervals_part(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    live: tuple[float, float, float],
    verdict: str,
) -> None:
    monkeypatch.setattr(performances, "measure", lambda *_, **__: Interval(*live))
    write_labels(tmp_path, ids(600), lived(tmp_path, task=task))
    assert performance(tmp_path, task).verdict == verdict


@pytest.mark.parametrize(("count", "verdict"), [(150, "ok"), (4000, "degraded")])
def test_performance_a_little_worse_is_degraded_once_labels_are_enough(
    tmp_path: Path, count: int, verdict: str
) -> None:
    """The same model, whose AUC is 0.7: few labels leave open whether it is the usual 0.8."""
    rng = np.random.default_rng(2)
    scores = rng.random(count)
    write_log(tmp_path, rows(count, 1), scores.tolist(), at=DUE)
    write_labels(tmp_path, ids(count), (rng.random(count) < 0.2 + 0.6 * scores).tolist())
    assert performance(tmp_path).verdict == verdict


def test_performance_row_is_due_once_the_label_delay_has_passed(tmp_path: Path) -> None:
    """Rows of both ends of the window count, rows a second outside of it do not."""
    second = timedelta(seconds=1)
    newest, oldest = days_ago(14), days_ago(21)
    for segment, at in (
        ("newest", newest), ("oldest", oldest), ("young", newest + second), ("old", oldest - second)
    ):  # fmt: skip
        write_log(tmp_path, rows(150, 1), [0.5] * 150, at=at, segment=segment)
    detail = performance(tmp_path).detail
    assert "labels for 0 of 300 rows (0 %), 150 more are too young" in detail


def test_performance_too_few_labels_reports_the_coverage(tmp_path: Path) -> None:
    labels = lived(tmp_path, good=False)
    write_labels(tmp_path, ids(99), labels[:99])
    finding = performance(tmp_path)
    assert finding.verdict == "insufficient data"
    assert "99 of at least 100 rows with a label" in finding.detail
    assert "labels for 99 of 600 rows (16 %)" in finding.detail
    write_labels(tmp_path, ids(200)[99:], labels[99:200], segment="more")
    assert performance(tmp_path).verdict == "degraded"


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_labels_of_a_selected_part_give_no_performance(tmp_path: Path, task: str) -> None:
    labels = lived(tmp_path, task=task)
    scores = [answer["score"] for answer in made_answers(task, True, 600)[0]]
    high = sorted(range(600), key=lambda i: -scores[i])[:250]
    write_labels(tmp_path, [f"one-{i}" for i in high], [labels[i] for i in high])
    finding = performance(tmp_path, task)
    assert finding.verdict == "insufficient data"
    assert "labels for 250 of 600 rows (42 %)" in finding.detail
    assert "selected" in finding.detail


@pytest.mark.parametrize("seed", range(5))
def test_labels_of_a_random_part_give_the_performance(tmp_path: Path, seed: int) -> None:
    labels = lived(tmp_path)
    part = np.random.default_rng(seed).permutation(600)[:300]
    write_labels(tmp_path, [f"one-{i}" for i in part], [labels[i] for i in part])
    assert performance(tmp_path).verdict == "ok"


def test_one_class_alone_is_insufficient(tmp_path: Path) -> None:
    lived(tmp_path)
    write_labels(tmp_path, ids(600), [False] * 595 + [True] * 5)
    finding = performance(tmp_path)
    assert finding.verdict == "insufficient data"
    assert "5 of at least 10 rows of the rarer class" in finding.detail


def test_performance_latest_label_counts_in_any_segment(tmp_path: Path) -> None:
    labels = lived(tmp_path)
    write_labels(tmp_path, ids(600), labels, at=days_ago(0.5), segment="a")
    wrong = [not label for label in labels]
    write_labels(tmp_path, ids(600), wrong, at=days_ago(1), segment="b")
    assert performance(tmp_path).verdict == "ok"
    write_labels(tmp_path, ids(600), wrong, at=NOW, segment="0")
    assert performance(tmp_path).verdict == "degraded"


def test_performance_null_takes_a_label_back(tmp_path: Path) -> None:
    labels = lived(tmp_path)
    write_labels(tmp_path, ids(600), labels, at=days_ago(1))
    write_labels(tmp_path, ids(550), [None] * 550, segment="two")
    assert "labels for 50 of 600 rows" in performance(tmp_path).detail


def test_performance_young_rows_need_no_label(tmp_path: Path) -> None:
    labels = lived(tmp_path)
    write_labels(tmp_path, ids(600), labels)
    write_log(tmp_path, rows(900, 2), [0.5] * 900, at=days_ago(1), segment="young")
    finding = performance(tmp_path)
    assert finding.verdict == "ok"
    assert "labels for 600 of 600 rows (100 %), 900 more are too young" in finding.detail


def test_performance_few_early_labels_do_not_count(tmp_path: Path) -> None:
    # Every early label says the model was wrong, but only the quick outcomes are known.
    write_labels(tmp_path, ids(600), lived(tmp_path))
    write_log(tmp_path, rows(900, 2), [0.9] * 900, at=days_ago(1), segment="young")
    write_labels(tmp_path, ids(500, "young"), [False] * 500, segment="young")
    assert performance(tmp_path).verdict == "ok"


def test_performance_complete_early_labels_count(tmp_path: Path) -> None:
    answers, labels = made_answers("binary", good=False, count=600)
    write_log(tmp_path, rows(600, 1), answers, at=days_ago(1))
    write_labels(tmp_path, ids(600), labels)
    finding = performance(tmp_path)
    assert finding.verdict == "degraded"
    assert "labels for 600 of 600 rows" in finding.detail


def test_performance_invalid_labels_are_counted_and_skipped(tmp_path: Path) -> None:
    labels = lived(tmp_path)
    write_labels(tmp_path, ids(600), ["yes", [1], *labels[2:]])
    finding = performance(tmp_path)
    assert finding.verdict == "ok"
    assert "2 labels are no outcome of the contract" in finding.detail


def test_performance_label_that_is_no_number_is_skipped_in_a_regression(tmp_path: Path) -> None:
    labels = lived(tmp_path, task="regression")
    invalid = [True, False, "7", [7], 1e200, -1e200, 10**200]
    write_labels(tmp_path, ids(600), [*invalid, *labels[len(invalid) :]])
    finding = performance(tmp_path, "regression")
    assert finding.verdict == "ok"
    assert f"{len(invalid)} labels are no outcome of the contract" in finding.detail


def test_a_label_for_no_prediction_changes_nothing(tmp_path: Path) -> None:
    labels = lived(tmp_path)
    write_labels(tmp_path, [*ids(600), "stranger"], [*labels, True])
    assert "labels for 600 of 600 rows" in performance(tmp_path).detail


def test_no_label_yet_is_insufficient_data(tmp_path: Path) -> None:
    lived(tmp_path)
    finding = performance(tmp_path)
    assert finding.verdict == "insufficient data"
    assert "labels for 0 of 600 rows (0 %)" in finding.detail
