"""Tables that are small, wide or hopeless are trained on too, and said to be what they are."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, problem
from engine.tests.training.training import fetched, framed_here, table, trained
from engine.training.candidates import ModelDefinition
from poc.model import candidates
from poc.train import train


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_hundred_rows_are_enough_to_train(here: Path, task: Task) -> None:
    run = trained(problem(task), table(task, 100))
    found = fetched(run).metadata
    assert run.rows == pytest.approx(80, abs=2)
    assert len(found["importance"]) == len(COLUMNS)
    assert Path("build/training.html").stat().st_size < 500_000


def test_of_few_rows_fewer_make_a_category_rare() -> None:
    frame = pd.DataFrame({"word": pd.Series(["a"] * 90 + ["b"] * 7 + ["c"] * 3, dtype="str")})
    for rows, known in ((100, 3), (100_000, 2)):
        model = candidates(COLUMNS[4:5], "regression", 0, rows)[-1].model
        assert model[0].fit(frame).transform(frame).shape[1] == known


def test_three_hundred_columns_are_trained_on_without_a_warning(here: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 300)), columns=[f"x{i}" for i in range(300)])
    frame["outcome"] = frame["x0"] + frame["x1"] + 0.5 * rng.normal(size=300) > 0
    framed_here(problem("binary"), frame)
    rules = {name: pa.Column(bool if name == "outcome" else float) for name in frame}
    with warnings.catch_warnings():
        # What scikit-learn, pandas and numpy say; not what MLflow says of its own type hints.
        warnings.filterwarnings("error", module="sklearn|pandas|numpy|poc|engine")
        definition = ModelDefinition(pa.DataFrameSchema(rules), candidates)
        run = train(
            problem("binary"),
            definition,
            lambda _: None,
        )
    found = fetched(run).metadata
    assert {"x0", "x1"} == {one["column"] for one in found["importance"][:2]}


def test_a_model_that_earns_nothing_is_said_aloud(here: Path) -> None:
    rng, frame = np.random.default_rng(0), table("multiclass")
    frame["outcome"] = pd.Series(
        np.where(rng.random(len(frame)) < 0.9, "often", "rarely"), dtype="str"
    )
    said: list[str] = []
    run = trained(problem("multiclass"), frame, said)
    found = fetched(run).metadata
    assert found["value"]["per_1000_rows"] <= found["value"]["do_nothing"]
    assert any(line == f"warning: {found['warnings'][0]}" for line in said)


def test_a_model_that_earns_is_no_warning(here: Path) -> None:
    run = trained(problem("binary"), table("binary"))
    found = fetched(run).metadata
    assert found["warnings"] == []
    value = found["value"]
    assert value["do_nothing"] < value["low"] < value["per_1000_rows"] < value["high"]
