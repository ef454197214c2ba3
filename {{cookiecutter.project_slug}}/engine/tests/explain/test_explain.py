"""SHAP values are Shapley's, by brute force over all subsets; they sum to the raw output."""

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from engine.explain import trees
from engine.explain.explain import Explainer, explainer, feature_inputs
from engine.explain.trees import Forest, Tree, of_boosted, of_tree

Floats = NDArray[np.float64]
FEATURES = 4


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Where the cores are busy, boosting waits for its other threads."""
    with threadpool_limits(1):
        yield


def expected(tree: Tree, row: Floats, coalition: frozenset[int], node: int = 0) -> float:
    """The path-dependent value function: follow known features, average over the others."""
    left, right = int(tree.left[node]), int(tree.right[node])
    if left < 0:
        return float(tree.value[node])
    feature = int(tree.feature[node])
    if feature in coalition:
        value = row[feature]
        goes_left = value <= tree.threshold[node]
        if node in tree.categories:
            goes_left = not np.isnan(value) and int(value) in tree.categories[node]
        goes_left = bool(tree.missing_left[node]) if np.isnan(value) else bool(goes_left)
        return expected(tree, row, coalition, left if goes_left else right)
    shares = tree.cover[left] / tree.cover[node], tree.cover[right] / tree.cover[node]
    children = expected(tree, row, coalition, left), expected(tree, row, coalition, right)
    return float(np.dot(shares, children))


def shapley(tree: Tree, row: Floats) -> Floats:
    """Shapley's definition: over all subsets of the other features."""
    made = np.zeros(len(row))
    for feature in range(len(row)):
        others = [one for one in range(len(row)) if one != feature]
        for size in range(len(row)):
            weight = 1 / (len(row) * math.comb(len(row) - 1, size))
            for subset in map(frozenset, combinations(others, size)):
                gain = expected(tree, row, subset | {feature}) - expected(tree, row, subset)
                made[feature] += weight * gain
    return made


def table(seed: int, rows: int = 80) -> tuple[Floats, NDArray[np.int64]]:
    """Numbers, some missing; the first column holds few categories; three classes."""
    rng = np.random.default_rng(seed)
    made = rng.normal(size=(rows, FEATURES)).round(1)
    made[:, 0] = rng.integers(0, 5, rows)
    made[rng.random(made.shape) < 0.15] = np.nan
    score = np.nan_to_num(made[:, 0] % 2 + made[:, 1] * made[:, 2])
    return made, np.digitize(score, [0.0, 1.0])


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=8, deadline=None)
def test_boosted_trees_are_shapley_values(seed: int, depth: int) -> None:
    """With missing values, and categorical splits of the first column."""
    features, target = table(seed)
    model = HistGradientBoostingRegressor(
        max_iter=2, max_depth=depth, min_samples_leaf=2, categorical_features=[0]
    ).fit(features, target)
    fitted = [of_boosted(one) for [one] in model._predictors]
    forest = Forest(fitted, float(model._baseline_prediction.item()), single=False)
    wanted = [sum(shapley(tree, row) for tree in fitted) for row in features[:3]]
    assert forest.contributions(features[:3]) == pytest.approx(np.array(wanted), abs=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 6), st.booleans())
@settings(max_examples=8, deadline=None)
def test_sklearn_trees_are_shapley_values(seed: int, depth: int, is_class: bool) -> None:
    features, target = table(seed)
    kind = DecisionTreeClassifier if is_class else DecisionTreeRegressor
    model = kind(max_depth=depth, random_state=0).fit(features, target)
    tree = of_tree(model, 0, 1.0)
    wanted = [shapley(tree, row.astype(np.float32)) for row in features[:3]]
    made = Forest([tree], 0.0, single=True).contributions(features[:3])
    assert made == pytest.approx(np.array(wanted), abs=1e-9)


