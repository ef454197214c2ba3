"""The checks of `worth it` state what they measured, against which limit, and what comes next."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine.bundle.bundle import Bundle, Contract
from engine.gate.checks import worth_it
from engine.gate.checks.check import CheckContext, Result
from engine.problem.metrics import METRICS, Array, measure_gain
from engine.problem.spec import Task
from engine.tests.gate.test_limits import UNKNOWN, baseline, evaluated, group
from engine.tests.gate.untrained import context_of, predicted, write

OTHER = "a" * 64
UNSAID = ('action = "Call the customer."', 'action = "Not yet said: what is done."')


@pytest.mark.parametrize(
    ("assumed", "outcome", "measured"),
    [
        ("[]", "refuse", "decision.action"),
        ('["decision.question"]', "refuse", "decision.action"),
        ('["decision.action"]', "warn", "1 assumed answer"),
        ('["decision"]', "warn", "1 assumed answer"),
        ('["decision", "value"]', "warn", "2 assumed answers"),
    ],
)
def test_problem_complete_open_question_must_be_marked(
    empty: Path, assumed: str, outcome: str, measured: str
) -> None:
    write("binary", UNSAID, ("assumed = []", f"assumed = {assumed}"))
    result = worth_it.problem_complete(context_of())
    assert result.outcome == outcome
    assert result.measured.endswith(measured)
    assert "problem.toml" in result.next
    names = assumed.strip("[]").replace('"', "")
    assert outcome == "refuse" or names in result.next


def test_problem_complete_answered_passes(empty: Path) -> None:
    write("binary")
    result = worth_it.problem_complete(context_of())
    assert (result.outcome, result.next) == ("pass", "")


def test_beats_baseline_names_the_closest_baseline_and_both_limits(empty: Path) -> None:
    write("regression")
    candidate = {"name": "linear", "value": 0.91234, "low": 0.8, "high": 1.05}
    result = worth_it.beats_baseline(
        evaluated(candidate=candidate, baselines=[baseline(5.0), baseline(0.25), baseline(0.5)])
    )
    assert result.outcome == "pass"
    assert result.measured == (
        "mean_absolute_error 0.9123 (0.8000 to 1.0500); gain over gain from 0.25 1.2500 "
        "(0.2500 to 2.2500)"
    )
    assert "mean_absolute_error of at most 1;" in result.required
    assert "begins at 0.1 or above" in result.required
    assert result.picture is not None
    shown = result.picture.svg
    assert all(name in shown for name in ("linear", "gain from 5.0", "gain from 0.25"))
    worse = worth_it.beats_baseline(evaluated(baselines=[baseline(0.0)]))
    assert (worse.outcome, bool(worse.next), worse.picture is None) == ("refuse", True, False)


@pytest.mark.parametrize(("value", "outcome"), [(0.5, "pass"), (0.4999, "refuse")])
def test_beats_baseline_minimum_of_a_metric_where_more_is_better(
    empty: Path, value: float, outcome: str
) -> None:
    write("multiclass")
    own = {"name": "linear", "value": value, "low": 0.4, "high": 0.6}
    given = {"candidate": own, "baselines": [baseline(0.2)], "higher_is_better": True}
    result = worth_it.beats_baseline(evaluated(**given))
    assert result.outcome == outcome
    assert "accuracy of at least 0.5;" in result.required


def test_slices_names_the_groups_below_their_floor_and_the_nearest(empty: Path) -> None:
    write("regression")
    none = worth_it.slices(evaluated())
    assert (none.outcome, "success.slices" in none.next) == ("not applicable", True)
    few = worth_it.slices(evaluated(slices=[UNKNOWN, UNKNOWN]))
    assert (few.outcome, bool(few.next), few.picture) == ("warn", True, None)
    held = [group(0.9, 1.1, "far"), group(1.1, 1.25, "near"), group(0.1, 0.2, "further"), UNKNOWN]
    passed = worth_it.slices(evaluated(slices=held))
    assert passed.measured.startswith("3 groups hold; nearest to its floor: shop = near")
    assert "1 have too few rows" in passed.measured
    assert passed.picture is not None
    assert "shop = further" in passed.picture.svg
    assert "too few" not in worth_it.slices(evaluated(slices=held[:2])).measured
    below = [group(1.3, 1.5, "bad"), *held, group(1.4, 1.6, "worse")]
    refused = worth_it.slices(evaluated(slices=below))
    assert refused.measured == (
        "shop = bad: 1.4000 on 90 rows, at most 1.2; shop = worse: 1.5000 on 90 rows, at most 1.2"
    )
    assert refused.next
    assert refused.picture is not None
    higher = worth_it.slices(evaluated(higher_is_better=True, slices=[group(0.5, 0.9, "low")]))
    assert "at least 1.2" in higher.measured
    nearest = [group(1.3, 1.4, "near"), group(1.9, 2.0, "far")]
    assert "shop = near" in worth_it.slices(
        evaluated(higher_is_better=True, slices=nearest)
    ).measured  # fmt: skip


@pytest.mark.parametrize("higher", [False, True])
def test_slices_line_is_the_loosest_floor(
    empty: Path, monkeypatch: pytest.MonkeyPatch, higher: bool
) -> None:
    write("regression")
    marks: list[Any] = []
    monkeypatch.setattr(worth_it, "intervals", lambda *given: marks.append(given[-1]))
    floors = [group(0.5, 0.6) | {"floor": floor} for floor in (0.4, 0.7, 0.55)]
    worth_it.slices(evaluated(higher_is_better=higher, slices=floors))
    assert marks == [0.4 if higher else 0.7]


def test_beats_baseline_line_is_the_minimum(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("regression")
    marks: list[Any] = []
    monkeypatch.setattr(worth_it, "intervals", lambda *given: marks.append(given[-1]))
    worth_it.beats_baseline(evaluated(baselines=[baseline(0.2)]))
    assert marks == [1.0]


class Champion:
    """A champion with these scores, in the order of its own classes."""

    def __init__(self, scores: Array) -> None:
        self._scores = scores

    def scores(self, rows: list[Any]) -> Array:
        assert len(rows) == len(self._scores)
        return self._scores


def old_of(context: CheckContext, **changes: Any) -> Bundle:
    """A champion of the same problem, with changes to its contract."""
    contract = replace(context.bundle.contract, **changes)
    manifest = {"data_digest": context.dataset.digest}
    return replace(context.bundle, id=OTHER, contract=contract, manifest=manifest)


def compared(
    monkeypatch: pytest.MonkeyPatch,
    context: CheckContext,
    old: Bundle | None,
    *,
    name: str | None = OTHER,
    reason: str | None = None,
    stored: bool = True,
) -> Result:
    """The result of the check where the release names such a champion."""
    place = SimpleNamespace(exists=lambda: stored)
    given = {"champion_if_any": name, "refusal": reason, "read": old, "bundle_path": place}
    given["stored"] = place
    for function, value in given.items():
        monkeypatch.setattr(worth_it, function, lambda *_, value=value: value)
    return worth_it.champion(context)


def test_champion_that_cannot_be_compared_names_the_reason(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("binary")
    context = context_of()
    inputs = context.bundle.contract.inputs
    target = context.problem.target
    other = context.problem.model_copy(
        update={"target": target.model_copy(update={"column": "lost"})}
    )
    regression = context.problem.model_copy(
        update={"target": target.model_copy(update={"task": "regression"})}
    )
    more = replace(inputs[0], name="height")
    cases = {
        "predicts lost (binary)": replace(old_of(context), problem=other),
        "predicts late (regression)": replace(old_of(context), problem=regression),
        "has the classes ['no', 'yes']": old_of(context, classes=("no", "yes")),
        "lack inputs of the champion: height": old_of(context, inputs=(*inputs, more)),
    }
    for words, old in cases.items():
        result = compared(monkeypatch, context, old)
        assert result.outcome == "warn"
        assert result.measured.startswith("not comparable: ")
        assert words in result.measured
        assert "shadow" in result.next
        assert "at most 0.01 worse" in result.required


def test_champion_none_itself_or_not_accepted(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("binary")
    context = context_of()
    assert compared(monkeypatch, context, None, name=None).outcome == "not applicable"
    own = compared(monkeypatch, context, None, name=context.bundle.id)
    assert own.outcome == "not applicable"
    assert "this bundle" in own.measured
    refused = compared(monkeypatch, context, None, reason="nobody signed")
    assert (refused.outcome, "nobody signed" in refused.measured) == ("refuse", True)
    assert refused.next


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_champion_is_compared_by_the_classes_of_the_present_problem(
    empty: Path, monkeypatch: pytest.MonkeyPatch, task: Task
) -> None:
    write(task)
    context = context_of()
    classes, rng = context.dataset.targets.classes, np.random.default_rng(0)
    rows = len(context.dataset.test)
    shares = rng.dirichlet(np.ones(len(classes) or 1), rows)
    own = rng.random(rows) if task != "multiclass" else rng.dirichlet(np.ones(3), rows)
    other = {"binary": shares[:, -1], "multiclass": shares, "regression": rng.random(rows)}[task]
    predictions = predicted(context, own)
    value = {"name": "m", "value": 0.5, "low": 0.4, "high": 0.6}
    context = context_of(predictions=predictions, evaluation={"candidate": value})
    metric, targets = METRICS[context.problem.success.metric], predictions.targets
    options = {"stratify": task != "regression", "groups": targets.groups}
    gain = measure_gain(metric, targets.values, own, other, **options)  # type: ignore[arg-type]
    # The champion has the same classes in another order.
    old = old_of(context, classes=classes[::-1])
    scores = shares[:, ::-1] if classes else other
    monkeypatch.setattr(worth_it, "load", lambda *_, **__: Champion(scores))
    result = compared(monkeypatch, context, old)
    assert f"gain in {metric.name} over champion {OTHER[:12]} {gain.value:+.4f}" in result.measured
    assert f"({gain.low:+.4f} to {gain.high:+.4f})" in result.measured
    assert OTHER[:12] in result.measured
    assert "other data" not in result.measured
    assert result.picture is not None
    assert "champion" in result.picture.svg
    old.manifest["data_digest"] = "another"
    assert "other data" in compared(monkeypatch, context, old).measured


def test_champion_absent_from_the_store_is_read_and_refused_there(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record may be missing only because the bundle is: the reader has the clearer message."""
    write("regression")
    context = context_of()
    old = old_of(context)
    old = replace(old, contract=Contract("regression", ("x",), (), ()))
    result = compared(monkeypatch, context, old, reason="no record", stored=False)
    assert "not accepted" not in result.measured
