"""An expectation is counted row by row: a mean that is right hides no rows that break it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.check import CheckContext, Outcome, Result
from engine.problem.spec import PROBLEM_FILE
from engine.tests.gate.made import DIRECTION
from engine.tests.gate.untrained import Scored, context_of, write
from engine.tests.training.made import refused

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


def with_values(column: str, values: object) -> CheckContext:
    """The context of a project whose test and training rows all have these values."""
    context = context_of(predictor=Scored(0.0, 0.5))
    for rows in (context.dataset.test, context.dataset.train):
        rows[column] = pd.Series(values, index=rows.index, dtype=rows[column].dtype)
    return context


@pytest.mark.parametrize("maximum", [40.0, None])
def test_direction_zero_is_a_value_and_missing_is_none(empty: Path, maximum: float | None) -> None:
    """Rows without a value take no step, whether the contract has a maximum or not."""
    project(DIRECTION.replace('"items"', '"weight"'))
    context = with_values("weight", 0.0)
    dataset = context.dataset
    dataset.test.loc[:9, "weight"] = None
    columns = [
        replace(one, maximum=maximum) if one.name == "weight" else one for one in dataset.columns
    ]
    dataset.__dict__.update(columns=tuple(columns))
    result = behaviour(context)
    assert result.outcome == "pass"
    assert f"of {len(dataset.test) - 10} rows" in result.measured


@pytest.mark.parametrize(
    ("expectation", "column", "value"),
    [
        (DIRECTION.replace('"items"', '"weight"'), "weight", np.nan),
        (INVARIANCE, "shop", "north"),
        (INVARIANCE.replace("shop", "insured"), "insured", pd.NA),
    ],
)
def test_expectation_that_no_row_can_test_is_refused(
    empty: Path, expectation: str, column: str, value: object
) -> None:
    """It would pass whatever the model does."""
    project(expectation)
    with refused("invalid-expectation", column):
        behaviour(with_values(column, value))
