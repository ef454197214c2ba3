"""A model that breaks an expectation of problem.toml is refused."""

import pytest

from engine.gate.checks.check import Outcome
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import PROBLEM

INVARIANCE = 'column = "shop"\nwithin = 0.5'
PLAIN = 'row = { items = 20, weight = 39.0, carrier = "red" }\nabove = 8.0'
BROKEN: dict[str, tuple[str, str, str]] = {
    "a score that moves": (
        INVARIANCE,
        'column = "items"\nwithin = 0.01',
        "items moves the score by more than 0.01 in 100 % of",
    ),
    "a score that falls": ('score = "rises"', 'score = "falls"', "items + 5 moves the score by"),
    "a plain case that is missed": (PLAIN, PLAIN.replace("8.0", "80.0"), "expected above 80"),
    "a low case that is missed": (PLAIN, PLAIN.replace("above", "below"), "expected below 8"),
    "a column of another kind": (
        'column = "items"\nstep',
        'column = "carrier"\nstep',
        "names carrier, which is no number",
    ),
    "a step too far": ("step = 5.0", "step = 50.0", "items + 50 is above its maximum"),
    "a value that is none": (
        PLAIN,
        PLAIN.replace("red", "rad"),
        "carrier = 'rad' is in no training row",
    ),
    "a value out of range": (PLAIN, PLAIN.replace("39.0", "390.0"), "weight: Input should be less"),
    "a value of another kind": (PLAIN, PLAIN.replace("20", '"20"'), "items: Input should be"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_behaviour_broken_expectation_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    old, new, words = BROKEN[what]
    made.edit("problem.toml", old, new, also=PROBLEM)
    finding = made.run("behaviour")
    assert (finding.outcome, words in finding.measured) == ("refuse", True), finding.measured


def test_behaviour_met_expectation_passes_with_its_share(workshop: Make) -> None:
    finding = workshop("regression").run("behaviour")
    assert finding.outcome == "pass"
    assert "in 0 % of 180 rows" in finding.measured


@pytest.mark.parametrize(("decision", "outcome"), [("slow", "pass"), ("fast", "refuse")])
def test_behaviour_minimum_case_compares_the_decision(
    workshop: Make, decision: str, outcome: Outcome
) -> None:
    made = workshop("multiclass")
    made.edit("problem.toml", 'decision = "slow"', f'decision = "{decision}"', also=PROBLEM)
    assert made.run("behaviour").outcome == outcome


def test_behaviour_without_expectations_is_not_applicable(workshop: Make) -> None:
    made = workshop("regression")
    path = made.root / PROBLEM
    path.write_text(path.read_text().split("[[expectations", 1)[0])
    finding = made.run("behaviour")
    assert finding.outcome == "not applicable"
    assert "[expectations]" in finding.next
