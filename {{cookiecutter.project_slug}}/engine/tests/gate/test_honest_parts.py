"""Figures, leaks and calibration: what is measured, and which lines to paste."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.data.load import digest
from engine.gate.checks import honest
from engine.gate.checks.check import CheckContext, Result
from engine.gate.checks.honest import (
    MOST_BINS,
    ROWS_IN_BIN,
    calibration,
    calibration_error,
    too_good,
)
from engine.leakage import Leak
from engine.problem.metrics import REPEATS, Interval, resamples
from engine.tests.gate.untrained import context_of, predicted, run_of, write

FOUND = Leak(("weight", "items"), "they give it together", latest=("items",))
LATE = Leak(("insured",), "it is known too late", late=True)


def leaked(
    monkeypatch: pytest.MonkeyPatch,
    leaks: list[Leak],
    *,
    single: tuple[Leak, ...] = (),
    stated: dict[str, str] | None = None,
    excluded: dict[str, str] | None = None,
    metrics: dict[str, Any] | None = None,
) -> Result:
    """The result of the check where the search finds these leaks."""
    context = context_of(evaluation={"metrics": metrics or {}}, model=None)
    columns = context.problem.columns.model_copy(
        update={"known_in_time": stated or {}, "known_after": excluded or {}}
    )
    problem = context.problem.model_copy(update={"columns": columns})
    context = CheckContext(
        context.bundle, context.definition, replace(context.dataset, problem=problem)
    )
    context.__dict__.update(evaluation={"metrics": metrics or {}}, model=None)
    asked: list[Any] = []

    def singles(_: object, __: object, others: list[Any]) -> tuple[Leak, ...]:
        asked.extend(one.name for one in others)
        return single

    monkeypatch.setattr(honest, "find", lambda *_: leaks)
    monkeypatch.setattr(honest, "single_class_values", singles)
    monkeypatch.setattr(honest, "strongest_inputs", lambda *_: "strongest inputs: items")
    result = honest.leakage(context)
    if result.outcome != "refuse":
        names = {column.name for column in context.dataset.columns}
        assert {*asked} == names - {name for leak in leaks for name in leak.columns}
    return result


def test_leakage_without_a_leak_counts_the_inputs(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("binary")
    result = leaked(monkeypatch, [])
    assert (result.outcome, result.next) == ("pass", "")
    assert result.measured.startswith("7 inputs")


def test_leakage_refusal_has_lines_to_paste_for_those_that_came_last(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("binary")
    result = leaked(monkeypatch, [FOUND, replace(FOUND, columns=("shop",), latest=())])
    assert result.outcome == "refuse"
    assert result.measured == ("weight, items: they give it together; shop: they give it together")
    advice, _, lines = result.next.partition(":\n")
    assert tomllib.loads(lines) == {
        "items": "they give it together", "shop": "they give it together",
    }  # fmt: skip
    assert "[columns.known_in_time]" in advice
    assert "[columns.excluded]" in advice
    assert "already" not in advice


def test_leakage_of_a_late_column_has_no_way_to_state_that_it_is_known(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever declares a column as known too late cannot declare it known in time."""
    write("binary")
    result = leaked(monkeypatch, [LATE], stated={"insured": "at the counter"})
    assert result.outcome == "refuse"
    assert "[columns.known_in_time]" not in result.next
    assert result.next.endswith('"insured" = "it is known too late"')
    # Excluded already: only the bundle is older than problem.toml.
    result = leaked(monkeypatch, [LATE], excluded={"insured": "later"})
    assert "excludes insured already" in result.next
    assert "[columns.excluded]" not in result.next
    assert not result.next.endswith(" ")
    both = leaked(monkeypatch, [LATE, FOUND], excluded={"insured": "later"})
    assert "excludes insured already" in both.next
    assert both.next.endswith('"items" = "they give it together"')
    assert "[columns.known_in_time]" in both.next


@pytest.mark.parametrize("stated", [{"weight": "w"}, {"items": "i"}, {}])
def test_leakage_of_several_columns_needs_a_note_for_each(
    empty: Path, monkeypatch: pytest.MonkeyPatch, stated: dict[str, str]
) -> None:
    write("binary")
    assert leaked(monkeypatch, [FOUND], stated=stated).outcome == "refuse"
    noted = leaked(monkeypatch, [FOUND], stated={"items": "reason i", "weight": "reason w"})
    assert noted.outcome == "warn"
    assert noted.measured == (
        "weight, items: they give it together; known_in_time in problem.toml: reason w; reason i"
    )
    assert noted.next


def test_leakage_suspicions_are_warnings(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("binary")
    single = Leak(("carrier",), "it is 'x' in 9 rows, and all of them are late")
    result = leaked(monkeypatch, [], single=(single,))
    assert (result.outcome, result.measured) == ("warn", f"carrier: {single.mechanism}")
    assert "[columns.known_after]" in result.next
    perfect = {"roc_auc": {"value": 0.999, "low": 0.99, "high": 1.0}}
    result = leaked(monkeypatch, [], metrics=perfect)
    assert result.outcome == "warn"
    assert "roc_auc 0.9990" in result.measured
    assert "strongest inputs: items" in result.measured


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((0.97, 0.9951), True),
        ((0.97, 0.995), False),
        ((0.96, 1.0), False),
        ((0.9601, 1.0), True),
    ],
)
def test_too_good_begins_beyond_both_limits(values: tuple[float, float], named: bool) -> None:
    value, high = values
    one = {"value": value, "low": 0.9, "high": high}
    assert bool(too_good({"roc_auc": one})) == named
    assert bool(too_good({"r2": one})) == named
    assert len(too_good({"r2": one, "roc_auc": one})) == 2 * named


