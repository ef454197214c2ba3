"""An expectation is measured on the rows and values that problem.toml names."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.columns import json_value
from engine.gate.checks import behaviour as room
from engine.gate.checks.behaviour import behaviour
from engine.gate.checks.check import CheckContext, Result
from engine.problem.errors import BadInput
from engine.problem.spec import PROBLEM_FILE, Task
from engine.tests.gate.untrained import context_of, write

Row = dict[str, Any]


def project(expectation: str, task: Task = "regression") -> CheckContext:
    write(task)
    text = PROBLEM_FILE.read_text().split("[[expectations", 1)[0]
    PROBLEM_FILE.write_text(f"{text}\n{expectation}")
    return context_of()


class Asked:
    """A predictor that keeps the rows of each call, and answers by a function of a row."""

    def __init__(self, score: Any, decision: Any = None) -> None:
        self.calls: list[list[Row]] = []
        self._score, self._decision = score, decision

    def scores(self, rows: list[Row]) -> Any:
        self.calls.append(rows)
        return np.array([self._score(row) for row in rows])

    def predict(self, rows: list[Row]) -> list[Row]:
        self.calls.append(rows)
        return [{"score": self._score(row), "decision": self._decision} for row in rows]


def result_of(expectation: str, predictor: Asked, task: Task = "regression") -> Result:
    context = project(expectation, task)
    context.__dict__["predictor"] = predictor
    return behaviour(context)


def minimum(row: str, decides: str, because: str = "it is plain") -> str:
    return f'[[expectations.minimum]]\nrow = {{ {row} }}\n{decides}\nbecause = "{because}"\n'


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


def test_direction_small_moves_the_wrong_way_count_as_none(empty: Path) -> None:
    """A twentieth of a standard deviation counts, a hundredth does not."""

    def moved(share: float) -> Result:
        def score(row: Row) -> float:
            # Rows of one shop move a little the wrong way, all others far the right way.
            wrong = row["shop"] == "north"
            base = 10.0 * (row["weight"] or 0.0)
            return float(base - share * row["items"] if wrong else base + 50 * row["items"])

        return result_of(DIRECTION.format("items", 1.0, "rises"), Asked(score))

    assert moved(0.001).outcome == "pass"


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
