"""Runs as MLflow recorded them: the latest, a named one, and that of the accepted model."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pandera.pandas as pa

from engine.problem.errors import BadInput, command
from engine.problem.files import read_json, read_text
from engine.problem.metrics import Array, Groups
from engine.problem.spec import PROBLEM_FILE, Problem, parse, text_of
from engine.training.dataset import CrossValidationData, recorded_data
from engine.training.record.tracking import REHEARSAL, connect, mlflow, store_errors

FEATURES_FILE = Path("poc/features.py")
# Artifacts of a run: its metadata, and each candidate's out-of-fold scores.
RUN_METADATA, SCORES = "training.json", "scores.parquet"
# Columns of the scores beside those of candidates: what the chosen one earns in a row, the number
# of the row's unit, and its group for each slice of problem.toml.
EARNED, UNIT, SLICE = "money:earned", "unit:number", "slice:"
# The registry's alias of the version that both teams have signed for (gate/accept.py sets it).
# deploy/release.toml decides which accepted version is live.
ACCEPTED = "accepted"
AGAIN = f"train again with `{command('poc train')}`"
# Takes one line of progress; `print` is one.
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """A recorded training run; `metadata` is its training.json.

    `scores` holds each candidate's out-of-fold predictions for all training rows: shape (n,), or
    (n, k) for several classes; NaN where no fold validated on the row.
    """

    run_id: str
    data: CrossValidationData
    metadata: Mapping[str, Any]
    scores: Mapping[str, Array]
    trained_at: datetime

    @property
    def problem(self) -> Problem:
        """The problem that the run was trained for."""
        return self.data.problem

    @property
    def chosen(self) -> str:
        """The name of the chosen candidate."""
        return str(self.metadata["candidate"])

    @property
    def chosen_trial(self) -> Mapping[str, Any]:
        """The chosen candidate's trial, as in training.json."""
        [trial] = [one for one in self.metadata["trials"] if one["name"] == self.chosen]
        return cast("Mapping[str, Any]", trial)

    @property
    def next_step(self) -> str:
        """What to do after the training."""
        return "resolve the warnings" if self.metadata["suspicious"] else command("handoff build")

    @property
    def threshold(self) -> float | None:
        """The score from which acting earns most; None unless binary."""
        return cast("float | None", self.metadata["threshold"])

    @property
    def outcome(self) -> Array:
        """The outcomes of the out-of-fold rows."""
        return self.data.outcomes(self.data.out_of_fold_rows)

    @property
    def groups(self) -> Groups | None:
        """Which out-of-fold rows are of one unit."""
        return self.data.groups(self.data.out_of_fold_rows)

    @property
    def predictions(self) -> Array:
        """The chosen candidate's predictions of the out-of-fold rows."""
        return self.out_of_fold(self.chosen)

    def out_of_fold(self, candidate: str) -> Array:
        """A candidate's predictions of the out-of-fold rows."""
        return self.scores[candidate][self.data.out_of_fold_rows]


@dataclass(frozen=True)
class Recorded:
    """What a run recorded, without its rows; `table` is its scores.parquet."""

    run_id: str
    metadata: Mapping[str, Any]
    table: pd.DataFrame
    problem: Problem
    features_text: str

    @property
    def predictions(self) -> Array:
        """The chosen candidate's out-of-fold predictions, a row for each of `table`."""
        return _recorded_scores(self.table, self.metadata["candidate"], self.metadata["classes"])


@store_errors()
def recorded(run_id: str, problem: Problem) -> Recorded:
    """What run `run_id` (or `latest`) of the problem recorded.

    BadInput: there is no such run, or it belongs to another problem or predicts another target.
    """
    identity, names = (
        _finished_run(run_id, problem.decision.name).info.run_id,
        [RUN_METADATA, SCORES],
    )
    names += [PROBLEM_FILE.name, FEATURES_FILE.name]
    metadata, scores, problem_file, features = (_artifact(identity, name) for name in names)
    own = parse(read_text(problem_file, "the run's problem", AGAIN), f"{identity}/problem.toml")
    values = read_json(metadata, f"a run's {RUN_METADATA}", AGAIN)
    target, other = problem.target, own.target
    if (target.column, target.task, target.positive) != (other.column, other.task, other.positive):
        raise BadInput(
            f"Run {identity} predicts {other.column} ({other.task}), problem.toml {target.column} "
            f"({target.task}). Name a run that predicts the same.",
            code="other-problem",
        )
    text = read_text(features, "the run's feature code", AGAIN)
    return Recorded(identity, values, pd.read_parquet(scores), own, text)


