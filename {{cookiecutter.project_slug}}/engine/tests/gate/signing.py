"""Git and the registry, for the tests of signatures."""

import subprocess

from engine.bundle.record import TEAMS
from engine.training.record.runs import ACCEPTED
from engine.training.record.tracking import mlflow

DATA_SCIENCE, ML_ENGINEERING = TEAMS
NAME = "regression-for-tests"


def git(*words: str) -> str:
    """The output of git in the working directory."""
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout


def commit_all() -> None:
    """Commit all files."""
    git("add", "--all")
    git("commit", "--quiet", "--message", "more")


def aliased() -> str | None:
    """The run of the registry's alias `accepted`; None without that alias."""
    try:
        return str(mlflow.MlflowClient().get_model_version_by_alias(NAME, ACCEPTED).run_id)
    except mlflow.exceptions.MlflowException:
        return None
