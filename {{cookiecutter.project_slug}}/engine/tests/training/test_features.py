"""The template's features work for tables of every shape.

A team tests its own features in tests/poc/.
"""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.contract.column import Column
from engine.data.load import inputs
from engine.tests.training.made import COLUMNS, mixed
from poc.features import MOST_IN_ALL, AsFloat32, features
from poc.model import candidates

KINDS = {column.name: column.type for column in COLUMNS}


def table(rows: int, seed: int = 0) -> pd.DataFrame:
    return inputs(mixed(rows, seed), COLUMNS)


def test_as_float32_rounds_and_keeps_missing() -> None:
    frame = table(50)[["number", "integer", "flag", "maybe"]]
    made = AsFloat32().fit(frame).transform(frame)
    assert np.array_equal(made, made.astype(np.float32), equal_nan=True)
    assert np.array_equal(np.isnan(made), frame.isna().to_numpy())
    assert made[0, 1] == frame["integer"].iloc[0]
    assert set(made[:, 2]) == {0, 1}


def test_as_float32_of_a_number_beyond_float32_is_finite() -> None:
    frame = pd.DataFrame({"number": [1e300, -1e300, np.inf, 1.0]})
    made = AsFloat32().fit(frame).transform(frame)
    assert np.isfinite(made).all()
    assert made[3, 0] == 1


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("kind", ["number", "integer", "boolean", "category", "date"])
def test_features_of_one_type_only(kind: str, scaled: bool) -> None:
    kinds = {name: one for name, one in KINDS.items() if one == kind}
    frame = table(200)[list(kinds)]
    made = features(kinds, scaled=scaled).fit(frame)
    assert made.transform(frame).shape == (200, len(made.get_feature_names_out()))


EMPTY: dict[str, Any] = {
    "number": np.nan,
    "maybe": pd.NA,
    "word": None,
    "day": pd.NaT,
}


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("name", EMPTY)
def test_candidates_train_on_a_column_that_is_always_missing(task: str, name: str) -> None:
    frame = table(200)
    frame[name] = pd.Series([EMPTY[name]] * 200, dtype=frame[name].dtype)
    target = np.arange(200) % 2 if task == "binary" else np.arange(200.0)
    for candidate in candidates(COLUMNS, "binary" if task == "binary" else "regression", 0):
        model = candidate.model.fit(frame, target)
        assert np.isfinite(model.predict(table(50, seed=2))).all()


def test_features_of_many_categories_are_limited() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"word": pd.Series([f"w{n}" for n in rng.integers(0, 300, 20_000)])})
    made = features({"word": "category"}, scaled=False).fit(frame.astype("str"))
    assert len(made.get_feature_names_out()) == 40


def test_features_of_many_columns_of_categories_are_limited_in_all() -> None:
    """Each has the same number of features, the most frequent values first."""
    rng, kinds = np.random.default_rng(0), {f"word{i}": "category" for i in range(MOST_IN_ALL // 8)}
    words = np.array([f"w{n}" for n in range(30)])
    shares = np.linspace(1, 9, 30) / np.linspace(1, 9, 30).sum()
    frame = pd.DataFrame({name: rng.choice(words, 1_000, p=shares) for name in kinds})
    made = features(kinds, scaled=False, rows=1_000).fit(frame.astype("str"))
    assert len(made.get_feature_names_out()) == MOST_IN_ALL // 8 * 8


def test_candidates_train_on_names_with_any_character() -> None:
    columns = (Column("mean radius (mm) ['x']", "number"), Column('für "alle"', "category"))
    frame = pd.DataFrame({columns[0].name: [1.0, 2.0] * 50, columns[1].name: ["a", "b"] * 50})
    for candidate in candidates(columns, "binary", 0):
        model = candidate.model.fit(inputs(frame, columns), np.arange(100) % 2)
        assert model.predict(inputs(frame, columns)).shape == (100,)
