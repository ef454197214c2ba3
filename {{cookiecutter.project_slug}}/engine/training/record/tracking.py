"""Where runs are recorded: an SQLite file by default, a server by MLFLOW_TRACKING_URI."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

# Before mlflow is imported, which is why all of the project imports it from here: no usage reports
# leave this machine, and no log drowns the progress.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# By itself it asks a server that is away for more than four minutes, and says nothing.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

import mlflow
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from engine.problem.arguments import text, variable
from engine.problem.errors import BadInput

__all__ = ["connect", "mlflow", "store_errors"]

ADDRESS = "MLFLOW_TRACKING_URI"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
ERRORS = (mlflow.exceptions.MlflowException, SQLAlchemyError)
TIMEOUT = 10  # seconds until a database that does not answer is given up

DATABASE = Path("mlflow.db")
STORE = f"sqlite:///{DATABASE}"
ARTIFACTS = Path("mlartifacts")


def connect(experiment: str) -> str:
    """Point MLflow at the store and return the id of `experiment`, made if it is new.

    Raises:
        BadInput: the store does not answer.
    """
    logging.getLogger("alembic").setLevel(logging.WARNING)
    store = variable(ADDRESS, text) or STORE
    try:
        is_database = _check_address(store)
        if store == STORE and not DATABASE.exists():
            _create()
        mlflow.set_tracking_uri(store)
        return _id_of(experiment, is_database=is_database)
    except (*ERRORS, ImportError, ValueError, OSError) as error:
        raise BadInput(
            f"expected the runs in {store.rpartition('@')[2]:.200}, which does not answer: "
            f"{' '.join(str(error).split()):.300}; start that server, or set {ADDRESS} to one that "
            f"is there, such as {STORE}"
        ) from None


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the store of runs refuses or cannot do into BadInput."""
    try:
        yield
    except ERRORS as error:
        raise BadInput(
            f"the store of runs failed: {' '.join(str(error).split()):.300}; see that its server, "
            f"its files and {ADDRESS} are as they should be, then run the command again"
        ) from None


def _check_address(store: str) -> bool:
    """Whether it is a database, which has answered once: MLflow would try for minutes.

    Raises:
        ValueError: it is no address, or of a kind that MLflow no longer keeps runs in.
    """
    kind = urlsplit(store).scheme.partition("+")[0]
    if kind in ("", "file"):
        raise ValueError("a folder of files keeps no runs any more")
    if kind in ("http", "https"):
        if not urlsplit(store).hostname or urlsplit(store).port == 0:
            raise ValueError("it names no server")
        return False
    if kind not in DATABASES:
        return False
    url = make_url(store)
    if kind == "sqlite" and not (url.database and Path(url.database).exists()):
        return True  # it will be made
    waits = {"connect_timeout": TIMEOUT} if kind in ("postgresql", "mysql") else {}
    engine = create_engine(url, connect_args=waits)
    try:
        inspect(engine)
    finally:
        engine.dispose()
    return True


def _id_of(experiment: str, *, is_database: bool) -> str:
    client = mlflow.MlflowClient()
    known = client.get_experiment_by_name(experiment)
    if known:
        return str(known.experiment_id)
    # A server keeps artifacts itself; beside a bare database they need a folder.
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
