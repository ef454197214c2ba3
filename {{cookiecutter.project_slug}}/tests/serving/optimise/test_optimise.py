"""A converted model answers only where it was tried, is as exact as it must be, and is the one."""

import json
import logging
import tomllib
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from handoff import bundle as bundles
from problem.errors import BadInput
from problem.spec import Task
from serving.model.predictor import Predictor, load, with_onnx
from serving.optimise.convert import convert
from serving.optimise.measure import Measured, measure
from serving.optimise.parity import compare
from serving.optimise.rows import Kind, splits, to_try
from serving.optimise.run import optimise
from serving.runtime import CHOICE, MODEL, converted, folder
from tests.serving.made import COLUMNS, FEATURES, ROW, accept, make_bundle, seal

# Kept in double precision: next to a split, float32 falls on the other side.
IN_DOUBLE = FEATURES.replace("np.float32", "np.float64")

# One number made of two, in double precision: no input can be set to lie next to its splits.
MADE_OF_TWO = FEATURES.replace(
    "        return np.column_stack([self._floats(column) for _, column in frame.items()])",
    """        made = {name: self._floats(column) for name, column in frame.items()}
        cells = dict(frame.items())
        size = cells["mean radius (mm)"].to_numpy(np.float64, na_value=np.nan)
        both = (size + np.nan_to_num(made.pop("days").astype(np.float64))) / 3
        made.pop("mean radius (mm)")
        return np.column_stack([*made.values(), both])""",
)


def tried(path: Path, code: str = FEATURES, task: Task = "binary") -> tuple[Predictor, bytes]:
    make_bundle(path, task, code)
    exact = load(bundles.read(path), rehearsal=True)
    assert exact.direct is not None
    return exact, convert(exact.direct, [ROW])


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_numbers_rounded_before_training_are_the_same_after_conversion(
    tmp_path: Path, task: Task
) -> None:
    exact, model = tried(tmp_path, task=task)
    found = compare(exact, with_onnx(exact, model), to_try(exact, model, seed=0))
    assert found.holds
    names = [one.kind for one in found.kinds]
    assert names[:2] == ["golden rows", "mixtures of them"]
    assert names[-4:] == ["near a split", "missing", "unseen", "extreme"]
    assert ("near a decision" in names) == (task != "regression")


def test_numbers_that_are_not_are_found_next_to_a_split(tmp_path: Path) -> None:
    exact, model = tried(tmp_path, IN_DOUBLE)
    found = compare(exact, with_onnx(exact, model), to_try(exact, model, seed=0))
    assert not found.holds
    [near] = [one for one in found.kinds if one.kind == "near a split"]
    assert near.difference > 100 * found.allowed


def test_rows_to_try_are_rows_that_the_contract_takes(tmp_path: Path) -> None:
    exact, model = tried(tmp_path)
    kinds = {kind.name: kind.rows for kind in to_try(exact, model, seed=0)}
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


def test_a_decision_that_rounding_could_make_is_the_pipeline_s(tmp_path: Path) -> None:
    exact, model = tried(tmp_path)
    rows = [golden["row"] for golden in exact.bundle.golden()]
    for row, score in zip(rows, exact.exact(rows)[:, 1].tolist(), strict=True):
        at = replace(exact, _threshold=score)  # the score itself is the threshold
        fast = with_onnx(at, model)
        assert fast.predict([row]) == at.predict([row])
        assert fast.predict([row])[0]["decision"] is True
    fast = with_onnx(exact, model)
    assert len(fast.near(fast.raw(rows))) == 0  # the others are answered without it


def test_one_decision_that_differs_or_a_score_without_a_number_closes_it(tmp_path: Path) -> None:
    exact, model = tried(tmp_path)
    kinds = [Kind("golden rows", [golden["row"] for golden in exact.bundle.golden()])]
    assert compare(exact, with_onnx(exact, model), kinds).holds
    other = replace(with_onnx(exact, model), _threshold=0.9)
    [found] = compare(exact, other, kinds).kinds
    assert found.decided_otherwise > 0
    assert not compare(exact, other, kinds).holds
    lost = compare(exact, with_onnx(exact, model), kinds)
    assert not replace(lost, kinds=[replace(lost.kinds[0], difference=float("nan"))]).holds


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bundles.Bundle:
    """An accepted bundle in a project folder of its own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bundles/one"
    accept(make_bundle(path), Path("handoff/records"))
    return bundles.read(path)


FAST = Measured(0.1, 0.2, 90_000, 250, 2)
SLOW = Measured(1.0, 2.0, 9_000, 230, 2)


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the machine does meanwhile: the converted model is measured to be faster."""
    monkeypatch.setattr("serving.optimise.run.measure", lambda *_: iter([(SLOW, FAST)]))


