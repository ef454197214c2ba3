"""A feature that fails on allowed values is named, with the line that guards it."""

import importlib.util
import linecache
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from engine.contract.column import Column
from engine.data import edges
from engine.problem import files
from engine.problem.errors import BadInput
from engine.tests.project import source
from engine.training.features import guards
from engine.training.features.faults import feature_fault

COLUMNS = (
    Column("weight", "number", minimum=0.0, maximum=40.0, nullable=True),
    Column("items", "integer", minimum=0, maximum=900),
    Column("shop", "category", categories=("north", "south")),
)
# As poc/features.py is written: a class of its own below `AsFloat32`.
CLASS = '''

class Own(AsFloat32):
    """A feature of the team."""

    def get_feature_names_out(self, names: Any = None) -> NDArray[np.object_]:
        return np.asarray(["own"], dtype=object)

    def _columns(self, frame: pd.DataFrame) -> Iterator[NDArray[Any]]:
        above, below = super()._columns(frame)
        {line}
'''
FUNCTION = """

def own(frame: pd.DataFrame) -> Floats:
    made = []
    for above, below, shop in zip(frame["weight"], frame["items"], frame["shop"], strict=True):
        {line}
    return np.array(made).reshape(-1, 1)
"""
SHOPS = '{"north": 1.0, "south": 2.0}'

Team = Callable[[str], ModuleType]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Team:
    """A project's poc/features.py with code of the team at its end."""
    for place in (files, guards):
        monkeypatch.setattr(place, "stages_home", lambda: tmp_path)
    (tmp_path / "poc").mkdir()
    path = tmp_path / "poc/features.py"

    def load(code: str) -> ModuleType:
        head = source("poc/features.py").read_text("utf-8")
        path.write_text(f"import math\n{head}{code}", "utf-8")
        linecache.clearcache()
        spec = importlib.util.spec_from_file_location("own_features", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "own_features", module)
        spec.loader.exec_module(module)
        return module

    return load


def rows(count: int = 60) -> pd.DataFrame:
    """Training rows without an edge value."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "weight": rng.uniform(1, 9, count),
            "items": rng.integers(1, 9, count),
            "shop": pd.Series(rng.choice(["north", "south"], count), dtype="str"),
        }
    )


def fault(step: object, last: object, columns: list[str], fitted: bool = False) -> BadInput | None:
    """The fault of a pipeline with this feature."""
    table, labels = rows(), np.arange(60.0)
    model: Pipeline = make_pipeline(ColumnTransformer([("own", step, columns)]), last)
    if fitted:
        return feature_fault(model.fit(table, labels), table, COLUMNS)
    return feature_fault(model, table, COLUMNS, labels)


def guarded(code: str, line: str, error: BadInput) -> str:
    """The code with the line of the message in the place of `line`."""
    advice = re.search(
        r"Guard it in poc/features\.py line (\d+): (.*?)(?: Or forbid .*)?$", str(error)
    )
    assert advice is not None, error
    return code.replace("{line}", advice[2])


IN_CLASS = {
    "yield above / below": "items is 0",
    "yield np.log(below)": "items is 0",
    "yield np.exp(below)": "items is 900",
    "yield from (np.reciprocal(one) for one in [below])": "items is 0",
}


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("line", IN_CLASS)
def test_infinite_feature_is_named_and_guarded_by_the_line(
    line: str, fitted: bool, team: Team
) -> None:
    module = team(CLASS.replace("{line}", line))
    # What is not finite is found in a fitted model too, which takes it in training.
    error = fault(module.Own(), HistGradientBoostingRegressor(), ["weight", "items"], fitted)
    assert error is not None
    assert error.code == "feature-not-finite"
    assert "Feature 'own' is infinite" in str(error)
    assert IN_CLASS[line] in str(error)
    module = team(guarded(CLASS, line, error))
    assert fault(module.Own(), HistGradientBoostingRegressor(), ["weight", "items"]) is None


def test_missing_feature_is_refused_where_the_model_takes_none(team: Team) -> None:
    line = "yield above + below"
    module = team(CLASS.replace("{line}", line))
    assert fault(module.Own(), HistGradientBoostingRegressor(), ["weight", "items"]) is None
    error = fault(module.Own(), Ridge(), ["weight", "items"])
    assert error is not None
    assert error.code == "feature-not-finite"
    assert "weight is missing" in str(error)
    module = team(guarded(CLASS, line, error))
    assert fault(module.Own(), Ridge(), ["weight", "items"]) is None


IN_FUNCTION = {
    "made.append(100 // below)": ("ZeroDivisionError", "items is 0"),
    f"made.append({SHOPS}[shop])": ("KeyError", "shop is '(never seen before)'"),
    "made.append(math.log(below))": ("ValueError", "items is 0"),
    "made.append(math.exp(below))": ("OverflowError", "items is 900"),
}


@pytest.mark.parametrize("line", IN_FUNCTION)
def test_failing_feature_is_named_and_guarded_by_the_line(line: str, team: Team) -> None:
    module, (kind, where) = team(FUNCTION.replace("{line}", line)), IN_FUNCTION[line]
    columns = ["weight", "items", "shop"]
    error = fault(FunctionTransformer(module.own), HistGradientBoostingRegressor(), columns)
    assert error is not None
    assert error.code == "feature-failed"
    assert "Feature 'own' fails" in str(error)
    assert kind in str(error)
    assert where in str(error)
    module = team(guarded(FUNCTION, line, error))
    assert fault(FunctionTransformer(module.own), HistGradientBoostingRegressor(), columns) is None


def test_feature_of_another_type_for_edge_values_is_named(team: Team) -> None:
    line = "made.append(f'{above}' if pd.isna(above) else above)"
    code = FUNCTION.replace("{line}", line).replace("np.array(made)", "np.array(made, object)")
    code = code.replace(
        "return", "made = made if 'nan' in made else [float(x) for x in made]\n    return"
    )
    module = team(code.replace("np.array(made, object)", "pd.Series(made).to_numpy()"))
    columns = ["weight", "items", "shop"]
    error = fault(FunctionTransformer(module.own), HistGradientBoostingRegressor(), columns)
    assert error is not None
    assert error.code == "feature-type"
    assert "Feature 'own' is str" in str(error)
    assert "weight is missing" in str(error)


def test_features_as_generated_have_no_fault(team: Team) -> None:
    module = team("")
    kinds = {column.name: column.type for column in COLUMNS}
    table, labels = rows(), np.arange(60.0)
    for scaled, last in ((True, Ridge()), (False, HistGradientBoostingRegressor())):
        model = make_pipeline(module.features(kinds, scaled=scaled, rows=60), last)
        assert feature_fault(model, table, COLUMNS, labels) is None
        assert feature_fault(model.fit(table, labels), table, COLUMNS) is None


def test_step_that_needs_more_rows_than_a_sample_is_no_fault(team: Team) -> None:
    """A library's own step is tried by the training, on all rows."""
    assert fault(PCA(n_components=61), Ridge(), ["items"]) is None


def test_one_of_several_edges_in_a_row_is_named(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wide contract puts several edge values into a row; the message names the one that fails."""
    monkeypatch.setattr(edges, "MOST_EDGE_ROWS", 1)
    module = team(CLASS.replace("{line}", "yield np.exp(below)"))
    error = fault(module.Own(), HistGradientBoostingRegressor(), ["weight", "items"])
    assert error is not None
    assert "where items is 900, at its maximum (" in str(error)
