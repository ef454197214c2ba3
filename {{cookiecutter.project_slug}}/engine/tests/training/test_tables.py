"""Training on small, wide and uninformative tables."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, problem, refused
from engine.tests.training.training import schema, table, train_here, write_project
from engine.training.candidates import Candidate, ModelDefinition
from engine.training.report.pages import write_training_page
from poc.model import candidates
from poc.train import train


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_train_on_a_hundred_rows(here: Path, task: Task) -> None:
    run = train_here(problem(task), table(task, 100))
    result = run.metadata
    assert len(run.data.table) == pytest.approx(80, abs=2)
    assert len(result["importance"]) == len(COLUMNS)
    assert write_training_page(run).stat().st_size < 500_000


def test_features_of_few_rows_keep_rarer_categories() -> None:
    frame = pd.DataFrame({"word": pd.Series(["a"] * 90 + ["b"] * 7 + ["c"] * 3, dtype="str")})
    for rows, features in ((100, 3), (100_000, 2)):
        model = candidates(COLUMNS[4:5], "regression", 0, rows)[-1].model
        assert model[0].fit(frame).transform(frame).shape[1] == features


def test_train_on_three_hundred_columns_gives_no_warning(here: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 300)), columns=[f"x{i}" for i in range(300)])
    frame["outcome"] = frame["x0"] + frame["x1"] + 0.5 * rng.normal(size=300) > 0
    write_project(problem("binary"), frame)
    rules = {name: pa.Column(bool if name == "outcome" else float) for name in frame}
    with warnings.catch_warnings():
        # Warnings of scikit-learn, pandas and numpy; not those of MLflow about its type hints.
        warnings.filterwarnings("error", module="sklearn|pandas|numpy|poc|engine")
        definition = ModelDefinition(pa.DataFrameSchema(rules), candidates)
        run = train(
            problem("binary"),
            definition,
            lambda _: None,
        )
    result = run.metadata
    assert {"x0", "x1"} == {one["column"] for one in result["importance"][:2]}


def test_train_a_model_that_earns_nothing_warns(here: Path) -> None:
    rng, frame = np.random.default_rng(0), table("multiclass")
    frame["outcome"] = pd.Series(
        np.where(rng.random(len(frame)) < 0.9, "often", "rarely"), dtype="str"
    )
    messages: list[str] = []
    run = train_here(problem("multiclass"), frame, messages)
    result = run.metadata
    assert result["value"]["per_1000_rows"] <= result["value"]["do_nothing"]
    assert any(line == f"Warning: {result['warnings'][0]}" for line in messages)


def test_train_a_model_that_acts_on_every_row_warns(here: Path) -> None:
    """Missing a case costs so much that acting on every row is best; a model adds nothing."""
    spec, rng = problem("binary"), np.random.default_rng(0)
    costs = {"true_positive": 100.0, "false_positive": -1.0, "false_negative": -1000.0}
    spec = spec.model_copy(update={"value": spec.value.model_copy(update=costs)})
    frame = table("binary").assign(outcome=rng.random(400) < 0.5)
    result = train_here(spec, frame).metadata
    value = result["value"]
    assert value["do_nothing"] < value["per_1000_rows"] <= value["act_always"]
    [warning] = result["warnings"]
    assert f"{value['act_always']:,.2f}" in warning


def test_train_an_input_without_training_values_warns(here: Path) -> None:
    """A new sensor and a new setting, both of the latest rows: the model has not seen any."""
    frame = table("binary")
    latest = frame.index >= 330
    frame["number"] = frame["number"].where(latest)
    frame["integer"] = np.where(latest, 7, 3)
    frame["outcome"] = frame["flag"] ^ (frame.index % 7 == 0)
    run = train_here(problem("binary", rows='time = "day"'), frame)
    [first, second] = run.metadata["warnings"]
    assert "'number' has no value" in first
    assert "'integer' has the value 3 only" in second


def test_train_a_model_that_earns_does_not_warn(here: Path) -> None:
    run = train_here(problem("binary"), table("binary"))
    result = run.metadata
    assert result["warnings"] == result["suspicious"]
    value = result["value"]
    assert value["do_nothing"] < value["low"] < value["per_1000_rows"] < value["high"]


def test_train_with_a_leak_warns_as_the_gate_refuses(here: Path) -> None:
    """One input gives the outcome away: the score is perfect, and no success."""
    frame = table("binary")
    messages: list[str] = []
    run = train_here(problem("binary"), frame.assign(outcome=frame["integer"] > 4), messages)
    leak, perfect = run.metadata["suspicious"]
    assert "leakage" in leak
    assert "integer" in leak
    assert "roc_auc 1.0000" in perfect
    assert f"Warning: {leak}" in messages
    assert run.metadata["warnings"][:2] == [leak, perfect]


def test_train_warns_of_a_value_in_one_class_until_its_reason_is_stated(here: Path) -> None:
    """As the gate does: late rows alone have the word, so it may be written after the outcome."""
    frame = table("binary", 1_500)
    frame["outcome"] ^= np.random.default_rng(0).random(len(frame)) < 0.2  # not nearly perfect
    positive = frame.index[frame["outcome"]][:300]
    frame.loc[positive, "word"] = "settled"
    spec = problem("binary")

    def of_word() -> list[str]:
        run = train_here(spec, frame)
        assert run.metadata["suspicious"] == []
        return [one for one in run.metadata["warnings"] if "gate will warn of word" in one]

    [warning] = of_word()
    assert "settled" in warning
    stated = spec.columns.model_copy(update={"known_in_time": {"word": "the order form has it"}})
    spec = spec.model_copy(update={"columns": stated})
    assert of_word() == []


def test_train_tries_features_on_edge_values_first(here: Path) -> None:
    """The contract allows an integer of 0, where a logarithm is infinite: nothing is trained."""

    def logarithm(*_: Any) -> tuple[Candidate, ...]:
        steps = ColumnTransformer([("log", FunctionTransformer(np.log), ["integer"])])
        model = make_pipeline(steps, HistGradientBoostingClassifier())
        return (Candidate("boosting", model),)

    frame = table("binary")
    write_project(problem("binary"), frame.assign(integer=frame["integer"].clip(lower=1)))
    definition = ModelDefinition(schema(bool), logarithm)
    with refused("feature-not-finite", "'log' is infinite", "integer is 0"):
        train(problem("binary"), definition, lambda _: None)
