"""An expectation is counted row by row: a mean that is right hides no rows that break it."""

from pathlib import Path

import numpy as np
import pytest

from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.check import Outcome, Result
from engine.problem.spec import PROBLEM_FILE
from engine.tests.gate.made import DIRECTION
from engine.tests.gate.untrained import Scored, context_of, write

INVARIANCE = """
[[expectations.invariance]]
column = "shop"
within = 0.5
because = "both shops pack alike"
"""
# The share of the rows that break it, and the outcome: 5 % are tolerated.
SHARES = [(0.0, "pass"), (0.04, "pass"), (0.07, "warn"), (0.3, "refuse")]


def project(expectation: str) -> None:
    """A project that states one expectation."""
    write("regression")
    PROBLEM_FILE.write_text(PROBLEM_FILE.read_text().split("[[expectations", 1)[0] + expectation)


def outcome_of(*changes: float | np.ndarray) -> Result:
    return behaviour(context_of(predictor=Scored(*changes)))


def breaking(rows: int, share: float, broken: float, unbroken: float) -> np.ndarray:
    return np.where(np.arange(rows) < share * rows, broken, unbroken)


@pytest.mark.parametrize(("share", "outcome"), SHARES)
@pytest.mark.parametrize(("score", "sign"), [("rises", 1), ("falls", -1)])
def test_direction_rows_that_move_the_wrong_way_are_counted(
    empty: Path, share: float, outcome: Outcome, score: str, sign: int
) -> None:
    project(DIRECTION.replace("rises", score).replace("step = 5.0", "step = 1.0"))
    rows = int((context_of().dataset.test["items"] + 1 <= 20).sum())
    result = outcome_of(0.0, sign * breaking(rows, share, -0.1, 0.5))
    assert result.outcome == outcome, result.measured


@pytest.mark.parametrize(("share", "outcome"), SHARES)
@pytest.mark.parametrize("call", [0, 1])
def test_invariance_rows_that_move_for_any_value_are_counted(
    empty: Path, share: float, outcome: Outcome, call: int
) -> None:
    project(INVARIANCE)
    rows = len(context_of().dataset.test)
    changes: list[float | np.ndarray] = [0.0, 0.0]
    changes[call] = breaking(rows, share, -0.6, 0.4)
    result = outcome_of(0.0, *changes)
    assert result.outcome == outcome, result.measured
