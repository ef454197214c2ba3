"""A bundle is written whole or not at all, with every fact of its run."""

import json
import os
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from engine.bundle.build import RUNTIME, pins, write
from engine.bundle.bundle import FEATURES_MODULE, FORMAT, read
from engine.bundle.evaluation import TrainingResult, card, contract, evaluate, predict_test
from engine.bundle.evaluation import reference as reference_of
from engine.bundle.golden import golden_rows
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.bundle.untrained import run
from engine.tests.gate.untrained import write as write_project
from engine.version import identity


def quiet(_: str) -> None:
    """Print nothing."""


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_write_bundle_has_the_files_of_its_run(empty: Path, task: Task) -> None:
    write_project(task)
    made, dataset, definition = run(task)
    printed: list[str] = []
    bundle = write(made, definition, Path("out"), printed.append)
    assert bundle.path == Path("out") / bundle.id
    assert read(bundle.path) == bundle
    [line] = printed
    assert f"{len(dataset.test)} test rows" in line
    assert "evaluation 3" in line
    assert bundle.model_path.read_bytes() == made.model_file.read_bytes()
    assert bundle.features_path.read_text() == made.features_text
    assert (bundle.path / "problem.toml").read_text() == made.problem_text
    predictions = predict_test(dataset, made.model)
    trained = TrainingResult("linear", made.metadata["threshold"], 3)
    assert bundle.evaluation == evaluate(predictions, trained, definition.candidates)
    assert bundle.reference == reference_of(predictions, bundle.evaluation)
    assert bundle.contract == contract(dataset)
    golden = golden_rows(dataset, made.model, predictions.scores, made.metadata["threshold"])
    assert bundle.golden() == golden
    text = card(dataset.problem, bundle.manifest, bundle.evaluation, dataset.split.description)
    assert (bundle.path / "model_card.md").read_text() == text


def test_write_manifest_names_run_code_engine_and_packages(empty: Path) -> None:
    write_project("regression")
    made, dataset, definition = run("regression")
    manifest = write(made, definition, Path("out"), quiet).manifest
    assert {key: value for key, value in manifest.items() if key != "files"} == {
        "format": FORMAT,
        "name": "regression-for-tests",
        "version": "2026.01.01.000000",
        "run_id": made.id,
        "trained_at": "2026-01-01T00:00:00+00:00",
        "code": made.metadata["code"],
        "engine": identity(),
        "features_module": FEATURES_MODULE,
        "data_digest": dataset.digest,
        "seed": 7,
        "requirements": [f"{name}=={version(name)}" for name in RUNTIME],
    }
    assert pins() == manifest["requirements"]


def test_write_the_same_run_gives_the_same_bundle_and_mends_a_damaged_one(empty: Path) -> None:
    write_project("regression")
    made, _, definition = run("regression")
    first = write(made, definition, Path("out"), quiet)
    (first.path / "golden.jsonl").write_text("")
    (first.path / "more.txt").write_text("")
    assert write(made, definition, Path("out"), quiet) == first
    assert [one.name for one in Path("out").iterdir()] == [first.id]
    for path in first.path.rglob("*.json*"):
        assert b"\r" not in path.read_bytes()
        assert path.read_bytes().endswith(b"\n")


def test_write_other_model_is_another_bundle(empty: Path) -> None:
    write_project("regression")
    made, _, definition = run("regression")
    first = write(made, definition, Path("out"), quiet)
    again = replace(made, metadata=made.metadata | {"seed": 8})
    second = write(again, definition, Path("out"), quiet)
    assert second.id != first.id
    assert {one.name for one in Path("out").iterdir()} == {first.id, second.id}


@pytest.mark.parametrize("change", [{"model_file": Path("nowhere")}, {"problem_text": "= no"}])
def test_write_that_fails_leaves_nothing(empty: Path, change: dict[str, Any]) -> None:
    write_project("regression")
    made, _, definition = run("regression")
    with pytest.raises((FileNotFoundError, BadInput)):
        write(replace(made, **change), definition, Path("out"), quiet)
    assert not [*Path("out").glob("*")]


def test_write_removes_the_draft_of_a_run_that_was_killed(empty: Path) -> None:
    """A process may get the number of an earlier one."""
    write_project("regression")
    made, _, definition = run("regression")
    draft = Path("out") / f".draft-{os.getpid()}"
    draft.mkdir(parents=True)
    (draft / "left.txt").write_text("")
    bundle = write(made, definition, Path("out"), quiet)
    assert not (bundle.path / "left.txt").exists()


def test_write_changed_rows_are_refused(empty: Path) -> None:
    write_project("regression")
    made, dataset, definition = run("regression")
    path = Path("data/raw/orders.parquet")
    pd.read_parquet(path).head(800).to_parquet(path)
    with pytest.raises(BadInput, match=made.id) as refused:
        write(made, definition, Path("out"), quiet)
    assert refused.value.code == "changed-data"
    assert dataset.problem.rows.source in str(refused.value)
    assert not Path("out").exists()


def test_write_a_figure_that_is_not_finite_fails(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NaN is no JSON: a reader of another language could not read the bundle."""
    write_project("regression")
    made, _, definition = run("regression")
    wrong: dict[str, Any] = {
        "threshold": None,
        "metric": "r2",
        "candidate": {},
        "rows": float("nan"),
    }
    monkeypatch.setattr("engine.bundle.evaluation.evaluate", lambda *_: wrong)
    monkeypatch.setattr("engine.bundle.evaluation.reference", lambda *_: {})
    with pytest.raises(ValueError, match="JSON"):
        write(made, definition, Path("out"), quiet)
    assert not [*Path("out").glob("*")]


def test_write_texts_stay_as_they_are(empty: Path) -> None:
    """Letters of other languages are letters in the documents, as in the problem."""
    write_project("regression", ('"Call the customer."', '"Rufe zurück."'))
    made, _, definition = run("regression")
    bundle = write(made, definition, Path("out"), quiet)
    assert bundle.problem.decision.action == "Rufe zurück."
    assert "Rufe zurück." in (bundle.path / "model_card.md").read_text("utf-8")
    manifest = json.loads((bundle.path / "manifest.json").read_bytes())
    assert list(manifest)[-1] == "files"
    assert manifest["files"].keys() == {
        path.relative_to(bundle.path).as_posix()
        for path in bundle.path.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.mark.parametrize("recorded", [1, 4])
def test_count_test_evaluation_of_an_evaluated_run_is_its_number(
    empty: Path, recorded: int
) -> None:
    """It is not counted again, and MLflow is not asked."""
    write_project("regression")
    made, _, _ = run("regression")
    assert replace(made, test_evaluations=recorded).count_test_evaluation() == recorded
