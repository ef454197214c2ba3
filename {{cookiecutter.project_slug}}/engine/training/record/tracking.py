"""Where runs are recorded: an SQLite file by default, a server by MLFLOW_TRACKING_URI."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from urllib.parse import urlsplit

# Set before mlflow is imported, so all of the project imports it from here: no usage reports leave
# this machine, and no log hides the progress.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
# The default retries an unreachable server for more than four minutes, without a message.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

import mlflow
from sqlalchemy import create_engine, inspect, make_url
from sqlalchemy.exc import SQLAlchemyError

from engine.problem.arguments import text, variable
from engine.problem.errors import BadInput

__all__ = ["connect", "experiments_beside", "mlflow", "rehearsal", "store_errors"]

ADDRESS = "MLFLOW_TRACKING_URI"
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
ERRORS: tuple[type[Exception], ...] = (mlflow.exceptions.MlflowException, SQLAlchemyError)
TIMEOUT = 10  # seconds until a database that does not answer counts as unreachable

# The end of the name of a problem's second experiment, which holds its rehearsals.
REHEARSAL = " (rehearsal)"
_suffix: ContextVar[str] = ContextVar("_suffix", default="")

DATABASE = Path("mlflow.db")
STORE = f"sqlite:///{DATABASE}"
ARTIFACTS = Path("mlartifacts")


@contextmanager
def rehearsal() -> Iterator[None]:
    """Record and read runs in an experiment of rehearsals while the block runs.

    So no rehearsal is the latest run of a problem, or counts as an evaluation on its test set.
    """
    token = _suffix.set(REHEARSAL)
    try:
        yield
    finally:
        _suffix.reset(token)


def connect(problem: str) -> str:
    """Point MLflow at the store; the id of the problem's experiment, created if it is new."""
    experiment = problem + _suffix.get()
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with store_errors(ImportError, ValueError, OSError):
        store = variable(ADDRESS, text) or STORE
        is_database = _check_address(store)
        if store == STORE and not DATABASE.exists():
            _create()
        mlflow.set_tracking_uri(store)
        client = mlflow.MlflowClient()
        if existing := client.get_experiment_by_name(experiment):
            return str(existing.experiment_id)
        # A server stores artifacts itself; beside a bare database they need a folder.
        location = ARTIFACTS.absolute().as_uri() if is_database else None
        return str(client.create_experiment(experiment, artifact_location=location))


def experiments_beside(experiment: str) -> list[str]:
    """The ids of all experiments of the store that are rehearsals, or none, as this one is."""
    client, token, names = mlflow.MlflowClient(), None, dict[str, str]()
    while token != "":
        page = client.search_experiments(mlflow.entities.ViewType.ALL, page_token=token)
        names |= {one.experiment_id: one.name for one in page}
        token = page.token or ""
    kind = names[experiment].endswith(REHEARSAL)
    return [one for one, name in names.items() if name.endswith(REHEARSAL) == kind]


@contextmanager
def store_errors(*others: type[Exception]) -> Iterator[None]:
    """Turn errors of the store of runs, and such `others`, into BadInput."""
    try:
        yield
    except (*ERRORS, *others) as error:
        store = (variable(ADDRESS, text) or STORE).rpartition("@")[2]  # without a password
        raise BadInput(
            f"The store of runs, {store:.200}, does not answer. Start its server and wait until it "
            f"answers, or set {ADDRESS} to another store, such as {STORE}. The cause: "
            f"{' '.join(str(error).split()):.300}",
            code="store-unreachable",
        ) from None


def _check_address(store: str) -> bool:
    """Whether it is a database, after one connection: MLflow would retry for minutes."""
    kind = urlsplit(store).scheme.partition("+")[0]
    if kind in ("", "file"):
        raise ValueError("MLflow no longer stores runs in a folder of files")
    if kind in ("http", "https"):
        if not urlsplit(store).hostname or urlsplit(store).port == 0:
            raise ValueError("it names no server")
        return False
    if kind not in DATABASES:
        return False
    url = make_url(store)
    if kind == "sqlite" and not (url.database and Path(url.database).exists()):
        return True  # MLflow creates it
    limits = {"connect_timeout": TIMEOUT} if kind in ("postgresql", "mysql") else {}
    engine = create_engine(url, connect_args=limits)
    try:
        inspect(engine)
    finally:
        engine.dispose()
    return True


def _create() -> None:
    """Create the database under another name first: MLflow cannot repair one with half a schema."""
    draft = Path("build", f"{DATABASE.name}.{os.getpid()}")
    draft.parent.mkdir(exist_ok=True)
    try:
        mlflow.MlflowClient(tracking_uri=f"sqlite:///{draft}").search_experiments(max_results=1)
        with suppress(FileExistsError):  # another process was faster: its database is as good
            os.link(draft, DATABASE)
    finally:
        draft.unlink(missing_ok=True)
