"""A server clearly over its budget is refused; one near it gets a warning."""

from dataclasses import replace

import pytest

from engine.gate.checks.budget import CLEARLY, NEAR, Measured, evaluate
from engine.gate.checks.check import Outcome
from engine.problem.tables import Budget
from engine.tests.gate.conftest import Make
from engine.tests.gate.lies import PROBLEM

ALLOWED = Budget(latency_p99_ms=50.0, throughput_rps=100.0, memory_mb=500.0)
LIGHT = Measured(p99_ms=10.0, rps=900.0, memory_mb=200.0, times_ms=(5.0, 10.0))
OVER, CLOSE = CLEARLY * 1.01, NEAR * 1.01


@pytest.mark.parametrize(
    ("measured", "outcome", "words"),
    [
        (LIGHT, "pass", ""),
        (replace(LIGHT, p99_ms=50 * OVER), "refuse", "p99 is clearly over"),
        (replace(LIGHT, p99_ms=50.0), "warn", "p99 is near"),
        (replace(LIGHT, rps=100 / OVER), "refuse", "throughput is clearly over"),
        (replace(LIGHT, rps=100 / CLOSE), "warn", "throughput is near"),
        (replace(LIGHT, memory_mb=500 * OVER), "refuse", "memory is clearly over"),
        (replace(LIGHT, memory_mb=500 * CLOSE), "warn", "memory is near"),
        # On a busy machine, only memory and the processor time of the server itself refuse.
        (replace(LIGHT, p99_ms=500.0, rps=1.0, slowdown=3.0), "warn", "Check again while"),
        (replace(LIGHT, memory_mb=5_000.0, slowdown=3.0), "refuse", "memory is clearly over"),
        (replace(LIGHT, p99_ms=500.0, computed_ms=50 * OVER, slowdown=3.0), "refuse", "p99 is"),
        (replace(LIGHT, p99_ms=500.0, computed_ms=50.0, slowdown=3.0), "warn", "Check again while"),
    ],
)
def test_budget_measurement_gets_its_outcome(
    measured: Measured, outcome: Outcome, words: str
) -> None:
    result = evaluate(measured, ALLOWED)
    assert (result.outcome, words in result.next) == (outcome, True)


def test_budget_measures_the_real_server(workshop: Make) -> None:
    made = workshop("regression")
    made.edit("problem.toml", "latency_p99_ms = 5000.0", "latency_p99_ms = 0.001", also=PROBLEM)
    finding = made.run("budget")
    assert finding.outcome == "refuse"  # on a busy machine too: computing alone takes longer
    assert "MB" in finding.measured
    assert finding.picture is not None


def test_budget_server_that_does_not_start_is_refused(workshop: Make) -> None:
    made = workshop("regression")
    made.edit_json("contract.json", lambda value: value["inputs"].pop())
    finding = made.run("budget")
    assert finding.outcome == "refuse"
    assert finding.measured.startswith("the server did not start")
    assert "python -m serving run" in finding.next
