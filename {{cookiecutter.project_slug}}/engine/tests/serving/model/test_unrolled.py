"""An unrolled pipeline gives the scores of the pipeline, or is disabled."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.bundle import bundle as bundles
from engine.contract.column import Column
from engine.problem.spec import Task
from engine.serving.model.predictor import load
from engine.serving.model.table import frame
from engine.serving.model.unrolled import fast_transform, unroll
from engine.tests.serving.made import make_bundle

COLUMNS = (Column("a", "number"), Column("b", "number"), Column("word", "category"))
ROWS: list[dict[str, Any]] = [
    {"a": float(n), "b": float(n * n % 7), "word": "xyz"[n % 3]} for n in range(60)
]
TABLE = frame(ROWS, COLUMNS)
LABELS = np.arange(60) % 2


def fitted(first: Any, *more: Any) -> Pipeline:
    return make_pipeline(first, *more).fit(TABLE, LABELS)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_unrolled_pipeline_gives_the_same_scores_to_the_last_bit(
    tmp_path: Path, task: Task
) -> None:
    make_bundle(tmp_path, task)
    fast = load(bundles.read(tmp_path), rehearsal=False)
    assert fast.unrolled is not None
    whole = replace(fast, unrolled=None)
    rows = [golden["row"] for golden in fast.bundle.golden()]
    assert np.array_equal(fast.scores(rows), whole.scores(rows))
    for row in rows:
        assert np.array_equal(fast.scores([row]), whole.scores([row]))


def test_unrolled_pipeline_with_other_scores_is_disabled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def other(model: Any, columns: Any) -> Any:
        unrolled = unroll(model, columns)
        assert unrolled is not None
        stranger = DummyClassifier().fit(np.zeros((2, 1)), [False, True])
        return replace(unrolled, last=stranger)

    make_bundle(tmp_path)
    monkeypatch.setattr("engine.serving.model.predictor.unroll", other)
    predictor = load(bundles.read(tmp_path), rehearsal=False)
    assert predictor.unrolled is None
    assert "Fast path disabled" in caplog.text
    expected = [golden["answer"]["score"] for golden in predictor.bundle.golden()]
    rows = [golden["row"] for golden in predictor.bundle.golden()]
    assert predictor.scores(rows)[:, 1] == pytest.approx(expected)


def test_unrolled_pipeline_covers_later_steps_and_dropped_columns() -> None:
    branches = [
        ("numbers", make_pipeline("passthrough", StandardScaler()), ["b", "a"]),
        ("none", "drop", ["a"]),
        ("words", OneHotEncoder(sparse_output=False), ["word"]),
    ]
    model = fitted(ColumnTransformer(branches), StandardScaler(), LogisticRegression())
    unrolled = unroll(model, COLUMNS)
    assert unrolled is not None
    assert not any(part.light for part in unrolled.with_suitable_tables(ROWS).branches)
    seen = unrolled.with_suitable_tables(ROWS).features(ROWS)
    assert np.array_equal(unrolled.last.predict_proba(seen), model.predict_proba(TABLE))


def _numbers(**options: Any) -> ColumnTransformer:
    return ColumnTransformer([("numbers", StandardScaler(), ["a", "b"])], **options)


@pytest.mark.parametrize(
    "first",
    [
        StandardScaler().set_output(transform="default"),
        ColumnTransformer([("numbers", StandardScaler(), lambda frame: [0, 1])]),
        ColumnTransformer([("numbers", StandardScaler(), slice("a", "b"))]),
        _numbers(transformer_weights={"numbers": 2.0}),
        _numbers().set_output(transform="pandas"),
        _numbers(remainder=OneHotEncoder(), sparse_threshold=1),
    ],
    ids=["no columns", "by number", "a slice", "weighted", "tables", "sparse"],
)
def test_other_pipeline_structures_are_not_unrolled(first: Any) -> None:
    numbers = TABLE[["a", "b"]] if isinstance(first, StandardScaler) else TABLE
    model = make_pipeline(first, LogisticRegression()).fit(pd.DataFrame(numbers), LABELS)
    assert unroll(model, COLUMNS) is None


WORDS = OneHotEncoder(sparse_output=False, handle_unknown="infrequent_if_exist", min_frequency=5)


@pytest.mark.parametrize("encoder", [WORDS, OneHotEncoder(sparse_output=False, drop="first")])
def test_fast_encoder_equals_the_encoder(encoder: Any) -> None:
    seen = np.array(list("aaaaaabbbbbbccd"), dtype=object)
    table = np.column_stack([seen, seen[::-1]])
    fitted = clone(encoder).fit(table)
    fast = fast_transform(fitted)
    assert fast != fitted.transform
    listed = [[one, other] for one in "abcd" for other in "dcba"]
    unknown = [["never", "a"], ["b", float("nan")], [None, ""]]
    values = [*listed, *unknown] if encoder is WORDS else listed
    rows = np.array(values, dtype=object)
    assert np.array_equal(fast(rows), fitted.transform(rows))
    for row in rows:
        assert np.array_equal(fast(row[None]), fitted.transform(row[None]))


def test_fast_encoder_of_hundreds_of_columns_equals_the_encoder() -> None:
    """Those of a wide table need it most: the encoder takes a third of a second for one row."""
    rng = np.random.default_rng(0)
    values = np.array([f"v{value}" for value in range(30)], dtype=object)
    table = values[rng.integers(0, rng.integers(2, 31, 500), (400, 500))]
    fitted = clone(WORDS).fit(table)
    fast = fast_transform(fitted)
    assert fast != fitted.transform
    table[::7, ::3] = "never"
    assert np.array_equal(fast(table[:40]), fitted.transform(table[:40]))


def test_fast_encoder_raises_for_unknown_categories_as_the_encoder() -> None:
    fast = fast_transform(
        OneHotEncoder(sparse_output=False).fit(np.array([["a"], ["b"]], dtype=object))
    )
    with pytest.raises(ValueError, match="unknown categories"):
        fast(np.array([["never"]], dtype=object))


@pytest.mark.parametrize(
    "fitted",
    [
        OneHotEncoder(sparse_output=False).fit(np.array([["a"], [np.nan]], dtype=object)),
        OneHotEncoder(sparse_output=False).fit(np.array([[1], [2]])),
        OneHotEncoder().fit(np.array([["a"]], dtype=object)),
        OneHotEncoder(sparse_output=False).fit(np.arange(2_000).astype(str)[:, None]),
    ],
    ids=["missing", "numbers", "sparse", "too many"],
)
def test_other_encoders_have_no_fast_transform(fitted: Any) -> None:
    assert fast_transform(fitted) == fitted.transform
