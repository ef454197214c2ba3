"""Test rows that are not separate are refused; a test set that is used up is a warning."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bundle.bundle import read as read_bundle
from engine.data.digest import digest
from engine.data.split import Split
from engine.gate.checks.check import CheckContext
from engine.gate.checks.honest import MOST_EVALUATIONS, split
from engine.problem.spec import read
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import put
from engine.tests.gate.made import MODEL, ORDERS
from engine.tests.gate.untrained import context_of, run_of, write
from engine.training.dataset import gather


def test_split_mixing_times_is_refused(workshop: Make) -> None:
    made = workshop("binary")
    dataset = gather(read(), ORDERS)
    rows = np.random.default_rng(0).permutation(len(dataset.frame))
    mixed = Split(np.sort(rows[180:]), np.sort(rows[:180]), dataset.split.description)
    context = CheckContext(read_bundle(made.bundle), MODEL, replace(dataset, split=mixed))
    result = split(context)
    assert result.outcome == "refuse"
    assert "not later than the last training row" in result.measured


def test_split_other_than_in_training_is_refused(
    workshop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = workshop("regression")
    assert made.run("split").outcome == "pass"
    monkeypatch.setattr("engine.data.split.PARTS", 4)
    finding = made.run("split")
    assert finding.outcome == "refuse"
    assert "trained with another split" in finding.measured


@pytest.mark.parametrize(
    ("times", "outcome"), [(MOST_EVALUATIONS, "pass"), (MOST_EVALUATIONS + 1, "warn")]
)
def test_split_many_test_evaluations_are_a_warning(
    workshop: Make, times: int, outcome: str
) -> None:
    made = workshop("regression")
    made.edit_json("evaluation.json", put(times, "test_evaluations"))
    finding = made.run("split")
    assert (finding.outcome, f"(evaluation {times} on this test set)" in finding.measured) == (
        outcome,
        True,
    )


def recorded(context: CheckContext) -> dict[str, str]:
    """What the run of such a split records."""
    outcomes = context.dataset.test[[context.problem.target.column]]
    return {"split": context.dataset.split.description, "test_digest": digest(outcomes)}


@pytest.mark.parametrize(
    ("counted", "outcome"), [(None, "pass"), (MOST_EVALUATIONS, "pass"), (11, "warn")]
)
def test_split_evaluations_that_mlflow_counted_are_a_warning(
    empty: Path, counted: int | None, outcome: str
) -> None:
    """A bundle may claim fewer than its run has."""
    write("regression")
    context = context_of()
    context.__dict__["run"] = run_of(recorded(context), counted)
    assert context.training_result.test_evaluations == 0
    result = split(context)
    assert result.outcome == outcome
    assert f"(evaluation {counted or 0} on this test set)" in result.measured


@pytest.mark.parametrize("key", ["split", "test_digest"])
def test_split_other_test_rows_in_the_run_are_refused(empty: Path, key: str) -> None:
    """The description and the rows each count: two splits may have one description."""
    write("regression")
    context = context_of()
    context.__dict__["run"] = run_of(recorded(context) | {key: "another"})
    assert split(context).outcome == "refuse"


def test_split_unknown_run_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", put("0" * 32, "run_id"))
    finding = made.run("split")
    assert (finding.outcome, "found none" in finding.measured) == ("refuse", True)
