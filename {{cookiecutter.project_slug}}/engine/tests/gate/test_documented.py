"""Placeholders are refused; assumed answers and undescribed inputs are warnings."""

import pytest

from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import PROBLEM
from engine.tests.gate.made import ORDERS, Workshop

NOTES = {
    "a word of its own": ('because = "both shops pack alike"', 'because = "TODO ask the shops"'),
    "unsaid": ('intended_use = "Orders at checkout."', 'intended_use = "Not yet said: for what."'),
    "a gap": ('question = "How will this order go?"', 'question = "How will <the target> go?"'),
    "a question": ('customer = "names a person"', 'customer = "why ???"'),
}


@pytest.mark.parametrize("what", NOTES)
def test_documented_placeholder_in_the_problem_is_refused(workshop: Make, what: str) -> None:
    made = workshop("regression")
    made.edit("problem.toml", *NOTES[what], also=PROBLEM)
    finding = made.run("documented")
    assert finding.outcome == "refuse"
    assert "model_card.md" not in finding.measured


def test_documented_placeholder_in_the_card_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("model_card.md", "## Data", "## Data\n\nTBD\n")
    assert "model_card.md: TBD" in made.run("documented").measured


def test_documented_assumed_answer_is_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("problem.toml", *NOTES["unsaid"], also=PROBLEM)
    assumed = 'assumed = ["decision.intended_use"]'
    made.edit("problem.toml", "assumed = []", assumed, also=PROBLEM)
    finding = made.run("documented")
    assert finding.outcome == "warn"
    assert "assumed: decision.intended_use" in finding.measured
    assert finding.next == "Answer the assumed questions in problem.toml."


def test_documented_undescribed_input_is_a_warning(workshop: Make) -> None:
    made = workshop("regression")
    undescribed = ORDERS.update_column("weight", description=None)
    finding = Workshop(made.root, undescribed, made.bundle).run("documented")
    assert (finding.outcome, finding.measured) == ("warn", "no description: weight")
    assert "assumed" not in finding.next
