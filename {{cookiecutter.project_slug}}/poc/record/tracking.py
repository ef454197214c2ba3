"""Where runs are recorded: an SQLite file by default, a server by MLFLOW_TRACKING_URI."""

import logging
import os
from contextlib import suppress
from pathlib import Path

# Before mlflow is imported, which is why all of the project imports it from here: no usage reports
# leave this machine, and no log drowns the progress.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# By itself it asks a server that is away for more than four minutes, and says nothing.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

import mlflow

from problem.errors import BadInput

__all__ = ["connect", "mlflow"]

DATABASE = Path("mlflow.db")
STORE = f"sqlite:///{DATABASE}"
ARTIFACTS = Path("mlartifacts")


def connect(experiment: str) -> str:
    """Point MLflow at the store and return the id of `experiment`, made if it is new.

    Raises:
        BadInput: the store does not answer.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = os.environ.get("MLFLOW_TRACKING_URI") or STORE
    if store == STORE and not DATABASE.exists():
        _create()
    mlflow.set_tracking_uri(store)
    try:
        return _id_of(experiment, store)
    except mlflow.exceptions.MlflowException as error:
        raise BadInput(
            f"expected the runs in {store.rpartition('@')[2]}, which does not answer: "
            f"{error!s:.300}; start that server, or set MLFLOW_TRACKING_URI to one that is there"
        ) from None


def _id_of(experiment: str, store: str) -> str:
    client = mlflow.MlflowClient()
    known = client.get_experiment_by_name(experiment)
    if known:
        return str(known.experiment_id)
    # A server keeps artifacts itself; beside a bare database they need a folder.
    is_database = "sql" in store.split(":", maxsplit=1)[0]
    where = ARTIFACTS.absolute().as_uri() if is_database else None
    return str(client.create_experiment(experiment, artifact_location=where))


def _create() -> None:
    """Make the database under another name first: MLflow needs seconds for its tables.

    Whoever stops it meanwhile would be left with half of them, which MLflow cannot mend.
    """
    draft = Path("build", f"{DATABASE.name}.{os.getpid()}")
    draft.parent.mkdir(exist_ok=True)
    try:
        mlflow.MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments(max_results=1)
        with suppress(FileExistsError):  # somebody else was faster: theirs is as good
            os.link(draft, DATABASE)
    finally:
        draft.unlink(missing_ok=True)
