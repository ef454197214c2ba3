"""A predictor loads only if it reproduces the bundle's golden predictions."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from engine.bundle import bundle as bundles
from engine.bundle.archive import load_model, same, trusted, trusted_types_file
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.serving.model.predictor import Predictor, load
from engine.serving.model.table import frame
from engine.tests.serving.made import COLUMNS, FEATURES, ROW, make_bundle, write_manifest


def test_frame_has_the_dtypes_of_training() -> None:
    missing = {column.name: None for column in COLUMNS if column.nullable}
    table = frame([ROW, ROW | missing], COLUMNS)
    assert table.dtypes.astype(str).to_dict() == {column.name: column.dtype for column in COLUMNS}
    assert table.isna().sum().sum() == 2 * len(missing) - 1  # the example has a carrier
    assert table["ordered_at"][0] == pd.Timestamp("2026-03-01 09:30")


def test_missing_boolean_is_not_false() -> None:
    with pytest.raises(ValueError, match="missing values"):
        frame([ROW | {"fragile": None}], COLUMNS)


def test_row_alone_and_in_a_batch_get_the_same_prediction(predictor: Predictor) -> None:
    rows = [golden["row"] for golden in predictor.bundle.golden()]
    assert predictor.predict(rows) == [predictor.predict([row])[0] for row in rows]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_other_golden_prediction_is_refused_by_row(tmp_path: Path, task: Task) -> None:
    make_bundle(tmp_path, task)
    lines = (tmp_path / "golden.jsonl").read_text().splitlines()
    load(bundles.read(tmp_path), rehearsal=False)
    third = json.loads(lines[2])
    third["answer"]["score"] += 0.001
    lines[2] = json.dumps(third)
    (tmp_path / "golden.jsonl").write_text("\n".join(lines))
    write_manifest(tmp_path)
    with pytest.raises(BadInput, match=r"golden row 3 \(typical\)"):
        load(bundles.read(tmp_path), rehearsal=False)


def test_same_compares_scores_by_tolerance_and_decisions_exactly() -> None:
    answer = {"score": 0.5, "decision": True}
    assert same(answer, {"score": 0.5 + 1e-9, "decision": True})
    assert not same(answer, {"score": 0.5 + 1e-5, "decision": True})
    assert not same(answer, {"score": 0.5, "decision": False})
    assert not same(answer, {"score": 0.5, "decision": 1})
    assert not same(answer, {"score": 0.5})


def test_two_loaded_bundles_use_their_own_feature_code(
    tmp_path: Path, predictor: Predictor
) -> None:
    make_bundle(tmp_path, code=FEATURES.replace("FACTOR = 1.0", "FACTOR = -1.0"))
    other = load(bundles.read(tmp_path), rehearsal=False)
    # Of the loaded classes themselves: a release in another test may have removed the shared
    # bundle's module from `sys.modules`.
    for one, factor in ((predictor, 1.0), (other, -1.0)):
        step = one._model[0].named_transformers_["numbers"]
        assert type(step).fit.__globals__["FACTOR"] == factor
        golden = one.bundle.golden()[0]
        assert same(one.predict([golden["row"]])[0], golden["answer"])


def test_loading_does_not_change_the_bundle(bundle_path: Path, predictor: Predictor) -> None:
    assert bundles.read(bundle_path).id == predictor.bundle.id


@pytest.mark.parametrize("name", ["code/features.py", "model/model.skops", "golden.jsonl"])
def test_file_changed_after_verification_is_refused(tmp_path: Path, name: str) -> None:
    make_bundle(tmp_path, code=FEATURES + f"# {name}")  # code that no other test has loaded
    bundle = bundles.read(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BadInput, match=name):
        load(bundle, rehearsal=False)
    path.unlink()
    with pytest.raises(BadInput, match=name):
        load(bundle, rehearsal=False)


def test_untrusted_type_is_refused_by_name(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    near = KNeighborsClassifier(1, algorithm="kd_tree").fit([[0], [1]], [False, True])
    skops.io.dump(near, tmp_path / "model/model.skops")
    write_manifest(tmp_path)
    with pytest.raises(BadInput, match=r"sklearn\.neighbors\._kd_tree\.KDTree"):
        load_model(bundles.read(tmp_path))
    mine = tmp_path.parent / "trusted.txt"
    distance = "sklearn.metrics._dist_metrics.EuclideanDistance64"
    mine.write_text(f"# read, harmless\n{distance}\nsklearn.neighbors._kd_tree.KDTree  # here\n")
    assert load_model(bundles.read(tmp_path), mine).predict([[1]]).tolist() == [True]


def test_failing_feature_code_is_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    (tmp_path / "code/features.py").write_text("import poc.model_that_is_not_here")
    write_manifest(tmp_path)
    with pytest.raises(BadInput, match="model_that_is_not_here"):
        load_model(bundles.read(tmp_path))


def test_model_of_other_classes_is_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    skops.io.dump(LogisticRegression().fit([[0], [1]], ["n", "y"]), tmp_path / "model/model.skops")
    write_manifest(tmp_path)
    with pytest.raises(BadInput) as raised:
        load(bundles.read(tmp_path), rehearsal=False)
    assert raised.value.code == "wrong-classes"


def test_invalid_archive_is_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    (tmp_path / "model/model.skops").write_bytes(b"no archive")
    write_manifest(tmp_path)
    with pytest.raises(BadInput, match="is not a skops archive"):
        load_model(bundles.read(tmp_path))


def test_trusted_list_is_read_without_comments() -> None:
    assert "numpy.dtype" in trusted(trusted_types_file())
    assert not [name for name in trusted(trusted_types_file()) if "#" in name or " " in name]


def test_decision_is_positive_from_the_threshold_on(predictor: Predictor) -> None:
    """The threshold belongs to the positive decision, as in training; a score below does not."""
    threshold = predictor.bundle.threshold
    assert threshold is not None
    scores = np.array([0, np.nextafter(threshold, 0), threshold, np.nextafter(threshold, 1), 1])
    predictions = predictor.to_predictions(np.column_stack([1 - scores, scores]))
    assert [one["decision"] for one in predictions] == [False, False, True, True, True]
    assert [one["score"] for one in predictions] == scores.tolist()
