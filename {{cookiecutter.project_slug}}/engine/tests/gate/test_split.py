"""Test rows that are not separate are refused; a test set that is used up is a warning."""

from dataclasses import replace

import numpy as np
import pytest

from engine.bundle.bundle import read as read_bundle
from engine.data.split import Split
from engine.gate.checks.check import CheckContext
from engine.gate.checks.honest import MOST_EVALUATIONS, split
from engine.problem.spec import read
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import put
from engine.tests.gate.made import MODEL, ORDERS
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


def test_split_unknown_run_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("manifest.json", put("0" * 32, "run_id"))
    finding = made.run("split")
    assert (finding.outcome, "found none" in finding.measured) == ("refuse", True)
