"""A converted model has the scores of the step that it replaces; other steps are refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import (
    CalibratedClassifierCV,
    _CalibratedClassifier,
    _SigmoidCalibration,
    _TemperatureScaling,
)
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.serving.model.onnx import ALL, Onnx, compares_doubles, float32_exact
from engine.serving.model.table import frame
from engine.serving.model.unrolled import UnrolledPipeline, unroll
from engine.serving.optimise.convert import convert
from poc.features import features
from poc.model import candidates

COLUMNS = (
    Column("weight", "number", nullable=True),
    Column("distance", "number"),
    Column("items", "integer"),
    Column("fragile", "boolean", nullable=True),
    Column("carrier", "category", nullable=True),
    Column("ordered_at", "date"),
)


def _rows(count: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    return [
        {
            "weight": None if rng.random() < 0.1 else float(rng.normal()),
            "distance": float(rng.normal() * 1000),
            "items": int(rng.integers(100)),
            "fragile": None if rng.random() < 0.1 else bool(rng.random() < 0.5),
            "carrier": None if rng.random() < 0.1 else str(rng.choice(list("abcdef"))),
            "ordered_at": f"2026-0{rng.integers(1, 9)}-1{rng.integers(0, 9)}T09:30:00",
        }
        for _ in range(count)
    ]


ROWS = _rows(800)
TABLE = frame(ROWS, COLUMNS)
STRENGTH = (TABLE["weight"].fillna(0) + TABLE["distance"] / 1000).to_numpy()
OUTCOMES: dict[Task, NDArray[Any]] = {
    "binary": STRENGTH > 0,
    "multiclass": np.array(["low", "middle", "high"], object)[np.digitize(STRENGTH, [-1, 1])],
    "regression": STRENGTH * 100,
}


def fitted(task: Task, name: str) -> Pipeline:
    models = {one.name: one.model for one in candidates(COLUMNS, task, 0, len(ROWS))}
    return clone(models[name]).fit(TABLE, OUTCOMES[task])


def curved(model: Pipeline, task: Task, kind: Any) -> Pipeline:
    """The model with a calibration curve, as `engine.training.calibrate` adds it."""
    last, seen = model[-1], model[:-1].transform(TABLE)
    decides = hasattr(last, "decision_function")
    heard = last.decision_function(seen) if decides else last.predict_proba(seen)
    method = "sigmoid" if kind is _SigmoidCalibration else "temperature"
    if method == "sigmoid" and heard.ndim == 2:
        heard = heard[:, 1]
    curve = kind().fit(heard, np.searchsorted(last.classes_, OUTCOMES[task]))
    outer = CalibratedClassifierCV(clone(last), method=method, ensemble=False)
    inner = _CalibratedClassifier(last, [curve], classes=last.classes_, method=method)
    outer.calibrated_classifiers_, outer.classes_ = [inner], last.classes_
    return Pipeline([*model.steps[:-1], ("calibrated", outer)])


def unrolled_of(model: Pipeline) -> UnrolledPipeline:
    unrolled = unroll(model, COLUMNS)
    assert unrolled is not None
    return unrolled.with_suitable_tables(ROWS[:40])


def scores_of(model: Pipeline, task: Task) -> NDArray[Any]:
    scores = model.predict(TABLE) if task == "regression" else model.predict_proba(TABLE)
    return np.asarray(scores)


@pytest.mark.parametrize("task", list(OUTCOMES))
@pytest.mark.parametrize("name", ["linear", "gradient_boosting"])
def test_converted_model_has_the_scores_of_the_pipeline(task: Task, name: str) -> None:
    model = fitted(task, name)
    unrolled = unrolled_of(model)
    assert all(part.light for part in unrolled.branches)  # the template's own steps need no pandas
    fast = Onnx(convert(unrolled, ROWS[:3]), unrolled)
    size = 1.0 if task != "regression" else float(np.ptp(OUTCOMES[task]))
    assert fast(ROWS)[0] == pytest.approx(scores_of(model, task), rel=0, abs=1e-5 * size)


@pytest.mark.parametrize("name", ["linear", "gradient_boosting"])
@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("binary", _SigmoidCalibration),
        ("binary", _TemperatureScaling),
        ("multiclass", _TemperatureScaling),
    ],
)
def test_calibrated_model_is_converted_with_its_curve(task: Task, name: str, kind: Any) -> None:
    plain = fitted(task, name)
    model = curved(plain, task, kind)
    assert (
        np.abs(scores_of(model, task) - scores_of(plain, task)).max() > 1e-3
    )  # the curve has an effect
    unrolled = unrolled_of(model)
    fast = Onnx(convert(unrolled, ROWS[:3]), unrolled)
    assert fast(ROWS)[0] == pytest.approx(scores_of(model, task), rel=0, abs=1e-5)


def test_converted_boosted_trees_agree_next_to_every_split() -> None:
    """skl2onnx rounds thresholds to the nearest float32, some of them to the other side."""
    # Adjacent float32 numbers, so that thresholds between them are not float32.
    near = 1 + np.random.default_rng(0).integers(64, size=len(ROWS)) * 2.0**-23
    rows = [row | {"distance": value} for row, value in zip(ROWS, near.tolist(), strict=True)]
    table, outcome = frame(rows, COLUMNS), np.sin(near * 2**21) > 0
    model = clone(candidates(COLUMNS, "binary", 0, 800)[-1].model).fit(table, outcome)
    unrolled = unrolled_of(model)
    fast, seen = (
        Onnx(convert(unrolled, rows[:3]), unrolled),
        np.asarray(unrolled.features(rows[:1])),
    )
    base = np.nan_to_num(seen.astype(np.float32))
    trees = [tree.nodes for several in model[-1]._predictors for tree in several]
    wrong, rounded_up = [], 0
    for nodes in trees:
        for node in nodes[(nodes["is_leaf"] == 0) & np.isfinite(nodes["num_threshold"])]:
            nearest = np.float32(node["num_threshold"])
            rounded_up += nearest > node["num_threshold"]
            for value in (np.nextafter(nearest, np.float32(-np.inf)), nearest,
                          np.nextafter(nearest, np.float32(np.inf))):  # fmt: skip
                row = base.copy()
                row[0, node["feature_idx"]] = value
                [score_fast] = fast.score_features(row)[:, 1]
                [score_exact] = model[-1].predict_proba(row.astype(float))[:, 1]
                wrong += [value] if abs(score_fast - score_exact) > 1e-6 else []
    assert rounded_up > 0  # there are such thresholds
    assert not wrong


def test_converted_single_tree_differs_for_missing_values() -> None:
    """skl2onnx sends missing values down another branch; parity tries rows that have some."""
    model = fitted("binary", "rule")
    unrolled = unrolled_of(model)
    apart = np.abs(
        Onnx(convert(unrolled, ROWS[:3]), unrolled)(ROWS)[0] - scores_of(model, "binary")
    ).max(axis=1)
    missing = TABLE["weight"].isna().to_numpy()
    assert apart[~missing].max() < 1e-6
    assert apart[missing].max() > 0.1


def test_model_without_converter_is_refused_by_name() -> None:
    unrolled = unrolled_of(fitted("binary", "dummy"))
    with pytest.raises(BadInput, match="DummyClassifier") as raised:
        convert(unrolled, ROWS[:3])
    assert raised.value.code == "not-convertible"


def test_averaged_or_isotonic_curves_are_refused() -> None:
    model = fitted("binary", "linear")
    seen = model[:-1].transform(TABLE)
    many = CalibratedClassifierCV(clone(model[-1]), cv=3).fit(seen, OUTCOMES["binary"])
    with pytest.raises(BadInput, match="CalibratedClassifierCV"):
        convert(replace(unrolled_of(model), last=many), ROWS[:3])
    near = KNeighborsClassifier(3)
    isotonic = CalibratedClassifierCV(near, method="isotonic", ensemble=False, cv=2)
    with pytest.raises(BadInput, match="isotonic"):
        convert(replace(unrolled_of(model), last=isotonic.fit(seen, OUTCOMES["binary"])), ROWS[:3])


def test_probability_of_many_trees_is_at_most_one() -> None:
    forest = RandomForestClassifier(297, max_depth=8, random_state=0)
    model = make_pipeline(features({"distance": "number"}, scaled=False), forest)
    model.fit(TABLE, OUTCOMES["binary"])
    unrolled = unroll(model, COLUMNS)
    assert unrolled is not None
    scores, _ = Onnx(convert(unrolled, ROWS), unrolled)(ROWS)
    assert scores.min() >= 0
    assert scores.max() <= 1


@pytest.mark.parametrize("scaled", [True, False])
def test_converted_forest_differs_where_a_missing_value_was_not_filled(scaled: bool) -> None:
    """As docs/how-to/add-a-candidate.md says: so `optimise` keeps the pipeline then."""
    forest = RandomForestClassifier(20, min_samples_leaf=10, random_state=0)
    kinds = {column.name: column.type for column in COLUMNS}
    model = make_pipeline(features(kinds, scaled=scaled), forest).fit(TABLE, OUTCOMES["binary"])
    unrolled = unrolled_of(model)
    difference = np.abs(
        Onnx(convert(unrolled, ROWS), unrolled)(ROWS)[0] - scores_of(model, "binary")
    )
    missing = TABLE[["weight", "fragile"]].isna().any(axis=1).to_numpy()
    assert difference[~missing].max() < 1e-6
    assert (difference[missing].max() < 1e-6) == scaled


def test_float32_exact_finds_rows_that_float32_rounds() -> None:
    seen = np.array([[0.5, np.nan], [0.1, 0.5], [1e300, 0.0], [-0.0, np.inf]])
    with np.errstate(over="ignore"):
        single = seen.astype(np.float32)
    assert float32_exact(seen, single).tolist() == [True, False, False, True]
    assert float32_exact(seen[[0, 3]], single[[0, 3]]) is ALL
    assert float32_exact(single, single) is ALL


def test_compares_doubles_finds_nested_boosted_trees() -> None:
    boosted, forest = HistGradientBoostingClassifier(max_iter=2), RandomForestClassifier(2)
    numbers, outcome = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    for model, expected in [
        (boosted, True),
        (CalibratedClassifierCV(boosted, ensemble=False, cv=2), True),
        (VotingClassifier([("one", forest), ("other", make_pipeline(boosted))]), True),
        (StackingClassifier([("one", forest)], boosted, cv=2), True),
        (forest, False),
        (CalibratedClassifierCV(forest, ensemble=False, cv=2), False),
    ]:
        assert compares_doubles(clone(model).fit(numbers, outcome)) == expected
