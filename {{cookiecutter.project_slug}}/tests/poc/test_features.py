"""poc/features.py makes features that a model can use, of any row that the contract accepts.

Add a test for each feature that you write: one row with a result that you can compute by hand.
"""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import poc.features
from engine.contract.column import Column
from poc.features import AsFloat32, DateParts, Floats, Words, features

UNSEEN = "a value that no training row has"


@pytest.fixture(scope="module")
def kinds(columns: tuple[Column, ...]) -> dict[str, str]:
    """The type of each input by name."""
    return {column.name: column.type for column in columns}


def transform(kinds: dict[str, str], training: pd.DataFrame, rows: pd.DataFrame) -> Floats:
    """The scaled features of `rows`, fitted on `training`."""
    made: Floats = features(kinds, scaled=True).fit(training).transform(rows)
    return made


def test_as_float32_missing_value_stays_missing() -> None:
    frame = pd.DataFrame({"weight": [2.5, None], "fragile": pd.array([True, None], "boolean")})
    made = AsFloat32().fit(frame).transform(frame)
    assert made[0].tolist() == [2.5, 1.0]
    assert np.isnan(made[1]).all()


def test_date_parts_monday_morning_is_month_weekday_and_hour() -> None:
    frame = pd.DataFrame({"day": [pd.Timestamp("2026-11-23T07:30:00"), pd.NaT]})
    made = DateParts().fit(frame)
    assert made.get_feature_names_out().tolist() == ["day_month", "day_weekday", "day_hour"]
    assert made.transform(frame)[0].tolist() == [11, 0, 7]
    assert np.isnan(made.transform(frame)[1]).all()


def test_words_missing_category_is_a_category() -> None:
    frame = pd.DataFrame({"carrier": pd.Series(["blue", None], dtype="str")})
    assert Words().fit(frame).transform(frame).tolist() == [["blue"], ["(missing)"]]


def test_features_of_any_rows_have_the_same_width(
    kinds: dict[str, str], table: pd.DataFrame
) -> None:
    made = features(kinds, scaled=False).fit(table)
    assert made.transform(table).shape == (len(table), made.transform(table.head(1)).shape[1])


def test_features_of_the_projects_rows_are_finite(
    kinds: dict[str, str], table: pd.DataFrame
) -> None:
    assert np.isfinite(transform(kinds, table, table)).all()


def test_features_of_one_row_do_not_depend_on_other_rows(
    kinds: dict[str, str], table: pd.DataFrame
) -> None:
    together, alone = transform(kinds, table, table), transform(kinds, table, table.tail(1))
    assert np.array_equal(together[-1:], alone)


def test_features_missing_values_give_finite_features(
    kinds: dict[str, str], table: pd.DataFrame
) -> None:
    """A column that was never missing in training may be missing in production."""
    missing = table.head(20).copy()
    for name, kind in kinds.items():
        if kind in ("number", "category", "date"):
            missing[name] = pd.Series([None] * 20, dtype=table[name].dtype)
    assert np.isfinite(transform(kinds, table, missing)).all()


def test_features_unseen_category_equals_a_rare_one(
    kinds: dict[str, str], table: pd.DataFrame
) -> None:
    """Rare and unseen categories share one feature, so an unseen one has a learnt meaning."""
    categories = [name for name, kind in kinds.items() if kind == "category"]
    training, rare = table.copy(), table.head(1).copy()
    for name in categories:
        training.loc[:1, name] = "rare"
        rare[name] = pd.Series(["rare"], dtype="str")
    unseen = rare.assign(**{name: pd.Series([UNSEEN], dtype="str") for name in categories})
    assert np.array_equal(transform(kinds, training, rare), transform(kinds, training, unseen))


def test_features_module_imports_nothing_of_the_project() -> None:
    """The bundle carries this one file, and the server runs it without the project."""
    tree = ast.parse(Path(poc.features.__file__).read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    ours = {"data", "eda", "engine", "handoff", "monitoring", "poc", "problem", "serving"}
    assert not ours & {str(name).split(".")[0] for name in imported}
