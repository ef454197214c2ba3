"""A run records what is needed to make it again, beside the project and in silence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from poc.provenance import provenance
from poc.tracking import mlflow
from tests.poc.made import COLUMNS, problem
from tests.poc.training import PROJECT, fetched, framed_here, table, trained


def test_a_run_records_data_code_choice_and_model(here: Path) -> None:
    run = trained(problem("binary"), table("binary"))
    client = mlflow.MlflowClient()
    recorded = client.get_run(run.run_id)
    assert recorded.info.status == "FINISHED"
    assert recorded.data.tags["dirty"] == "true"
    assert recorded.data.tags["code_snapshot"] == provenance().snapshot
    assert recorded.data.params["candidate"] == run.chosen
    assert recorded.data.params["seed"] == "0"
    for trial in run.trials:
        name = f"cv_brier_score_{trial.candidate.name}"
        assert recorded.data.metrics[name] == pytest.approx(trial.mean)
    facts = fetched(run).facts
    assert facts["threshold"] == run.threshold
    assert facts["classes"] == [False, True]
    assert recorded.data.tags["data_digest"] == facts["data_digest"]
    names = {one.path for one in client.list_artifacts(run.run_id)}
    assert names == {
        *("training.json", "scores.parquet", "training.html"),
        *("problem.toml", "features.py", "snapshot.zip"),
    }
    model = mlflow.models.get_model_info(f"models:/{fetched(run).model_id}")
    assert [one.name for one in model.signature.inputs] == [column.name for column in COLUMNS]
    assert model.saved_input_example_info is not None
    assert not list((here / "mlartifacts").rglob("*.pkl"))
    assert not (here / "mlflow.db").exists()  # MLFLOW_TRACKING_URI points elsewhere
    assert not (here / "mlruns").exists()


QUIET = """
from problem.spec import read
from poc.train import train
from tests.poc.training import schema
train(read(), schema(bool))
"""


def test_a_fresh_project_records_beside_itself_and_says_nothing_but_its_progress(
    here: Path,
) -> None:
    framed_here(problem("binary"), table("binary"))
    environment = {key: one for key, one in os.environ.items() if not key.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        env=environment | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("320", "dummy", "rule", "linear", "gradient_boosting", "chosen:")
    ]
    assert {path.name for path in here.iterdir()} == {
        *("build", "data.parquet", "mlartifacts", "mlflow.db", "poc", "problem", "requirements")
    }
    assert json.loads(next(here.rglob("training.json")).read_text())["seed"] == 0
