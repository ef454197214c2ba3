"""A server clearly over its budget is refused; one near it gets a warning."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from engine.gate.checks import budget
from engine.gate.checks.budget import CLEARLY, NEAR, Measured, evaluate
from engine.gate.checks.check import Outcome
from engine.problem.tables import Budget
from engine.serving.server_process import Connection, memory_mb
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
    assert bool(result.next) == (outcome != "pass")
    assert result.picture is not None
    assert "50 ms" in result.picture.caption
    assert f"p99 {measured.p99_ms:.1f} ms, {measured.rps:.0f} responses/s" in result.measured
    assert result.required == "p99 50 ms, 100 responses/s, 500 MB"


def test_budget_times_are_milliseconds_and_rates_per_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server of known speed: 20 ms a request, one in fifty 100 ms; 90 ms of processor time."""
    requests, spent = count(), count()

    @contextmanager
    def serving(*_: object) -> Iterator[tuple[Connection, int]]:
        yield Connection("127.0.0.1", 1), os.getpid()

    paths = set[object]()

    def call(_: object, path: str, row: object) -> None:
        paths.add((path, str(row)))
        time.sleep(0.1 if next(requests) % 50 == 7 else 0.02)

    monkeypatch.setattr(budget, "server", serving)
    monkeypatch.setattr(budget, "call", call)
    monkeypatch.setattr(budget, "processor_seconds", lambda _: 4.5 * next(spent))
    monkeypatch.setattr(budget, "CORES", 1)
    monkeypatch.setattr(budget, "WINDOWS", 1)
    measured = budget._measure(Path(), [{}] * 50)
    assert len(measured.times_ms) == 50
    assert 20 <= min(measured.times_ms) < 60
    assert 60 < measured.p99_ms <= max(measured.times_ms)
    assert measured.computed_ms == pytest.approx(90)
    assert 50 < measured.rps <= budget.CLIENTS / 0.02
    assert measured.memory_mb == pytest.approx(memory_mb(os.getpid()), rel=0.2)
    assert measured.slowdown > 0.9
    assert paths == {("/v1/predict", "{}")}


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
