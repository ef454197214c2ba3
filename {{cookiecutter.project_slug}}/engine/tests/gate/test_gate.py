"""The gate passes sound work, and refuses work that is not worth it or not honest."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.bundle.bundle import read
from engine.problem.spec import Task
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import PROBLEM, put
from engine.tests.gate.made import QUICK

TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")


@pytest.mark.parametrize("task", TASKS)
def test_gate_sound_work_passes(workshop: Make, task: Task) -> None:
    verdict = workshop(task).validate()
    verdicts = {one.check: (one.outcome, one.measured) for one in verdict.findings}
    assert [*verdicts] == [check.name for check in QUICK]
    assert {name: one for name, one in verdicts.items() if one[0] in ("warn", "refuse")} == {}
    json.dumps(verdict.to_json())


def test_gate_refusal_names_the_next_step(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("evaluation.json", lambda value: value["candidate"].update(value=0.01))
    [refusal] = made.validate().refusals
    assert refusal.measured.startswith("evaluation.json candidate value is 0.01, expected ")
    assert refusal.required
    assert refusal.next


# --- worth it ------------------------------------------------------------------------------------

# Changed in the project and in the bundle: the bundle is true, but the model is not worth it.
NOT_WORTH_IT = {
    "problem complete": (
        'action = "Call the customer."',
        'action = "Not yet said: what is done."',
    ),
    "beats the baseline": ("minimum = 1.0", "minimum = 0.001"),
    "slices": ("floor = 1.2", "floor = 0.001"),
}


@pytest.mark.parametrize("check", NOT_WORTH_IT)
def test_worth_it_failing_case_is_refused(workshop: Make, check: str) -> None:
    made = workshop("regression")
    made.edit("problem.toml", *NOT_WORTH_IT[check], also=PROBLEM)
    assert made.run(check).outcome == "refuse"


def test_beats_baseline_uncertain_gain_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    gain = read(made.bundle).evaluation["baselines"][0]["difference"]
    between = (gain["low"] + gain["value"]) / 2
    made.edit("problem.toml", "margin = 0.1", f"margin = {between}", also=PROBLEM)
    assert made.run("beats the baseline").outcome == "refuse"


def test_problem_complete_assumed_answers_are_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("problem.toml", "assumed = []", 'assumed = ["value"]', also=PROBLEM)
    finding = made.run("problem complete")
    assert finding.outcome == "warn"
    assert "value" in finding.next


# --- honest --------------------------------------------------------------------------------------

LIES_ABOUT_ITSELF: dict[str, tuple[str, Callable[[Any], None]]] = {
    "a better measure": ("evaluation.json", put(0.1, "candidate", "value")),
    "a narrower interval": ("evaluation.json", put(0.7, "candidate", "high")),
    "a worse baseline": ("evaluation.json", put(9.0, "baselines", 0, "value")),
    "a surer gain": ("evaluation.json", put(9.0, "baselines", 0, "difference", "low")),
    "no baseline": ("evaluation.json", put([], "baselines")),
    "another direction": ("evaluation.json", put(True, "higher_is_better")),
    "a group better off": ("evaluation.json", put(0.1, "slices", 0, "metric")),
    "a group less": ("evaluation.json", lambda value: value["slices"].pop()),
    "more money": ("evaluation.json", put(10**6, "value", "per_1000_rows")),
    "a word more": ("evaluation.json", put("certified", "award")),
    "counts of another day": ("reference.json", put(999, "score", "counts", 0)),
    "bins that see nothing": ("reference.json", put([], "features", 0, "edges")),
    "a better reference": ("reference.json", put(0.1, "performance", "value")),
}


@pytest.mark.parametrize("lie", LIES_ABOUT_ITSELF)
def test_evaluation_changed_figure_is_refused(workshop: Make, lie: str) -> None:
    made = workshop("regression")
    made.edit_json(*LIES_ABOUT_ITSELF[lie])
    assert made.run("evaluation").outcome == "refuse"


def test_evaluation_edited_card_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("model_card.md", "Rating customers.", "Nothing.")
    assert made.refused_by() == {"evaluation"}


def test_evaluation_changed_threshold_is_refused(workshop: Make) -> None:
    made = workshop("binary")
    made.edit_json("evaluation.json", put(0.99, "threshold"))
    assert made.refused_by() == {"evaluation", "parity"}


def test_leakage_column_known_after_the_outcome_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    for line in ('arrived_at = "known only after the outcome"\n', 'speed = "another outcome"\n'):
        made.edit("problem.toml", line, "", also=PROBLEM)
    [leak] = [one for one in made.validate().refusals if one.check == "leakage"]
    assert "ordered_at" in leak.measured
    assert '"arrived_at" = ' in leak.next
