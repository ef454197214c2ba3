"""Fetches a training run from MLflow: the model and the facts it was recorded with."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import skops.io
from sklearn.pipeline import Pipeline

from poc.tracking import connect, mlflow
from problem.errors import BadInput
from problem.spec import PROBLEM_FILE, read
from serving.model import TRUSTED_TYPES, trusted

COUNT = "test_evaluations"


@dataclass(frozen=True)
class TrainedRun:
    """A finished training run; `facts` is its training.json, `started_at` in seconds since 1970."""

    id: str
    started_at: float
    model: Pipeline
    model_file: Path
    problem_text: str
    features_text: str
    facts: dict[str, Any]

    def count_test_evaluation(self) -> int:
        """Note one more look at this data's test rows; returns how many that makes.

        Each look at the test lets a bit of it leak into the next choice, so looks are counted
        over all runs on the same data.
        """
        client = mlflow.MlflowClient()
        run = client.get_run(self.id)
        own = int(run.data.tags.get(COUNT, 0)) + 1
        client.set_tag(self.id, COUNT, own)
        same_data = client.search_runs(
            [run.info.experiment_id], f"tags.data_digest = '{self.facts['data_digest']}'"
        )
        return sum(int(one.data.tags.get(COUNT, 0)) for one in same_data)


def fetch(run_id: str | None) -> TrainedRun:
    """Run `run_id`, or the latest that was trained for the problem in problem.toml.

    Raises:
        BadInput: there is no such run, it did not finish, the problem or the feature code has
            changed since, or its model holds types that are not trusted.
    """
    experiment = connect(read().decision.name)
    client = mlflow.MlflowClient()
    try:
        run = client.get_run(run_id) if run_id else _latest(client, experiment)
    except mlflow.exceptions.MlflowException:
        run = None
    if run is None or run.info.status != "FINISHED":
        raise BadInput(
            f"expected a finished training run{f' {run_id}' if run_id else ''}, found none; "
            "train one with `python -m poc train`"
        )
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id))
    problem_text = _unchanged(folder, PROBLEM_FILE)
    features_text = _unchanged(folder, Path("poc/features.py"))
    model_id = run.outputs.model_outputs[0].model_id
    model_file = Path(mlflow.artifacts.download_artifacts(f"models:/{model_id}")) / "model.skops"
    return TrainedRun(
        id=run.info.run_id,
        started_at=run.info.start_time / 1000,
        model=load_model(model_file),
        model_file=model_file,
        problem_text=problem_text,
        features_text=features_text,
        facts=json.loads((folder / "training.json").read_text(encoding="utf-8")),
    )


def _latest(client: mlflow.MlflowClient, experiment: str) -> mlflow.entities.Run | None:
    # The client's default order is by start time, the latest first.
    runs = client.search_runs([experiment], "attributes.status = 'FINISHED'", max_results=1)
    return runs[0] if runs else None


def _unchanged(folder: Path, current: Path) -> str:
    """The text of `current`, which must be what the run recorded under the same name."""
    recorded = (folder / current.name).read_text(encoding="utf-8")
    if current.read_text(encoding="utf-8") != recorded:
        raise BadInput(
            f"{current} has changed since the run was trained; train again with "
            "`python -m poc train`"
        )
    return recorded


def load_model(model_file: Path) -> Pipeline:
    """The PoC's pipeline, as it was trained: only types that are trusted, and our own features.

    Raises:
        BadInput: the model holds other types.
    """
    found = skops.io.get_untrusted_types(file=model_file)
    own = {name for name in found if name.startswith("poc.features.")}
    strangers = sorted(set(found) - own - trusted(TRUSTED_TYPES))
    if strangers:
        raise BadInput(
            f"the model holds types that serving does not trust: {', '.join(strangers)}; ask "
            "the ML engineers to read them and add them to handoff/trusted_types.txt, or train "
            "without them"
        )
    return skops.io.load(model_file, trusted=found)
