"""Figures and leaks: what is measured, and which lines to paste."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.data.digest import digest
from engine.gate.checks import honest
from engine.gate.checks.check import CheckContext, Result
from engine.leakage import Leak
from engine.tests.gate.untrained import context_of, run_of, write
from engine.training.suspicion import too_good

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
    tried: list[Any] = []

    def singles(_: object, __: object, others: list[Any]) -> tuple[Leak, ...]:
        tried.extend(one.name for one in others)
        return single

    monkeypatch.setattr(honest, "find", lambda *_: leaks)
    monkeypatch.setattr(honest, "single_class_values", singles)

    def strongest(dataset: object, _: object) -> str:
        assert dataset is context.dataset
        return "strongest inputs: items"

    monkeypatch.setattr(honest, "strongest_inputs", strongest)
    result = honest.leakage(context)
    if result.outcome != "refuse":
        names = {column.name for column in context.dataset.columns}
        assert {*tried} == names - {name for leak in leaks for name in leak.columns}
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
    assert advice.startswith(
        "If a column is known in time, state why under [columns.known_in_time]"
    )
    assert "[columns.known_after]" in advice
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
    assert "declares insured already" in result.next
    assert "[columns.known_after]" not in result.next
    assert not result.next.endswith(" ")
    both = leaked(monkeypatch, [LATE, FOUND], excluded={"insured": "later"})
    assert "declares insured already" in both.next
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