def split_result(**changes: Any) -> Result:
    context = context_of()
    dataset = context.dataset
    recorded = {"split": dataset.split.description}
    recorded |= {"test_digest": digest(dataset.test[[context.problem.target.column]])} | changes
    context.__dict__["run"] = run_of(recorded)
    return honest.split(context)


def test_split_measures_both_sides_and_the_evaluations(empty: Path) -> None:
    write("binary")
    result = split_result()
    assert result.outcome == "pass"
    assert "; 720 training rows, 180 test rows (evaluation 1 on this test set)" in result.measured
    assert result.measured.startswith("test set: the latest 20 % by ordered_at")
    refused = split_result(split="another")
    assert (refused.outcome, refused.next != "") == ("refuse", True)
    assert "another split" in refused.measured


def by_hand(scores: np.ndarray, outcomes: np.ndarray, bins: int) -> float:
    """The expected calibration error: the mean gap of bins of equal size."""
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [abs(scores[part].mean() - outcomes[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(scores))


@pytest.mark.parametrize(
    ("rows", "bins"),
    [(20, 1), (99, 1), (100, 2), (275, 5), (500, MOST_BINS), (2000, MOST_BINS)],
)
def test_calibration_error_is_that_of_equal_bins_and_the_basic_bootstrap(
    rows: int, bins: int
) -> None:
    rng = np.random.default_rng(rows)
    scores = rng.random(rows)
    outcomes = (rng.random(rows) < scores**2).astype(float)
    assert bins == 1 or rows // bins >= ROWS_IN_BIN
    for groups in (None, rng.integers(0, rows // 3, rows)):
        measured = by_hand(scores, outcomes, bins)
        drawn = resamples(outcomes, REPEATS, 0, stratify=False, groups=groups)
        samples = [by_hand(scores[some], outcomes[some], bins) for some in drawn]
        quantiles = np.quantile(samples, [0.975, 0.5, 0.025])
        low, value, high = (max(0.0, 2 * measured - one) for one in quantiles)
        result = calibration_error(scores, outcomes, groups)
        assert (result.low, result.value, result.high) == pytest.approx((low, value, high))


def calibrated(scores: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the check of the working directory's project measures, and its result."""
    context = context_of()
    context.__dict__["predictions"] = predicted(context, scores)
    given: dict[str, Any] = {}

    def error(*arguments: Any) -> Interval:
        given["scores"], given["outcomes"], given["groups"] = arguments
        return Interval(0.1, 0.05, 0.2)

    monkeypatch.setattr(honest, "calibration_error", error)
    given["targets"] = context.predictions.targets
    given["result"] = calibration(context)
    return given


def test_calibration_of_several_classes_is_that_of_the_likeliest(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("multiclass")
    rows = len(context_of().dataset.test)
    scores = np.random.default_rng(0).dirichlet(np.ones(3), rows)
    given = calibrated(scores, monkeypatch)
    right = scores.argmax(axis=1) == given["targets"].values
    assert np.array_equal(given["scores"], scores.max(axis=1))
    assert np.array_equal(given["outcomes"], right.astype(float))
    assert given["groups"] is given["targets"].groups is not None
    result = given["result"]
    assert result.measured == f"0.100 (0.050 to 0.200) on {rows} rows"
    assert "at most 0.15" in result.required
    assert result.picture is not None


def test_calibration_of_two_classes_is_that_of_the_positive_one(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("binary")
    scores = np.linspace(0, 1, 180)
    given = calibrated(scores, monkeypatch)
    assert np.array_equal(given["scores"], scores)
    assert np.array_equal(given["outcomes"], given["targets"].values)


@pytest.mark.parametrize(("error", "next_step"), [(0.16, True), (0.15, False)])
def test_calibration_warning_names_a_next_step(
    empty: Path, monkeypatch: pytest.MonkeyPatch, error: float, next_step: bool
) -> None:
    write("binary")
    context = context_of()
    context.__dict__["predictions"] = predicted(context, np.linspace(0, 1, 180))
    for low in (0.0, error):
        monkeypatch.setattr(
            honest, "calibration_error", lambda *_, low=low: Interval(error, low, 1.0)
        )
        result = calibration(context)
        assert bool(result.next) == next_step
        assert result.picture is not None
        assert "are needed" not in result.measured


def test_evaluation_compares_the_figures_the_reference_and_the_card(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("binary")
    context = context_of(evaluation={"a": 1.0}, predictions=None)
    context.bundle.evaluation.update({"a": 1.0, "test_evaluations": 4})
    context.__dict__["evaluation"] = dict(context.bundle.evaluation)
    monkeypatch.setattr(honest, "reference", lambda *_: {"b": 2.0})
    monkeypatch.setattr(honest, "card", lambda *_: "# Card é\n")
    context.bundle.reference["b"] = 2.0
    Path("model_card.md").write_text("# Card é\n", encoding="utf-8")
    passed = honest.evaluation(context)
    assert passed.outcome == "pass"
    assert "180 test rows (evaluation 4" in passed.measured
    context.bundle.reference["b"] = 2.1
    assert "reference.json b is 2.1, expected 2.0" in honest.evaluation(context).measured
    context.bundle.evaluation["a"] = 1.1
    both = honest.evaluation(context)
    assert both.outcome == "refuse"
    assert both.measured.startswith("evaluation.json a is 1.1, expected 1.0; reference.json b")
    context.bundle.evaluation["a"], context.bundle.reference["b"] = 1.0, 2.0
    Path("model_card.md").write_bytes(b"# Card \xff\n")
    card = honest.evaluation(context)
    assert (card.outcome, "model_card.md" in card.measured) == ("refuse", True)
