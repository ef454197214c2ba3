"""Metrics have the values of scikit-learn, and are undefined where these have no meaning."""

import numpy as np
import pytest
from sklearn import metrics as sk

from engine.problem.known_metrics import metrics_of
from engine.problem.metrics import METRICS, Array
from engine.problem.spec import Task


def binary(rng: np.random.Generator, rows: int) -> tuple[Array, Array]:
    """Outcomes and scores; by construction P(score of a yes > of a no) = Φ(1 / √2) = 0.7602."""
    truth = (rng.random(rows) < 0.3).astype(np.float64)
    return truth, 1 / (1 + np.exp(-(truth + rng.normal(size=rows))))


def amounts(rng: np.random.Generator, rows: int) -> tuple[Array, Array]:
    """Values and predictions with an error that is normal: E|error| = √(2 / π) = 0.7979."""
    truth = rng.normal(size=rows)
    return truth, truth + rng.normal(size=rows)


def test_metrics_values_equal_those_of_scikit_learn() -> None:
    """Ties and all; ours are faster, which a bootstrap needs."""
    rng = np.random.default_rng(0)
    truth, score = binary(rng, 200)
    score = score.round(1)
    several = rng.integers(0, 3, 200).astype(np.float64)
    chances = rng.dirichlet(np.ones(3), 200)
    value, predicted = amounts(rng, 200)
    expected = {
        "average_precision": (sk.average_precision_score(truth, score), truth, score),
        "roc_auc": (sk.roc_auc_score(truth, score), truth, score),
        "brier_score": (sk.brier_score_loss(truth, score), truth, score),
        "accuracy": (sk.accuracy_score(truth, score >= 0.5), truth, score),
        "balanced_accuracy": (
            sk.balanced_accuracy_score(several, chances.argmax(axis=1)), several, chances,
        ),
        "log_loss": (sk.log_loss(several, chances), several, chances),
        "mean_absolute_error": (sk.mean_absolute_error(value, predicted), value, predicted),
        "root_mean_squared_error": (
            sk.root_mean_squared_error(value, predicted), value, predicted,
        ),
        "r2": (sk.r2_score(value, predicted), value, predicted),
    }  # fmt: skip
    assert set(expected) == set(METRICS)
    for name, (theirs, *data) in expected.items():
        assert METRICS[name].compute(*data) == pytest.approx(theirs), name


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "log_loss"])
def test_metrics_multiclass_read_probabilities(name: str) -> None:
    truth = np.array([0.0, 1.0, 2.0, 2.0])
    sure = np.eye(3)[truth.astype(int)] * 0.97 + 0.01
    best = METRICS[name].compute(truth, sure)
    assert best == pytest.approx(1.0 if METRICS[name].higher_is_better else -np.log(0.98))


@pytest.mark.parametrize(
    ("name", "truth"),
    [("roc_auc", 0.0), ("roc_auc", 1.0), ("average_precision", 0.0), ("r2", 0.0), ("r2", 2.5)],
)
@pytest.mark.filterwarnings("error")
def test_metrics_all_outcomes_equal_are_undefined(name: str, truth: float) -> None:
    """A number would count in a bootstrap's mean, and a library's warning reaches nobody."""
    assert np.isnan(METRICS[name].compute(np.full(4, truth), np.array([0.1, 0.2, 0.3, 0.3])))


def test_metrics_probability_of_one_half_counts_as_yes() -> None:
    truth, score = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.5, 0.4999, 0.5, 0.0])
    assert METRICS["accuracy"].compute(truth, score) == 0.5
    assert METRICS["accuracy"].compute(truth[[0, 2, 2]], score[[0, 2, 2]]) == pytest.approx(1 / 3)


def test_metrics_log_loss_of_one_probability_equals_that_of_two() -> None:
    truth, score = binary(np.random.default_rng(0), 200)
    log_loss = METRICS["log_loss"].compute
    both = np.column_stack([1 - score, score])
    assert log_loss(truth, score) == pytest.approx(sk.log_loss(truth, both))
    assert log_loss(truth, both) == pytest.approx(log_loss(truth, score))


def test_metrics_log_loss_sure_and_wrong_is_finite() -> None:
    wrong = METRICS["log_loss"].compute(np.array([1.0, 0.0]), np.array([0.0, 1.0]))
    assert wrong == pytest.approx(-np.log(np.finfo(np.float64).eps))


def test_metrics_log_loss_reads_rows_whose_sum_is_not_one() -> None:
    """Single precision misses one by a hair; the shares within a row count."""
    truth, chances = np.array([0.0, 2.0, 1.0]), np.random.default_rng(0).dirichlet(np.ones(3), 3)
    scaled = chances * np.array([[0.5], [4.0], [1.0]])
    log_loss = METRICS["log_loss"].compute
    assert log_loss(truth, scaled) == pytest.approx(log_loss(truth, chances))


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("binary", {"average_precision", "roc_auc", "brier_score", "accuracy", "log_loss"}),
        ("multiclass", {"accuracy", "balanced_accuracy", "log_loss"}),
        ("regression", {"mean_absolute_error", "root_mean_squared_error", "r2"}),
    ],
)
def test_metrics_of_task_are_those_that_suit_it(task: Task, names: set[str]) -> None:
    assert set(metrics_of(task)) == names


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("roc_auc", 0.8266, "83 %"),
        ("accuracy", 0.9, "90 %"),
        ("log_loss", 0.123456, " 0.123 "),
        ("mean_absolute_error", 12345.6, " 1.23e+04 "),
        ("r2", -0.21, "-21 %"),
    ],
)
def test_metric_description_holds_the_value(name: str, value: float, words: str) -> None:
    assert words in METRICS[name].describe(value)
