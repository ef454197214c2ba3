"""Fetches a training run from MLflow: the model and the metadata that it recorded."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from engine.bundle.archive import load_archive
from engine.bundle.bundle import FEATURES_MODULE
from engine.problem.errors import BadInput
from engine.problem.files import read_json, read_text
from engine.problem.spec import PROBLEM_FILE, read
from engine.training.record.tracking import connect, mlflow, store_errors
from engine.training.record.write import FEATURES_FILE, RUN_METADATA

# All code as it was when the run began, committed or not.
SNAPSHOT = "snapshot.zip"
AGAIN = "train again with `python -m poc train`"
# The tag with the number of evaluations on the test set, up to this one.
TEST_EVALUATIONS = "test_evaluations"


@dataclass(frozen=True)
class TrainedRun:
    """A finished training run; `metadata` is its training.json, `folder` holds its other files."""

    id: str
    model_id: str
    trained_at: datetime
    folder: Path
    model: Pipeline
    model_file: Path
    problem_text: str
    features_text: str
    metadata: dict[str, Any]
    test_evaluations: int | None  # up to this run's; None if it was not evaluated

    @store_errors()
    def count_test_evaluation(self) -> int:
        """The number of evaluations of all runs on these test rows, this one included.

        Each lets a bit of the test set leak into the next choice. A run keeps its first number.
        """
        if self.test_evaluations is not None:
            return self.test_evaluations
        client = mlflow.MlflowClient()
        experiment = client.get_run(self.id).info.experiment_id
        same_rows = f"tags.test_digest = '{self.metadata['test_digest']}'"
        same_rows += f" and tags.{TEST_EVALUATIONS} LIKE '%'"
        evaluated = client.search_runs([experiment], same_rows, max_results=10_000)
        number = 1 + max((int(one.data.tags[TEST_EVALUATIONS]) for one in evaluated), default=0)
        client.set_tag(self.id, TEST_EVALUATIONS, number)
        return number


@store_errors()
def fetch(run_id: str | None) -> TrainedRun:
    """Run `run_id`, or the latest that was trained for the problem in problem.toml.

    Raises:
        BadInput: there is no such run, or no server; it did not finish, the problem or the feature
            code has changed since, or its model holds types that are not trusted.
    """
    experiment, client, run = connect(read().decision.name), mlflow.MlflowClient(), None
    if run_id:
        with suppress(mlflow.exceptions.MlflowException):
            run = client.get_run(run_id)
    else:
        # The client's default order is by start time, the latest first.
        finished = "attributes.status = 'FINISHED'"
        run = next(iter(client.search_runs([experiment], finished, max_results=1)), None)
    models = run.outputs.model_outputs if run and run.outputs else []
    if run is None or run.info.status != "FINISHED" or not models:
        message = f"expected a finished training run{f' {run_id}' if run_id else ''}, found none; "
        message += "run `python -m poc train`, or point MLFLOW_TRACKING_URI to the run's server"
        raise BadInput(message, code="no-such-run")
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    model_id, evaluations = models[0].model_id, run.data.tags.get(TEST_EVALUATIONS)
    model_file = Path(mlflow.artifacts.download_artifacts(f"models:/{model_id}")) / "model.skops"
    return TrainedRun(
        id=run.info.run_id,
        model_id=model_id,
        trained_at=datetime.fromtimestamp(run.info.start_time / 1000, UTC),
        folder=folder,
        model=load_model(model_file),
        model_file=model_file,
        problem_text=_unchanged(folder, PROBLEM_FILE),
        features_text=_unchanged(folder, FEATURES_FILE),
        metadata=read_json(folder / RUN_METADATA, "the run's metadata", AGAIN),
        test_evaluations=None if evaluations is None else int(evaluations),
    )


def _unchanged(folder: Path, current: Path) -> str:
    """The text of `current`, which must be what the run recorded under the same name."""
    recorded = read_text(folder / current.name, f"the run's {current.name}", AGAIN)
    if read_text(current, "the file that the run was trained with", "restore it") != recorded:
        message = f"{current} has changed since the run was trained; {AGAIN}"
        raise BadInput(message, code="changed-since-training")
    return recorded


def load_model(model_file: Path) -> Pipeline:
    """The PoC's pipeline as it was trained; see `archive.load_archive`."""
    return load_archive(model_file.read_bytes(), FEATURES_MODULE, str(model_file))
