"""An expectation is measured on the rows and values that problem.toml names."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.columns import json_value
from engine.gate.checks import behaviour as room
from engine.gate.checks.behaviour import behaviour
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.gate.expecting import Asked, Row, Scored, minimum, project, result_of
from engine.tests.gate.untrained import context_of


@pytest.mark.parametrize(
    ("decides", "score", "outcome"),
    [
        ("above = 8.0", 8.0001, "pass"),
        ("above = 8.0", 8.0, "refuse"),
        ("below = 8.0", 7.9999, "pass"),
        ("below = 8.0", 8.0, "refuse"),
        ("above = 7.0\nbelow = 9.0", 8.0, "pass"),
        ("above = 7.0\nbelow = 9.0", 9.5, "refuse"),
    ],
)
def test_minimum_limits_are_not_met_at_themselves(
    empty: Path, decides: str, score: float, outcome: str
) -> None:
    result = result_of(minimum("items = 20", decides), Asked(lambda _: score))
    assert result.outcome == outcome
    assert f"items = 20: score {score:.3f}" in result.measured
    assert bool(result.next) == (outcome == "refuse")


@pytest.mark.parametrize(("decision", "outcome"), [("slow", "pass"), ("fast", "refuse")])
def test_minimum_decision_is_compared(empty: Path, decision: str, outcome: str) -> None:
    predictor = Asked(lambda _: 0.9, decision)
    result = result_of(minimum("items = 20", 'decision = "slow"'), predictor, "multiclass")
    assert result.outcome == outcome
    assert outcome == "pass" or f"decision {decision}, expected slow" in result.measured


def test_minimum_case_is_completed_to_a_typical_row(empty: Path) -> None:
    """The median of numbers and dates, the most frequent of all else; without missing values."""
    predictor = Asked(lambda _: 9.0)
    result_of(minimum('items = 20, carrier = "red"', "above = 8.0"), predictor)
    [[row]] = predictor.calls
    context = context_of()
    train, columns = context.dataset.train, context.dataset.columns
    expected = {}
    for column in columns:
        values = train[column.name].dropna()
        ranked = values.sort_values().iloc[len(values) // 2]
        usual = values.value_counts().index[0]
        ordered = column.type in ("number", "integer", "date")
        expected[column.name] = json_value(ranked if ordered else usual, column.type)
    assert row == expected | {"items": 20, "carrier": "red"}


def test_minimum_typical_row_of_a_column_without_values_has_none(empty: Path) -> None:
    context = project(minimum("items = 20", "above = 8.0"))
    train = context.dataset.train.assign(weight=np.nan, carrier=pd.Series(dtype="str"))
    object.__setattr__(context.dataset, "train", train)
    context.__dict__["predictor"] = predictor = Asked(lambda _: 9.0)
    assert behaviour(context).outcome == "pass"
    [[row]] = predictor.calls
    assert (row["weight"], row["carrier"]) == (None, None)


MISTAKES: dict[str, tuple[str, str, str]] = {
    "minimum of no input": (minimum("itemz = 2", "above = 8.0"), "unknown-column", "itemz"),
    "minimum of no category": (
        minimum('carrier = "rad"', "above = 8.0"), "unknown-category", "blue, green, red",
    ),
    "minimum of a value out of range": (
        minimum("items = 900", "above = 8.0"), "invalid-expectation", "items",
    ),
    "minimum of another type": (
        minimum('items = "two"', "above = 8.0"), "invalid-expectation", "it is plain",
    ),
    "invariance of no input": (
        '[[expectations.invariance]]\ncolumn = "shoe"\nwithin = 0.5\nbecause = "it is so"\n',
        "unknown-column", "shop",
    ),
    "direction of no input": (
        '[[expectations.direction]]\ncolumn = "itemz"\nstep = 1.0\nscore = "rises"\n'
        'because = "it is so"\n', "unknown-column", "itemz",
    ),
    "direction of no number": (
        '[[expectations.direction]]\ncolumn = "carrier"\nstep = 1.0\nscore = "rises"\n'
        'because = "it is so"\n', "invalid-expectation", "carrier",
    ),
    "direction beyond the range": (
        '[[expectations.direction]]\ncolumn = "items"\nstep = 20.0\nscore = "rises"\n'
        'because = "it is so"\n', "invalid-expectation", "items + 20",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MISTAKES)
def test_expectation_that_cannot_be_measured_is_an_error(empty: Path, what: str) -> None:
    expectation, code, fact = MISTAKES[what]
    with pytest.raises(BadInput, match=fact.replace("+", r"\+")) as refused:
        result_of(expectation, Asked(lambda _: 9.0))
    assert refused.value.code == code


def test_invariance_tries_other_values_of_the_training_rows(empty: Path) -> None:
    """At most five of them, from the least to the greatest."""
    expectation = (
        '[[expectations.invariance]]\ncolumn = "items"\nwithin = 0.5\nbecause = "it is so"\n'
    )
    predictor = Asked(lambda row: 0.0)
    assert result_of(expectation, predictor).outcome == "pass"
    context = context_of()
    values = np.sort(context.dataset.train["items"].unique())
    tried = [{row["items"] for row in call} for call in predictor.calls[1:]]
    picked = np.linspace(0, len(values) - 1, room.OTHER_VALUES, dtype=int)
    assert tried == [{int(values[at])} for at in picked]
    assert all(len(call) == len(context.dataset.test) for call in predictor.calls)


@pytest.mark.parametrize(("within", "outcome"), [(0.25, "pass"), (0.249, "refuse")])
@pytest.mark.parametrize("task", ["regression", "multiclass", "binary"])
def test_invariance_limit_is_the_largest_change_of_any_score(
    empty: Path, within: float, outcome: str, task: Task
) -> None:
    """Of two classes that of the positive one, of several that of any."""

    def score(row: Row) -> Any:
        high = 0.25 * (row["shop"] == "south")
        return {"regression": high, "binary": [1 - high, high],
                "multiclass": [0.5 - high, 0.5, high]}[task]  # fmt: skip

    expectation = (
        f'[[expectations.invariance]]\ncolumn = "shop"\nwithin = {within}\nbecause = "it is so"\n'
    )
    result = result_of(expectation, Asked(score), task)
    assert result.outcome == outcome
    assert outcome == "pass" or f"shop moves the score by more than {within:g}" in result.measured


def test_expectations_refusal_outweighs_a_warning(empty: Path) -> None:
    """Some 7 % of the rows break the first expectation, which is no sure fault."""
    one = '[[expectations.invariance]]\ncolumn = "shop"\nwithin = 0.5\nbecause = "it is so"\n'
    context = project(one + minimum("items = 9", "above = 9"))
    number = len(context.dataset.test)
    breaks = 0.6 * (np.arange(number) < 0.07 * number)
    calls = iter([np.zeros(number), breaks, breaks])
    scored = Scored(lambda _: next(calls))
    context.__dict__["predictor"] = scored
    scored.predict = lambda rows: [{"score": 8.0, "decision": None}]  # type: ignore[method-assign]
    result = behaviour(context)
    assert (result.outcome, "items = 9" in result.measured) == ("refuse", True)
    assert "shop" not in result.measured


def test_expectations_worst_outcome_is_that_of_the_check(empty: Path) -> None:
    text = "".join(minimum(f"items = {n}", f"above = {n}") for n in (5, 9, 12))
    result = result_of(text, Asked(lambda _: 8.0))
    assert result.outcome == "refuse"
    assert result.measured == (
        "items = 9: score 8.000, expected above 9; items = 12: score 8.000, expected above 12"
    )
    assert "5 %" in result.required


def test_expectations_are_measured_on_rows_of_the_whole_test(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ROWS", 4)
    expectation = (
        '[[expectations.invariance]]\ncolumn = "shop"\nwithin = 0.5\nbecause = "it is so"\n'
    )
    predictor = Asked(lambda _: 0.0)
    result_of(expectation, predictor)
    dataset = context_of().dataset
    picked = np.linspace(0, len(dataset.test) - 1, 4, dtype=int)
    expected = dataset.test.iloc[picked]["items"].tolist()
    assert [row["items"] for row in predictor.calls[0]] == expected