MODELS: dict[str, Any] = {
    "tree": DecisionTreeClassifier(max_depth=6, random_state=0),
    "forest": RandomForestClassifier(5, max_depth=8, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "linear": LogisticRegression(),
    "tree of numbers": DecisionTreeRegressor(max_depth=6, random_state=0),
    "forest of numbers": RandomForestRegressor(5, max_depth=8, random_state=0),
    "boosting of numbers": HistGradientBoostingRegressor(max_iter=10, random_state=0),
    "linear of numbers": Ridge(),
    "boosting with categories": HistGradientBoostingClassifier(
        max_iter=10, categorical_features=[1, 4], random_state=0
    ),
}


def ratio(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(ratio=frame["a"] / (1 + frame["a_b"].abs()))[["ratio"]]


def frame_of(rows: int = 200) -> pd.DataFrame:
    """Inputs whose names have the same beginning."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({
        "a": rng.normal(size=rows), "a_b": rng.integers(0, 4, rows).astype(float),
        "c": rng.choice(["x", "y", "b_z"], rows), "c_b": rng.choice(["z", "w"], rows),
    })  # fmt: skip
    frame.loc[::7, "a"] = np.nan
    return frame


def pipeline(model: Any, classes: int = 2) -> tuple[Pipeline, pd.DataFrame]:
    frame = frame_of()
    first = ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), ["a", "a_b"]),
            ("w", OneHotEncoder(sparse_output=False), ["c", "c_b"]),
        ]
    )
    target = pd.cut(frame["a"].fillna(0) + (frame["c"] == "x"), classes, labels=False)
    return make_pipeline(first, model).fit(frame, target), frame


def raw_outputs(last: Any, features: Floats) -> Floats:
    """What the library computes before the scores: (rows, outputs)."""
    if hasattr(last, "decision_function"):
        made = last.decision_function(features)
    elif hasattr(last, "predict_proba"):
        shares = last.predict_proba(features)
        made = shares[:, 1] if shares.shape[1] == 2 else shares
    else:
        made = last.predict(features)
    return np.asarray(made).reshape(len(features), -1)


def explained(model: Pipeline, frame: pd.DataFrame) -> Explainer:
    made = explainer(model, lambda: model[:-1].transform(frame))
    assert made is not None
    return made


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", MODELS)
def test_contributions_and_base_sum_to_the_raw_output(name: str, classes: int) -> None:
    model, frame = pipeline(MODELS[name], classes)
    made, features = explained(model, frame), model[:-1].transform(frame)
    assert made.inputs == ("a", "a_b", "c", "c_b")
    raw = raw_outputs(model[-1], features)
    assert len(made.bases) == raw.shape[1]
    for output, base in enumerate(made.bases):
        total = base + made.contributions(features, output).sum(axis=1)
        assert total == pytest.approx(raw[:, output], abs=1e-9)


def test_linear_contribution_is_that_of_the_whole_input() -> None:
    """All features of a category add up to what a change of that input alone changes."""
    model, frame = pipeline(LogisticRegression())
    made = explained(model, frame)
    rows = frame.iloc[:1]
    other = rows.assign(c="y" if rows["c"].item() != "y" else "x")
    features = [model[:-1].transform(one) for one in (rows, other)]
    change = np.diff([made.contributions(one)[0] for one in features], axis=0)[0]
    raw = np.diff([model[-1].decision_function(one)[0] for one in features])
    assert change == pytest.approx([0, 0, raw.item(), 0])


def test_calibrated_model_is_explained_before_its_calibration() -> None:
    model, frame = pipeline(HistGradientBoostingClassifier(max_iter=5, random_state=0))
    features, last = model[:-1].transform(frame), model[-1]
    outer = CalibratedClassifierCV(FrozenEstimator(last), ensemble=False).fit(
        features, model.predict(frame)
    )
    inner = outer.calibrated_classifiers_[0]
    inner.estimator = last  # as `engine.training.calibrate` makes it
    made = explained(Pipeline([*model.steps[:-1], ("calibrated", outer)]), frame)
    total = made.bases[0] + made.contributions(features).sum(axis=1)
    assert made.scale == "log-odds"
    assert total == pytest.approx(last.decision_function(features))


def test_feature_of_several_inputs_keeps_its_own_name() -> None:
    def names(_: Any, __: Any) -> list[str]:
        return ["ratio"]

    first = ColumnTransformer(
        [
            ("made", FunctionTransformer(ratio, feature_names_out=names), ["a", "a_b"]),
            ("plain", "passthrough", ["a_b"]),
        ]
    ).fit(frame_of())
    assert feature_inputs(first) == ["ratio", "a_b"]


def test_model_without_an_exact_and_fast_form_has_no_explainer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, frame = pipeline(KNeighborsClassifier())
    assert explainer(model, lambda: model[:-1].transform(frame)) is None
    forest, frame = pipeline(MODELS["forest"])
    monkeypatch.setattr(trees, "MOST_CELLS", 10)
    assert explainer(forest, lambda: forest[:-1].transform(frame)) is None
    poisson, frame = pipeline(HistGradientBoostingRegressor(loss="poisson", max_iter=2))
    assert explainer(poisson, lambda: poisson[:-1].transform(frame)) is None
