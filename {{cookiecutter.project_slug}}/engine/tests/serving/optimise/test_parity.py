"""A converted model is compared where it would differ first; the pipeline predicts rounded rows."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.bundle import bundle as bundles
from engine.problem.spec import Task
from engine.serving.model.onnx import ALL
from engine.serving.model.predictor import load, with_onnx
from engine.serving.optimise.compare import compare, splits, to_try
from engine.tests.serving.made import COLUMNS, write_manifest
from engine.tests.serving.optimise.tried import IN_DOUBLE, MADE_OF_TWO, tried


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_parity_holds_for_features_rounded_to_float32(tmp_path: Path, task: Task) -> None:
    exact, model = tried(tmp_path, task=task)
    parity = compare(exact, with_onnx(exact, model), to_try(exact, model, seed=0))
    assert parity.holds
    names = [one.kind for one in parity.kinds]
    assert names[:2] == ["golden rows", "mixtures of them"]
    assert names[-4:] == ["near a split", "missing", "unseen", "extreme"]
    assert ("near a decision" in names) == (task != "regression")


@pytest.mark.parametrize("code", [IN_DOUBLE, MADE_OF_TWO], ids=["alone", "of two"])
def test_pipeline_predicts_rows_that_float32_rounds(tmp_path: Path, code: str) -> None:
    exact, model = tried(tmp_path, code)
    fast, kinds = with_onnx(exact, model), to_try(exact, model, seed=0)
    assert compare(exact, fast, kinds).holds
    rows = [row for several in kinds.values() for row in several]
    assert exact.unrolled is not None
    seen = exact.unrolled.features(rows)
    rounded = (seen.astype(np.float32) != seen) & ~np.isnan(seen)
    values = np.flatnonzero(rounded.any(axis=1))
    assert 0 < len(values) < len(rows)
    rounded_rows = [rows[at] for at in values]
    assert np.array_equal(fast.scores(rounded_rows), exact.pipeline_scores(rounded_rows))


def test_parity_fails_without_the_check_for_rounded_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact, model = tried(tmp_path, IN_DOUBLE)
    monkeypatch.setattr("engine.serving.model.onnx.float32_exact", lambda *_: ALL)
    parity = compare(exact, with_onnx(exact, model), to_try(exact, model, seed=0))
    assert not parity.holds
    [near] = [one for one in parity.kinds if one.kind == "near a split"]
    assert near.difference > 100 * parity.allowed


def test_rows_to_try_follow_the_contract(tmp_path: Path) -> None:
    exact, model = tried(tmp_path)
    kinds = to_try(exact, model, seed=0)
    bounds = {column.name: (column.minimum, column.maximum) for column in COLUMNS}
    for rows in kinds.values():
        for row in rows:
            assert 0 <= row["mean radius (mm)"] <= 50
            assert 1 <= row["items"] <= 100
            assert row["service"] in ("slow", "fast")
    assert {row["mean radius (mm)"] for row in kinds["extreme"]} >= set(bounds["mean radius (mm)"])
    assert {row["carrier"] for row in kinds["unseen"]} == {"(never seen before)"}
    thresholds = {np.float32(value) for _, value in splits(model)}
    near = {np.float32(row["mean radius (mm)"]) for row in kinds["near a split"]}
    assert near & thresholds


def test_pipeline_predicts_rows_near_the_threshold(tmp_path: Path) -> None:
    exact, model = tried(tmp_path)
    rows = [golden["row"] for golden in exact.bundle.golden()]
    for row, score in zip(rows, exact.pipeline_scores(rows)[:, 1].tolist(), strict=True):
        at = replace(exact, _threshold=score)  # the score itself is the threshold
        fast = with_onnx(at, model)
        assert fast.predict([row]) == at.predict([row])
        assert fast.predict([row])[0]["decision"] is True
    fast = with_onnx(exact, model)
    assert len(fast.uncertain(*fast.onnx_scores(rows))) == 0  # the pipeline predicts no other row


def test_parity_fails_for_one_other_decision_or_nan(tmp_path: Path) -> None:
    exact, model = tried(tmp_path)
    kinds = {"golden rows": [golden["row"] for golden in exact.bundle.golden()]}
    assert compare(exact, with_onnx(exact, model), kinds).holds
    other = replace(with_onnx(exact, model), _threshold=0.9)
    [parity] = compare(exact, other, kinds).kinds
    assert parity.decisions_differ > 0
    assert not compare(exact, other, kinds).holds
    lost = compare(exact, with_onnx(exact, model), kinds)
    assert not replace(lost, kinds=[replace(lost.kinds[0], difference=float("nan"))]).holds


def test_allowed_difference_of_a_regression_is_a_fraction_of_the_range(tmp_path: Path) -> None:
    exact, model = tried(tmp_path, task="regression")
    kinds = to_try(exact, model, seed=0)
    parity = compare(exact, with_onnx(exact, model), kinds)
    assert parity.holds
    # A hundred-thousandth of this short range is less than the largest difference.
    edges = [0.0, parity.largest * 50_000]
    (tmp_path / "reference.json").write_text(
        json.dumps({"score": {"edges": edges, "counts": [1, 1, 1]}})
    )
    write_manifest(tmp_path)
    strict = load(bundles.read(tmp_path), rehearsal=True)
    assert not compare(strict, with_onnx(strict, model), kinds).holds