@pytest.mark.usefixtures("faster")
def test_of_an_accepted_bundle_the_record_in_git_says_which_model_answers(
    released: bundles.Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = optimise(released, rehearsal=False)
    said = capsys.readouterr()
    assert outcome.runtime == "onnx", outcome.why_not
    assert "ONNX Runtime answers" in said.out
    record = Path("handoff/records", released.id, CHOICE)
    assert tomllib.loads(record.read_text())["runtime"] == "onnx"
    model = converted(released, rehearsal=False)
    assert model == (folder(released) / MODEL).read_bytes()
    assert load(released, rehearsal=False, onnx=model).runtime == "onnx"
    page = (folder(released) / "optimise.html").read_text()
    assert "near a split" in page
    assert "<svg" in page
    assert bundles.read(released.path).id == released.id  # the bundle is as it was
    record.unlink()
    assert converted(released, rehearsal=False) is None
    # A rehearsal's choice, which anybody may write, is none for an accepted bundle.
    (folder(released) / CHOICE).write_text(f'bundle = "{released.id}"\nruntime = "onnx"\n')
    assert converted(released, rehearsal=False) is None


@pytest.mark.usefixtures("faster")
def test_another_model_than_the_one_that_was_tried_does_not_answer(
    released: bundles.Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    optimise(released, rehearsal=True)
    path = folder(released) / MODEL
    path.write_bytes(path.read_bytes() + b"\0")
    with caplog.at_level(logging.WARNING):
        assert converted(released, rehearsal=True) is None
    assert "another model" in caplog.text
    path.unlink()
    caplog.clear()
    assert converted(released, rehearsal=True) is None
    assert "there is none" in caplog.text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"runtime": "ONNX"}, "names no runtime of"),
        ({}, "names no runtime of"),
        ({"bundle": "0" * 64, "runtime": "onnx"}, "speaks of another bundle"),
        ({"bundle": "0" * 64, "runtime": "scikit-learn"}, "speaks of another bundle"),
    ],
)
def test_a_choice_that_cannot_be_followed_is_said(
    released: bundles.Bundle,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, str],
    said: str,
) -> None:
    choice = {"bundle": released.id} | wrong
    lines = [f'{name} = "{value}"' for name, value in choice.items()]
    Path("handoff/records", released.id, CHOICE).write_text("\n".join(lines))
    with caplog.at_level(logging.WARNING):
        assert converted(released, rehearsal=False) is None
    assert said in caplog.text
    assert "serving optimise" in caplog.text


def test_the_slower_one_does_not_answer(
    released: bundles.Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.optimise.run.measure", lambda *_: iter([(FAST, SLOW)]))
    assert optimise(released, rehearsal=True).why_not == "the converted model is not faster"
    assert converted(released, rehearsal=True) is None


def test_both_are_measured_in_processes_of_their_own(tmp_path: Path) -> None:
    _, model = tried(tmp_path / "one")
    (tmp_path / "model.onnx").write_bytes(model)
    for exact, fast in islice(measure(tmp_path / "one", tmp_path / "model.onnx"), 1):
        for one in (exact, fast):
            assert 0 < one.p50_ms <= one.p99_ms
            assert one.rows_per_second > 0
            assert one.memory_mb > 50
            assert one.ready_seconds > 0
    (tmp_path / "model.onnx").write_bytes(b"none")
    with pytest.raises(BadInput, match=r"did not answer the golden rows; nothing was changed"):
        next(measure(tmp_path / "one", tmp_path / "model.onnx"))


def test_a_model_that_misses_a_golden_answer_leaves_the_pipeline_to_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, model = tried(tmp_path / "one")
    negative = FEATURES.replace("FACTOR = 1.0", "FACTOR = -1.0")
    make_bundle(tmp_path / "other", code=negative)
    with caplog.at_level(logging.WARNING):
        served = load(bundles.read(tmp_path / "other"), rehearsal=True, onnx=model)
    assert served.runtime == "scikit-learn"
    assert "golden row" in caplog.text
    assert load(bundles.read(tmp_path / "other"), rehearsal=True, onnx=b"none").runtime != "onnx"


def test_what_is_not_exact_enough_is_said_and_the_pipeline_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make_bundle(tmp_path / "one", code=IN_DOUBLE)
    bundle = bundles.read(tmp_path / "one")
    outcome = optimise(bundle, rehearsal=True)
    assert outcome.runtime == "scikit-learn"
    assert "scores differ by up to" in capsys.readouterr().out
    assert converted(bundle, rehearsal=True) is None
    assert not (folder(bundle) / MODEL).exists()


def test_numbers_made_of_others_are_rounded_or_the_pipeline_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("serving.optimise.run.measure", lambda *_: iter([(SLOW, FAST)]))
    make_bundle(tmp_path / "one", code=MADE_OF_TWO)
    outcome = optimise(bundles.read(tmp_path / "one"), rehearsal=True)
    assert outcome.parity is not None
    assert outcome.parity.holds  # none of the rows tells, and an everyday one is decided otherwise
    assert outcome.runtime == "scikit-learn"
    assert "its trees split numbers that float32 rounds (features " in capsys.readouterr().out
    rounded = MADE_OF_TWO.replace(")) / 3", ")) / 3\n        both = both.astype(np.float32)")
    make_bundle(tmp_path / "two", code=rounded)
    assert optimise(bundles.read(tmp_path / "two"), rehearsal=True).runtime == "onnx"


def test_a_problem_that_allows_more_lets_it_answer(tmp_path: Path) -> None:
    exact, model = tried(tmp_path, IN_DOUBLE, task="regression")
    kinds = to_try(exact, model, seed=0)
    strict = compare(exact, with_onnx(exact, model), kinds)
    assert not strict.holds
    path = tmp_path / "problem.toml"
    text = path.read_text().replace("[budget]", "[budget]\nscore_difference = 0.01")
    path.write_text(text)
    edges = [0.0, 200 * strict.largest]  # a hundredth of the range is twice the difference
    (tmp_path / "reference.json").write_text(
        json.dumps({"score": {"edges": edges, "counts": [1, 1, 1]}})
    )
    seal(tmp_path)
    lenient = load(bundles.read(tmp_path), rehearsal=True)
    assert compare(lenient, with_onnx(lenient, model), kinds).holds
