"""A run records what is needed to repeat it, beside the project and without output."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

import pytest

from engine.tests.project import PYTHONPATH
from engine.tests.training.made import COLUMNS, problem
from engine.tests.training.training import fetch_run, table, train_here, write_project
from engine.training.record.provenance import provenance
from engine.training.record.tracking import mlflow


def test_record_holds_data_code_choice_and_model(here: Path) -> None:
    run = train_here(problem("binary"), table("binary"))
    client = mlflow.MlflowClient()
    recorded = client.get_run(run.run_id)
    assert recorded.info.status == "FINISHED"
    assert recorded.data.tags["dirty"] == "true"
    assert recorded.data.tags["code_snapshot"] == provenance().snapshot
    assert recorded.data.params["candidate"] == run.chosen
    assert recorded.data.params["seed"] == "0"
    for trial in run.metadata["trials"]:
        name = f"cv_brier_score_{trial['name']}"
        assert recorded.data.metrics[name] == pytest.approx(trial["mean"])
        low, high = (recorded.data.metrics[f"{name}_{end}"] for end in ("low", "high"))
        assert low <= high
    metadata = fetch_run(run).metadata
    assert metadata["threshold"] == run.threshold
    assert metadata["classes"] == [False, True]
    assert recorded.data.tags["data_digest"] == metadata["data_digest"]
    names = {one.path for one in client.list_artifacts(run.run_id)}
    assert names == {
        *("training.json", "scores.parquet", "problem.toml", "features.py", "snapshot.zip")
    }
    model = mlflow.models.get_model_info(f"models:/{fetch_run(run).model_id}")
    assert [one.name for one in model.signature.inputs] == [column.name for column in COLUMNS]
    assert model.saved_input_example_info is not None
    assert not list((here / "mlartifacts").rglob("*.pkl"))
    assert not (here / "mlflow.db").exists()  # MLFLOW_TRACKING_URI points elsewhere
    assert not (here / "mlruns").exists()


@pytest.fixture
def server(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an MLflow server, which keeps runs and artifacts itself."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store, address = here.parent / "store", f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{store}.db", "--workers", "1"]
    command += ["--artifacts-destination", str(store)]
    with Path(f"{store}.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    while process.poll() is None and not is_healthy(f"{address}/health"):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.2)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    yield address
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)


def is_healthy(address: str) -> bool:
    """Whether a server answers at this address."""
    try:
        with urlopen(address, timeout=1) as reply:  # noqa: S310  our own server
            return bool(reply.status == HTTPStatus.OK)
    except OSError:
        return False


def test_record_on_a_server_stores_runs_and_artifacts_there(here: Path, server: str) -> None:
    run = train_here(problem("regression"), table("regression", 200))
    assert mlflow.get_tracking_uri() == server
    again = fetch_run(run)
    assert again.metadata["candidate"] == run.chosen
    names = {one.path for one in mlflow.MlflowClient().list_artifacts(run.run_id)}
    assert {"training.json", "scores.parquet"} <= names
    assert not (here / "mlartifacts").exists()
    assert not (here / "mlflow.db").exists()
    assert list((here.parent / "store").rglob("scores.parquet"))


QUIET = """
from engine.problem.spec import read
from poc.train import train
from engine.tests.training.training import definition, schema
train(read(), definition(bool))
"""


def test_train_in_a_fresh_project_prints_only_progress(
    here: Path,
) -> None:
    write_project(problem("binary"), table("binary"))
    environment = {key: one for key, one in os.environ.items() if not key.startswith("MLFLOW")}
    done = subprocess.run(
        [sys.executable, "-c", QUIET],
        env=environment | {"PYTHONPATH": PYTHONPATH},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("320", "dummy", "rule", "linear", "gradient_boosting", "Selected:", "Warning:")
    ]
    assert {path.name for path in here.iterdir()} == {
        *("build", "data.parquet", "mlartifacts", "mlflow.db", "poc", "problem", "requirements")
    }
    assert json.loads(next(here.rglob("training.json")).read_text())["seed"] == 0
