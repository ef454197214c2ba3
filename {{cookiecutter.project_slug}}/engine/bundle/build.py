"""Writes a bundle from an MLflow run: the run's model, evaluated on the test rows."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from engine.bundle import bundle
from engine.bundle.evaluation import (
    TrainingResult,
    card,
    contract,
    evaluate,
    predict_test,
    reference,
)
from engine.bundle.golden import golden_rows
from engine.bundle.record import BUILT
from engine.bundle.run import TrainedRun, fetch
from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.problem.spec import parse
from engine.training.candidates import Candidates, ModelDefinition
from engine.training.dataset import Dataset, gather
from engine.training.parallel import THREADS
from engine.version import identity

# The packages that run the model in production; the manifest pins what trained it.
RUNTIME = ("scikit-learn", "numpy", "pandas", "scipy", "skops")


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
        message = f"{dataset.problem.rows.source} has changed since run {run.id} was trained; "
        raise BadInput(f"{message}train again with `python -m poc train`", code="changed-data")
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
        # A folder of that name holds the same, or was damaged since: it can be replaced.
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    rows = count(len(dataset.test), "test row")
    progress(f"evaluated on {rows} (evaluation {evaluations} on this test set)")
    return bundle.read(final)


def _write_files(draft: Path, run: TrainedRun, dataset: Dataset, candidates: Candidates) -> int:
    """Write all files but the manifest; returns the number of evaluations on the test set."""
    predictions = predict_test(dataset, run.model)
    evaluations = run.count_test_evaluation()
    trained = TrainingResult(run.metadata["candidate"], run.metadata["threshold"], evaluations)
    evaluation = evaluate(predictions, trained, candidates)
    golden = golden_rows(dataset, run.model, predictions.scores, trained.threshold)
    about = card(dataset.problem, _manifest(dataset, run), evaluation, dataset.split.description)
    for folder in ("model", "code"):
        (draft / folder).mkdir(parents=True)
    shutil.copyfile(run.model_file, draft / "model/model.skops")
    texts = {
        "problem.toml": run.problem_text,
        "code/features.py": run.features_text,
        "contract.json": _json(contract(dataset).to_json()),
        "reference.json": _json(reference(predictions, evaluation)),
        "evaluation.json": _json(evaluation),
        "golden.jsonl": "".join(f"{json.dumps(row)}\n" for row in golden),
        "model_card.md": about,
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