@store_errors()
def metadata_of(run_id: str, name: str) -> dict[str, Any]:
    """The training.json of a run of the problem `name`: by its id, or `latest` for the last."""
    file = _artifact(_finished_run(run_id, name).info.run_id, RUN_METADATA)
    return read_json(file, f"a run's {RUN_METADATA}", f"name another run, or {AGAIN}")


def latest_run(problem: Problem, schema: pa.DataFrameSchema) -> Run:
    """The latest finished run; BadInput if there is none, or problem or data have changed since."""
    with store_errors():
        info = _finished_run("latest", problem.decision.name).info
        files = [_artifact(info.run_id, one) for one in (RUN_METADATA, SCORES, PROBLEM_FILE.name)]
    metadata_file, scores_file, problem_file = files
    if read_text(problem_file, "the run's problem", AGAIN) != text_of(PROBLEM_FILE):
        raise BadInput(
            f"{PROBLEM_FILE} has changed since the latest run was trained; {AGAIN}.",
            code="problem-changed",
        )
    metadata = read_json(metadata_file, f"a run's {RUN_METADATA}", AGAIN)
    data = recorded_data(problem, schema, metadata["data_digest"])
    table = pd.read_parquet(scores_file)
    if not np.array_equal(table["row"].to_numpy(), data.out_of_fold_rows):
        raise BadInput(
            f"The run's folds hold other rows than today's code makes; {AGAIN}.",
            code="folds-changed",
        )
    names = [trial["name"] for trial in metadata["trials"]]
    scores = {name: _scores(table, name, metadata["classes"], len(data.table)) for name in names}
    trained_at = datetime.fromtimestamp(info.start_time / 1000, UTC)
    return Run(info.run_id, data, metadata, scores, trained_at)


def _finished_run(run_id: str, name: str) -> mlflow.entities.Run:
    experiment, runs = connect(name), []  # first: a client needs an address that was checked
    client = mlflow.MlflowClient()
    if run_id == "latest":
        finished = "attributes.status = 'FINISHED'"
        runs = list(client.search_runs([experiment], finished, max_results=1))
    else:
        with suppress(mlflow.exceptions.MlflowException):
            runs = [client.get_run(run_id)]
    if runs and runs[0].info.experiment_id != experiment:
        other = client.get_experiment(runs[0].info.experiment_id).name
        if other.removesuffix(REHEARSAL) != name:
            raise BadInput(
                f"Run {run_id} belongs to the problem '{other}', not to '{name}'. Name one of this "
                "problem; `mlflow ui` lists them.",
                code="other-problem",
            )
    if not runs or runs[0].info.status != "FINISHED":
        raise BadInput(
            f"There is no finished training run of '{name}' with the id '{run_id}'. Train one "
            f"with `{command('poc train')}`, list runs with `make ui`, or point "
            "MLFLOW_TRACKING_URI to the server that has it.",
            code="no-such-run",
        )
    return runs[0]


def _artifact(run_id: str, name: str) -> Path:
    try:
        path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=name)
    except (mlflow.exceptions.MlflowException, OSError):
        raise BadInput(
            f"Run {run_id} recorded no {name}. Name another run, or {AGAIN}.",
            code="incomplete-metadata",
        ) from None
    return Path(path)


def _scores(table: pd.DataFrame, name: str, classes: list[Any], rows: int) -> Array:
    """The scores of a candidate, one for each training row."""
    recorded = _recorded_scores(table, name, classes)
    scores = np.full((rows, *recorded.shape[1:]), np.nan)
    scores[table["row"].to_numpy()] = recorded
    return scores


def _recorded_scores(table: pd.DataFrame, name: str, classes: list[Any]) -> Array:
    columns = name if name in table else [f"{name}:{label}" for label in classes]
    return table[columns].to_numpy(np.float64)
