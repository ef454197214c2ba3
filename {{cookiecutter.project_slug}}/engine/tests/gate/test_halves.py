"""The monitor is tried on random halves of the test rows, and on these in the order of time."""

from pathlib import Path
from typing import Any

import pytest

from engine.gate.checks import safe_to_own
from engine.gate.checks.check import CheckContext
from engine.gate.checks.safe_to_own import monitorable
from engine.tests.gate.untrained import context_of, edit, predicted, write

AWS = "AKIA" + "ABCDEFGHIJKLMNOP"
CODE = {"commit": "0123456789abcdef" * 3, "dirty": False, "snapshot": "s"}


@pytest.fixture
def context(empty: Path) -> CheckContext:
    """A bundle and the rows of a binary project."""
    write("binary")
    return context_of()


@pytest.mark.parametrize(
    ("alarms", "outcome"), [(0, "pass"), (1, "pass"), (2, "refuse"), (5, "refuse")]
)
def test_monitorable_one_false_alarm_in_five_halves_is_chance(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch, alarms: int, outcome: str
) -> None:
    context = context_of(predictions=predicted(context, context.dataset.test["items"].to_numpy()))
    calls: list[tuple[int, int]] = []

    class Alarm:
        wrong, about, check, detail = True, "weight", "values", "moved"

    def drift(before: Any, after: Any, columns: Any, minimum: int) -> list[Any]:
        assert minimum == context.problem.monitoring.minimum_rows
        assert columns == context.dataset.columns
        assert all(list(table) == [one.name for one in columns] for table, _ in (before, after))
        # Each half has its own rows' scores: the number of items, here.
        assert all(list(table["items"]) == list(scores) for table, scores in (before, after))
        calls.append((len(before[0]), len(after[0])))
        return [Alarm()] if len(calls) <= alarms else []

    monkeypatch.setattr(safe_to_own, "drift_between", drift)
    result = monitorable(context)
    assert result.outcome == outcome
    assert set(calls) == {(90, 90)}
    assert len(calls) == (5 if outcome == "refuse" else 6)  # with time the order of the rows too
    assert f"{alarms} of 5 random halves" in result.measured
    assert outcome == "pass" or "weight (values)" in result.measured


def test_monitorable_drift_in_the_order_of_time_is_a_warning(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = context.dataset.test["items"].to_numpy()
    context = context_of(predictions=predicted(context, scores))

    class Alarm:
        about, check, detail = "weight", "values", "moved"

        def __init__(self, wrong: bool) -> None:
            self.wrong = wrong

    def drift(before: Any, after: Any, *_: Any) -> list[Any]:
        in_order = list(before[1]) == list(scores[:90]) and list(after[1]) == list(scores[90:])
        return [Alarm(in_order), Alarm(False)]

    monkeypatch.setattr(safe_to_own, "drift_between", drift)
    result = monitorable(context)
    assert result.outcome == "warn"
    assert "0 of 5 random halves; drift within the test period in 1: weight: moved" in (
        result.measured
    )
    assert result.next


@pytest.mark.parametrize(("minimum", "outcome"), [(90, "pass"), (91, "not applicable")])
def test_monitorable_needs_two_halves_of_the_fewest_rows(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch, minimum: int, outcome: str
) -> None:
    edit(("minimum_rows = 30", f"minimum_rows = {minimum}"))
    context = context_of(predictions=predicted(context, context.dataset.test["items"].to_numpy()))
    monkeypatch.setattr(safe_to_own, "drift_between", lambda *_: [])
    result = monitorable(context)
    assert result.outcome == outcome
    assert bool(result.next) == (outcome != "pass")
