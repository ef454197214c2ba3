"""Retraining from a run's metadata gives the same model, to the last bit."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.bundle.build import load_model
from engine.data.load import inputs
from engine.problem.errors import BadInput
from engine.problem.files import MissingFile
from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, problem, refused
from engine.tests.training.training import KINDS, definition, fetch_run, table, train_here
from engine.training.record.tracking import mlflow
from engine.training.retrain import retrain

QUIET: list[str] = []


def metadata_file(run_id: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(run_id=run_id)) / "training.json"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_retrain_gives_the_same_model(here: Path, task: Task) -> None:
    spec, frame = problem(task), table(task)
    run = train_here(spec, frame)
    result = retrain(
        spec, definition(KINDS[task]), metadata_file(run.run_id), Path("again"), QUIET.append
    )
    first, second = fetch_run(run), load_model(Path("again/model.skops"))
    rows = inputs(frame, COLUMNS)
    method = "predict" if task == "regression" else "predict_proba"
    assert np.array_equal(getattr(first.model, method)(rows), getattr(second, method)(rows))
    same = ("candidate", "parameters", "calibrated", "threshold", "classes", "data_digest", "seed")
    written = json.loads(Path("again/training.json").read_text())
    assert {key: written[key] for key in same} == {key: first.metadata[key] for key in same}
    chosen = next(one for one in first.metadata["trials"] if one["name"] == run.chosen)
    assert (result["mean"], result["error"]) == (chosen["mean"], chosen["error"])
    assert {path.name for path in Path("again").iterdir()} == {"model.skops", "training.json"}


def test_retrain_with_other_rows_is_refused(here: Path) -> None:
    spec, frame = problem("regression"), table("regression")
    file = metadata_file(train_here(spec, frame).run_id)
    frame.loc[0, "number"] = 0.123
    frame.to_parquet("data.parquet", index=False)
    with refused("data-changed", "data.parquet"):
        retrain(spec, definition(float), file, Path("again"), QUIET.append)
    assert not Path("again").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("candidate", "unknown-candidate"),
        ("parameters", "unknown-parameter"),
        ("seed", "seed-changed"),
    ],
)
def test_retrain_what_this_code_does_not_have_is_refused(
    here: Path, change: str, code: str
) -> None:
    spec = problem("regression")
    file = metadata_file(train_here(spec, table("regression")).run_id)
    metadata = json.loads(file.read_text())
    metadata[change] = {"candidate": "forest", "parameters": {"trees": 9}, "seed": 7}[change]
    Path("metadata.json").write_text(json.dumps(metadata))
    with refused(code):
        retrain(spec, definition(float), Path("metadata.json"), Path("again"), QUIET.append)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"candidate": "linear"}', '"text"', "3"])
def test_retrain_from_a_file_without_metadata_is_refused(here: Path, text: str) -> None:
    Path("metadata.json").write_text(text)
    with pytest.raises(BadInput, match=r"metadata\.json"):
        retrain(
            problem("binary"), definition(bool), Path("metadata.json"), Path("again"), QUIET.append
        )


def test_retrain_from_a_missing_file_is_refused(here: Path) -> None:
    with pytest.raises(MissingFile, match="nowhere"):
        retrain(problem("binary"), definition(bool), Path("nowhere"), Path("again"), QUIET.append)
