"""Fetches a training run from MLflow, and writes its bundle: the run's model, evaluated."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from engine.bundle import bundle
from engine.bundle import evaluation as documents
from engine.bundle.archive import load_archive
from engine.bundle.golden import golden_rows
from engine.bundle.record import BUILT
from engine.pages.formatting import count
from engine.problem.errors import BadInput, command
from engine.problem.files import read_json, read_text
from engine.problem.spec import PROBLEM_FILE, parse, read
from engine.training.candidates import Candidates, ModelDefinition
from engine.training.dataset import Dataset, gather
from engine.training.parallel import THREADS
from engine.training.record.runs import FEATURES_FILE, RUN_METADATA
from engine.training.record.tracking import (
    connect,
    experiments_beside,
    mlflow,
    store_errors,
)
from engine.version import identity

# All code as it was when the run began, committed or not.
SNAPSHOT = "snapshot.zip"
AGAIN = f"train again with `{command('poc train')}`"
# The packages that run the model in production; the manifest pins what trained it.
RUNTIME = ("scikit-learn", "numpy", "pandas", "scipy", "skops")
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
        """The number of evaluations on these test rows, of all runs; a run keeps its number."""
        if self.test_evaluations is not None:
            return self.test_evaluations
        client = mlflow.MlflowClient()
        same_rows = f"tags.test_digest = '{self.metadata['test_digest']}'"
        same_rows += f" and tags.{TEST_EVALUATIONS} LIKE '%'"
        # Of all experiments, deleted ones too: a new name of the decision makes no new test set.
        evaluated = client.search_runs(
            experiments_beside(client.get_run(self.id).info.experiment_id),
            same_rows,
            run_view_type=mlflow.entities.ViewType.ALL,
            max_results=10_000,
        )
        number = 1 + max((int(one.data.tags[TEST_EVALUATIONS]) for one in evaluated), default=0)
        client.set_tag(self.id, TEST_EVALUATIONS, number)
        return number


@store_errors()
def fetch(run_id: str | None) -> TrainedRun:
    """Run `run_id`, or the latest that was trained for the problem in problem.toml.

    BadInput: there is no such run, or no server; it did not finish, the problem or the feature
    code has changed since, or its model holds types that are not trusted.
    """
    experiment, client, run = connect(read().decision.name), mlflow.MlflowClient(), None
    if run_id:
        with suppress(mlflow.exceptions.MlflowException):
            run = client.get_run(run_id)
    else:  # the client's default order is by start time, the latest first
        finished = client.search_runs([experiment], "attributes.status = 'FINISHED'", max_results=1)
        run = finished[0] if finished else None
    models = run.outputs.model_outputs if run and run.outputs else []
    if run is None or run.info.status != "FINISHED" or not models:
        message = f"expected a finished training run{f' {run_id}' if run_id else ''}, found none; "
        message += f"run `{command('poc train')}`, or point MLFLOW_TRACKING_URI to the run's server"
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


def _is_whole(folder: Path) -> bool:
    try:
        return bundle.read(folder).id == folder.name
    except BadInput:
        return False


def load_model(model_file: Path) -> Pipeline:
    """The PoC's pipeline as it was trained; see `archive.load_archive`."""
    return load_archive(model_file.read_bytes(), bundle.FEATURES_MODULE, str(model_file))


def build(
    definition: ModelDefinition,
    run_id: str | None = None,
    out: Path = BUILT,
    progress: Callable[[str], None] = print,
) -> bundle.Bundle:
    """Write the bundle of a run (the latest one by default) to `out`/<id> and read it back.

    The same run gives the same bundle, so a second person can build it again, and sign for it.
    BadInput if there is no such run, or the data has changed since.
    """
    return write(fetch(run_id), definition, out, progress)


def write(
    run: TrainedRun, definition: ModelDefinition, out: Path, progress: Callable[[str], None]
) -> bundle.Bundle:
    """As `build`, of a fetched run."""
    dataset = gather(parse(run.problem_text, "the run's problem.toml"), definition.contract)
    if dataset.digest != run.metadata["data_digest"]:
        message = (
            f"{dataset.problem.rows.source} has changed since run {run.id} was trained; {AGAIN}"
        )
        raise BadInput(message, code="changed-data")
    draft = out / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with threadpool_limits(limits=THREADS):
            evaluations = _write_files(draft, run, dataset, definition.candidates)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        digests = {path.relative_to(draft).as_posix(): bundle.file_digest(path) for path in files}
        manifest = _json(_manifest(dataset, run) | {"files": digests}).encode()
        (draft / bundle.MANIFEST).write_bytes(manifest)
        final = out / hashlib.sha256(manifest).hexdigest()
        # A folder of that name holds the same, and another process may read it; or it was damaged.
        if _is_whole(final):
            os.utime(final)  # it is the latest again
        else:
            shutil.rmtree(final, ignore_errors=True)
            draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    rows = count(len(dataset.test), "test row")
    progress(f"evaluated on {rows} (evaluation {evaluations} on this test set)")
    return bundle.read(final)


def _write_files(draft: Path, run: TrainedRun, dataset: Dataset, candidates: Candidates) -> int:
    """Write all files but the manifest; returns the number of evaluations on the test set."""
    predictions, threshold = documents.predict_test(dataset, run.model), run.metadata["threshold"]
    evaluations = run.count_test_evaluation()
    trained = documents.TrainingResult(run.metadata["candidate"], threshold, evaluations)
    evaluation = documents.evaluate(predictions, trained, candidates)
    golden = golden_rows(dataset, run.model, predictions.scores, threshold)
    named, split = _manifest(dataset, run), dataset.split.description
    for folder in ("model", "code"):
        (draft / folder).mkdir(parents=True)
    shutil.copyfile(run.model_file, draft / "model/model.skops")
    texts = {
        "problem.toml": run.problem_text,
        "code/features.py": run.features_text,
        "contract.json": _json(documents.contract(dataset).to_json()),
        "reference.json": _json(documents.reference(predictions, evaluation)),
        "evaluation.json": _json(evaluation),
        "golden.jsonl": "".join(f"{json.dumps(row)}\n" for row in golden),
        "model_card.md": documents.card(dataset.problem, named, evaluation, split),
    }
    for name, text in texts.items():
        (draft / name).write_text(text, encoding="utf-8", newline="\n")
    return evaluations


def _manifest(dataset: Dataset, run: TrainedRun) -> dict[str, Any]:
    return {
        "format": bundle.FORMAT,
        "name": dataset.problem.decision.name,
        "version": run.trained_at.strftime("%Y.%m.%d.%H%M%S"),
        "run_id": run.id,
        "trained_at": run.trained_at.isoformat(),
        "code": run.metadata["code"],
        # Of the installed engine: the commit may hold none, where it is installed as a wheel.
        "engine": identity(),
        "features_module": bundle.FEATURES_MODULE,
        "data_digest": dataset.digest,
        "seed": run.metadata["seed"],
        "requirements": pins(),
    }


def pins() -> list[str]:
    """The packages that run a model, pinned to the installed versions."""
    return [f"{name}=={version(name)}" for name in RUNTIME]


def _json(value: dict[str, Any]) -> str:
    # allow_nan: NaN is no JSON, and a metric that is NaN is a mistake that must fail here.
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
