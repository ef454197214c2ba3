"""What a report is made from: the latest run's facts, and what was said of held-out rows."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray

from engine.problem.errors import BadInput
from engine.problem.files import read_json, read_text
from engine.problem.metrics import Units
from engine.problem.spec import PROBLEM_FILE, Problem, text_of
from engine.training.dataset import gather
from engine.training.evaluate import among
from engine.training.folds import CrossValidationData, cross_validation_data
from engine.training.record.tracking import connect, mlflow, store_errors
from engine.training.record.write import RUN_METADATA, SCORES

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FinishedRun:
    """A finished run, and the rows that it learned from.

    `scores` holds, for each candidate, a score of each row to learn from, shape (n,) or for several
    classes (n, k); NaN where no fold held the row out. `trained` is the day of the run.
    """

    taught: CrossValidationData
    facts: dict[str, Any]
    scores: dict[str, Array]
    trained: str

    @property
    def problem(self) -> Problem:
        """The problem that the run was trained for, which is today's."""
        return self.taught.dataset.problem

    @property
    def chosen(self) -> str:
        """The candidate that was chosen."""
        return str(self.facts["candidate"])

    @property
    def outcome(self) -> Array:
        """The true outcomes of the rows that a fold held out."""
        return self.taught.dataset.known.values[self.taught.judged]

    @property
    def units(self) -> Units | None:
        """Which of them are of one unit."""
        return among(self.taught.dataset.known.units, self.taught.judged)

    @property
    def said(self) -> Array:
        """What the chosen candidate said of them."""
        return self.scores[self.chosen][self.taught.judged]


def gather_evidence(problem: Problem, schema: pa.DataFrameSchema) -> FinishedRun:
    """The latest finished run of the problem, from MLflow; no test row is looked at.

    Raises:
        BadInput: there is none, it kept no scores, or the problem or the data has changed since.
    """
    with store_errors():
        run = _latest(problem.decision.name)
        folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    again = "train again with `python -m poc train`"
    for name in (RUN_METADATA, SCORES, PROBLEM_FILE.name):
        if not (folder / name).is_file():
            raise BadInput(f"run {run.info.run_id} has kept no {name}; {again}")
    if read_text(folder / PROBLEM_FILE.name, "the run's problem", again) != text_of(PROBLEM_FILE):
        raise BadInput(f"{PROBLEM_FILE} has changed since the latest run was trained; {again}")
    facts = read_json(folder / RUN_METADATA, "the facts of the latest run", again)
    dataset = gather(problem, schema)
    if dataset.digest != facts["data_digest"]:
        source = problem.rows.source
        raise BadInput(f"the data of {source} has changed since the latest run; {again}")
    taught = cross_validation_data(dataset)
    table = pd.read_parquet(folder / SCORES)
    if not np.array_equal(table["row"].to_numpy(), taught.judged):
        raise BadInput(f"the run held out other rows than today's code would; {again}")
    names = [trial["name"] for trial in facts["trials"]]
    scores = {name: _scores(table, name, facts, len(taught.table)) for name in names}
    day = datetime.fromtimestamp(run.info.start_time / 1000, UTC)
    return FinishedRun(taught, facts, scores, f"{day.day} {day:%B %Y}")


def _latest(experiment: str) -> mlflow.entities.Run:
    known = connect(experiment)  # first: a client needs an address that was checked
    finished = "attributes.status = 'FINISHED'"
    runs = mlflow.MlflowClient().search_runs([known], finished, max_results=1)
    if not runs:
        raise BadInput(
            f"expected a finished training run of '{experiment}', found none; train one with "
            "`python -m poc train`, or point MLFLOW_TRACKING_URI to the server that knows it"
        )
    return runs[0]


def _scores(table: pd.DataFrame, name: str, facts: dict[str, Any], rows: int) -> Array:
    """The scores of a candidate, put back to their rows."""
    named = name if name in table else [f"{name}:{label}" for label in facts["classes"]]
    said: Array = table[named].to_numpy(np.float64)
    scores = np.full((rows, *said.shape[1:]), np.nan)
    scores[table["row"].to_numpy()] = said
    return scores
