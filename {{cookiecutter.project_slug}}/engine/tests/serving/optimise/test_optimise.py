"""A converted model serves only if it was compared, is exact enough and is unchanged."""

import logging
import tomllib
from pathlib import Path

import pytest

from engine.bundle import bundle as bundles
from engine.serving.model.predictor import load, with_onnx
from engine.serving.optimise.compare import Measured, measure
from engine.serving.optimise.run import optimise
from engine.serving.select_bundle import CHOICE, MODEL, converted_model, folder
from engine.tests.serving.made import FEATURES, accept, make_bundle, write_manifest
from engine.tests.serving.optimise.tried import MADE_OF_TWO, tried

NOTHING_ALLOWED = "score_difference = 1e-12"


@pytest.fixture
def released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bundles.Bundle:
    """An accepted bundle in a project folder of its own."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bundles/one"
    accept(make_bundle(path), Path("handoff/records"))
    return bundles.read(path)


FAST = Measured(0.1, 0.2, 90_000)
SLOW = Measured(1.0, 2.0, 9_000)


@pytest.fixture
def faster(monkeypatch: pytest.MonkeyPatch) -> None:
    """The converted model is measured to be faster, whatever the load of the machine."""
    monkeypatch.setattr("engine.serving.optimise.run.measure", lambda *_: (SLOW, FAST))


@pytest.mark.usefixtures("faster")
def test_record_of_an_accepted_bundle_names_the_converted_model(
    released: bundles.Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = optimise(released, rehearsal=False)
    output = capsys.readouterr()
    assert outcome.runtime == "onnx", outcome.why_not
    assert "Selected: ONNX Runtime" in output.out
    record = Path("handoff/records", released.id, CHOICE)
    assert tomllib.loads(record.read_text())["runtime"] == "onnx"
    model = converted_model(released, rehearsal=False)
    assert model == (folder(released) / MODEL).read_bytes()
    assert load(released, rehearsal=False, onnx=model).runtime == "onnx"
    page = (folder(released) / "optimise.html").read_text()
    assert "near a split" in page
    assert "rows a second" in page
    assert bundles.read(released.path).id == released.id  # the bundle is unchanged
    record.unlink()
    assert converted_model(released, rehearsal=False) is None
    # The choice of a rehearsal, which anybody may write, does not count for an accepted bundle.
    (folder(released) / CHOICE).write_text(f'bundle = "{released.id}"\nruntime = "onnx"\n')
    assert converted_model(released, rehearsal=False) is None


@pytest.mark.usefixtures("faster")
def test_changed_or_missing_converted_model_is_disabled(
    released: bundles.Bundle, caplog: pytest.LogCaptureFixture
) -> None:
    optimise(released, rehearsal=True)
    path = folder(released) / MODEL
    path.write_bytes(path.read_bytes() + b"\0")
    with caplog.at_level(logging.WARNING):
        assert converted_model(released, rehearsal=True) is None
    assert MODEL in caplog.text
    path.unlink()
    caplog.clear()
    assert converted_model(released, rehearsal=True) is None
    assert MODEL in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"runtime": "ONNX"},
        {},
        {"bundle": "0" * 64, "runtime": "onnx"},
        {"bundle": "0" * 64, "runtime": "scikit-learn"},
    ],
)
def test_invalid_choice_of_runtime_is_logged(
    released: bundles.Bundle,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, str],
) -> None:
    choice = {"bundle": released.id} | wrong
    lines = [f'{name} = "{value}"' for name, value in choice.items()]
    Path("handoff/records", released.id, CHOICE).write_text("\n".join(lines))
    with caplog.at_level(logging.WARNING):
        assert converted_model(released, rehearsal=False) is None
    assert CHOICE in caplog.text
    assert "serving optimise" in caplog.text


def test_slower_converted_model_is_not_selected(
    released: bundles.Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.serving.optimise.run.measure", lambda *_: (FAST, SLOW))
    assert optimise(released, rehearsal=True).why_not == "The converted model is not faster"
    assert converted_model(released, rehearsal=True) is None


def test_measure_of_both_predictors_returns_times_and_rates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.serving.optimise.compare.SECONDS", 0.05)
    exact, model = tried(tmp_path)
    for one in measure(exact, with_onnx(exact, model)):
        assert 0 < one.p50_ms <= one.p99_ms
        assert one.rows_per_second > 0


def test_converted_model_with_other_golden_predictions_is_disabled(
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


def test_inexact_converted_model_is_not_selected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "one"
    make_bundle(path)
    problem = path / "problem.toml"
    problem.write_text(problem.read_text().replace("[budget]", f"[budget]\n{NOTHING_ALLOWED}"))
    write_manifest(path)
    bundle = bundles.read(path)
    outcome = optimise(bundle, rehearsal=True)
    assert outcome.runtime == "scikit-learn"
    assert "Scores differ by up to" in capsys.readouterr().out
    assert converted_model(bundle, rehearsal=True) is None
    assert not (folder(bundle) / MODEL).exists()


def test_outcome_names_the_cause_of_many_deferred_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.serving.optimise.run.measure", lambda *_: (FAST, SLOW))
    make_bundle(tmp_path / "one", code=MADE_OF_TWO)
    outcome = optimise(bundles.read(tmp_path / "one"), rehearsal=True)
    assert "the pipeline itself predicts" in outcome.why_not
    assert "AsFloat32" in outcome.why_not
