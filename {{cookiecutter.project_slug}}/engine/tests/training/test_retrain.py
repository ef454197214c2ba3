"""What was decided in training can be carried out again: the same model, to the last bit."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.bundle.run import load_model
from engine.data.load import inputs
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.training.made import COLUMNS, problem
from engine.tests.training.training import KINDS, definition, fetched, table, trained
from engine.training.record.tracking import mlflow
from engine.training.retrain import retrain

QUIET: list[str] = []


def facts_file(run_id: str) -> Path:
    return Path(mlflow.artifacts.download_artifacts(run_id=run_id)) / "training.json"


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_run_is_made_again_to_the_last_bit(here: Path, task: Task) -> None:
    framed, frame = problem(task), table(task)
    run = trained(framed, frame)
    found = retrain(
        framed, definition(KINDS[task]), facts_file(run.run_id), Path("again"), QUIET.append
    )
    first, second = fetched(run), load_model(Path("again/model.skops"))
    rows = inputs(frame, COLUMNS)
    say = "predict" if task == "regression" else "predict_proba"
    assert np.array_equal(getattr(first.model, say)(rows), getattr(second, say)(rows))
    same = ("candidate", "parameters", "calibrated", "threshold", "classes", "data_digest", "seed")
    written = json.loads(Path("again/training.json").read_text())
    assert {key: written[key] for key in same} == {key: first.metadata[key] for key in same}
    chosen = next(one for one in first.metadata["trials"] if one["name"] == run.chosen)
    assert (found["mean"], found["error"]) == (chosen["mean"], chosen["error"])
    assert {path.name for path in Path("again").iterdir()} == {"model.skops", "training.json"}


def test_other_rows_are_refused(here: Path) -> None:
    framed, frame = problem("regression"), table("regression")
    file = facts_file(trained(framed, frame).run_id)
    frame.loc[0, "number"] = 0.123
    frame.to_parquet("data.parquet", index=False)
    with pytest.raises(BadInput, match="expected the data with digest"):
        retrain(framed, definition(float), file, Path("again"), QUIET.append)
    assert not Path("again").exists()


@pytest.mark.parametrize("change", ["candidate", "parameters", "seed"])
def test_what_this_code_cannot_make_is_refused(here: Path, change: str) -> None:
    framed = problem("regression")
    file = facts_file(trained(framed, table("regression")).run_id)
    facts = json.loads(file.read_text())
    facts[change] = {"candidate": "forest", "parameters": {"trees": 9}, "seed": 7}[change]
    Path("facts.json").write_text(json.dumps(facts))
    with pytest.raises(BadInput, match="check out"):
        retrain(framed, definition(float), Path("facts.json"), Path("again"), QUIET.append)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"candidate": "linear"}', '"text"', "3"])
def test_what_are_no_facts_is_refused(here: Path, text: str) -> None:
    Path("facts.json").write_text(text)
    with pytest.raises(BadInput, match=r"training\.json|older training"):
        retrain(
            problem("binary"), definition(bool), Path("facts.json"), Path("again"), QUIET.append
        )


def test_no_facts_at_all_is_refused(here: Path) -> None:
    with pytest.raises(BadInput, match="no such file"):
        retrain(problem("binary"), definition(bool), Path("nowhere"), Path("again"), QUIET.append)
