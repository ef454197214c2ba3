"""A column known too late is refused by name; a score that is nearly perfect is looked at twice."""

import pytest

from handoff.checks.honest import too_good
from tests.handoff.conftest import Make
from tests.handoff.lies import PROBLEM

EXCLUDED = '[columns.excluded]\narrived_at = "known only after the outcome"\n'


def late(line: str, excluded: str = "[columns.excluded]\n") -> str:
    return f"[columns.known_after]\n{line}\n\n{excluded}"


def test_an_input_of_the_contract_that_is_known_too_late_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    said = late('insured = "when the bill is paid"', EXCLUDED)
    made.edit("problem.toml", EXCLUDED, said, also=PROBLEM)
    leak = made.ask("leakage")
    assert leak.verdict == "refuse"
    assert leak.measured == "insured: it is known too late: when the bill is paid"
    assert '"insured" = ' in leak.next


def test_a_column_known_too_late_that_is_no_input_passes(workshop: Make) -> None:
    made = workshop("regression")
    said = late('arrived_at = "when the order has arrived"')
    made.edit("problem.toml", EXCLUDED, said, also=PROBLEM)
    assert made.ask("leakage").verdict == "pass"


@pytest.mark.parametrize(
    ("name", "value", "high", "warned"),
    [
        ("roc_auc", 0.999, 1.0, True),
        ("roc_auc", 0.97, 0.98, False),
        ("roc_auc", 0.90, 1.0, False),  # a few rows can tell nothing
        ("balanced_accuracy", 0.9667, 1.0, True),
        ("r2", 0.9999, 0.9999, True),
        ("accuracy", 0.999, 1.0, False),  # one class is rare
    ],
)
def test_a_second_look_is_asked_for_near_perfection_only(
    name: str, value: float, high: float, warned: bool
) -> None:
    found = too_good({name: {"value": value, "low": value, "high": high}})
    assert found == ([f"{name} {value:.4f}"] if warned else [])
