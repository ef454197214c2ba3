"""A step of a column moves the score as problem.toml expects, row by row."""

from pathlib import Path

import numpy as np
import pytest

from engine.gate.checks import behaviour as room
from engine.gate.checks.behaviour import behaviour
from engine.tests.gate.expecting import Asked, Scored, project, result_of
from engine.tests.gate.untrained import context_of

DIRECTION = (
    '[[expectations.direction]]\ncolumn = "{}"\nstep = {}\nscore = "{}"\nbecause = "it is so"\n'
)


def test_direction_steps_rows_that_stay_within_the_range(empty: Path) -> None:
    predictor = Asked(lambda row: row["items"] / 10)
    result = result_of(DIRECTION.format("items", 5.0, "rises"), predictor)
    assert result.outcome == "pass"
    before, after = predictor.calls
    test = context_of().dataset.test["items"]
    assert [row["items"] for row in before] == [one for one in test if one + 5 <= 20]
    assert after == [{**row, "items": row["items"] + 5} for row in before]
    assert f"in 0 % of {len(before)} rows" in result.measured


def test_direction_leaves_out_rows_without_a_value(empty: Path) -> None:
    predictor = Asked(lambda row: row["weight"])
    assert result_of(DIRECTION.format("weight", 1.0, "rises"), predictor).outcome == "pass"
    assert all(row["weight"] is not None for call in predictor.calls for row in call)
    test = context_of().dataset.test["weight"].dropna()
    assert len(predictor.calls[0]) == int((test + 1 <= 40).sum())


@pytest.mark.parametrize(
    ("slope", "score", "outcome"),
    [
        (1.0, "rises", "pass"), (-1.0, "falls", "pass"), (-1.0, "rises", "refuse"),
        (1.0, "falls", "refuse"), (0.0, "rises", "refuse"),
    ],
)  # fmt: skip
def test_direction_mean_must_move_the_right_way(
    empty: Path, slope: float, score: str, outcome: str
) -> None:
    predictor = Asked(lambda row: slope * row["items"])
    result = result_of(DIRECTION.format("items", 2.0, score), predictor)
    assert result.outcome == outcome
    if outcome == "refuse":
        assert f"items + 2 moves the score by {2 * slope:+.4f} on average" in result.measured
        assert f"the score {score}" in result.measured


@pytest.mark.parametrize(("share", "outcome"), [(0.9, "pass"), (1.1, "refuse")])
def test_direction_small_moves_the_wrong_way_count_as_none(
    empty: Path, share: float, outcome: str
) -> None:
    """Smaller ones than a share of the standard deviation of the scores, whatever their unit."""
    context = project(DIRECTION.format("items", 1.0, "rises"))
    rows = context.dataset.test[context.dataset.test["items"] + 1 <= 20]
    before = np.linspace(0, 0.01, len(rows))
    wrong = np.arange(len(rows)) % 2 == 0
    smallest = room.SMALLEST_CHANGE * before.std()
    calls = iter([before, before + np.where(wrong, -share * smallest, 1.0)])
    context.__dict__["predictor"] = Scored(lambda _: next(calls))
    assert behaviour(context).outcome == outcome
