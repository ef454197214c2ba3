"""The text of the decision rule agrees with its tree."""

import numpy as np
import pandas as pd
import pytest

from engine.contract.column import Column
from engine.data.load import inputs
from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, mixed, problem
from engine.training.insight import describe_rule
from poc.model import candidates


def written(frame: pd.DataFrame, outcome: object, task: Task, columns: tuple[Column, ...]) -> str:
    tried = candidates(columns, task, 0)
    model = next(one.model for one in tried if one.name == "rule")
    return describe_rule(model.fit(frame, outcome), columns, problem(task))


def test_describe_a_number_and_a_category() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"km": rng.uniform(0, 500, 1000), "sky": rng.choice(["clear", "rain", "storm"], 1000)}
    ).astype({"sky": "str"})
    columns = (Column("km", "number"), Column("sky", "category"))
    outcome = (frame["sky"] == "storm") | (frame["km"] > 350)
    text = written(frame, outcome, "binary", columns)
    assert text == (
        "if sky is storm then outcome in 100 % of rows; otherwise if km ≤ 350 then outcome in 0 % "
        "of rows; otherwise outcome in 100 % of rows"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [("flag", "flag"), ("word", "word is "), ("day", " of day "), ("integer", "integer ")],
)
def test_describe_every_type_of_column(name: str, words: str) -> None:
    columns = tuple(one for one in COLUMNS if one.name == name)
    frame = inputs(mixed(500), columns)
    frame = frame[frame[name].notna()]
    value = frame[name].dt.hour if name == "day" else frame[name].factorize()[0]
    text = written(frame, np.asarray(value, float), "regression", columns)
    assert words in text
    assert "outcome is" in text


def test_describe_a_tree_without_decisions() -> None:
    columns = COLUMNS[:1]
    frame = inputs(mixed(100), columns).assign(number=1.0)
    assert written(frame, np.arange(100) % 2 == 0, "binary", columns) == (
        "always outcome in 50 % of rows"
    )


def test_describe_classes_names_the_likeliest() -> None:
    columns = COLUMNS[1:2]
    frame = inputs(mixed(300), columns)
    text = written(frame, np.where(frame["integer"] > 4, "high", "low"), "multiclass", columns)
    assert "outcome is low in 100 % of rows" in text
    assert "outcome is high in 100 % of rows" in text
