"""Writes a bundle from an MLflow run: the run's model, judged on the test rows."""

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
from engine.bundle.card import card
from engine.bundle.evaluation import TrainingResult, contract, evaluate, predict_test, reference
from engine.bundle.golden import golden_rows
from engine.bundle.run import TrainedRun, fetch
from engine.pages.formatting import count
from engine.problem.errors import BadInput
from engine.problem.spec import parse
from engine.training.candidates import Candidates, ModelDefinition
from engine.training.dataset import Dataset, gather
from engine.training.parallel import THREADS
from engine.version import identity

BUILT = Path("build/bundles")
# What runs the model in production; the manifest pins what trained it.
RUNTIME = ("scikit-learn", "numpy", "pandas", "scipy", "skops")


def build(
    definition: ModelDefinition,
    run_id: str | None = None,
    out: Path = BUILT,
    say: Callable[[str], None] = print,
) -> bundle.Bundle:
    """Write the bundle of a run (the latest one by default) to `out`/<id> and read it back.

    The same run gives the same bundle, however often it is built: whoever can reach the run and
    the data can make the bundle again, and sign for the one that somebody else has built.

    Raises:
        BadInput: there is no such run, or the data is not what the run was trained on.
    """
    return write(fetch(run_id), definition, out, say)


def write(
    run: TrainedRun, definition: ModelDefinition, out: Path, say: Callable[[str], None]
) -> bundle.Bundle:
    """As `build`, of a run that is at hand; as a whole or not at all.

    Raises:
        BadInput: the data is not what the run was trained on.
    """
    dataset = gather(parse(run.problem_text, "the run's problem.toml"), definition.contract)
    if dataset.digest != run.facts["data_digest"]:
        raise BadInput(
            f"the data of {dataset.problem.rows.source} has changed since run {run.id} was "
            "trained; train again with `python -m poc train`"
        )
    draft = out / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with threadpool_limits(limits=THREADS):
            looks = _fill(draft, run, dataset, definition.candidates)
        built = _seal(draft, _manifest(dataset, run), out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    rows = count(len(dataset.test), "test row")
    say(f"judged on {rows}, which had judged {count(looks, 'model')} by then")
    return built


def _fill(draft: Path, run: TrainedRun, dataset: Dataset, candidates: Candidates) -> int:
    """All files but the manifest; returns how many models the test rows have judged."""
    judged = predict_test(dataset, run.model)
    looks = run.count_test_evaluation()
    claims = TrainingResult(run.facts["candidate"], run.facts["threshold"], looks)
    evaluation = evaluate(judged, claims, candidates)
    golden = golden_rows(dataset, run.model, judged.scores, claims.threshold)
    for folder in ("model", "code"):
        (draft / folder).mkdir(parents=True)
    shutil.copyfile(run.model_file, draft / "model/model.skops")
    _text(draft / "problem.toml", run.problem_text)
    _text(draft / "code/features.py", run.features_text)
    _json(draft / "contract.json", contract(dataset).to_json())
    _json(draft / "reference.json", reference(judged, evaluation))
    _json(draft / "evaluation.json", evaluation)
    _text(draft / "golden.jsonl", "".join(f"{json.dumps(row)}\n" for row in golden))
    about = card(dataset.problem, _manifest(dataset, run), evaluation, dataset.split.how)
    _text(draft / "model_card.md", about)
    return looks


def _manifest(dataset: Dataset, run: TrainedRun) -> dict[str, Any]:
    return {
        "format": bundle.FORMAT,
        "name": dataset.problem.decision.name,
        "version": run.trained_at.strftime("%Y.%m.%d.%H%M%S"),
        "run_id": run.id,
        "trained_at": run.trained_at.isoformat(),
        "code": run.facts["code"],
        # Of the engine at work here: the commit may hold none, where it is installed as a wheel.
        "engine": identity(),
        "features_module": bundle.FEATURES_MODULE,
        "data_digest": dataset.digest,
        "seed": run.facts["seed"],
        "requirements": pins(),
    }


def pins() -> list[str]:
    """What runs a model, pinned to what is installed."""
    return [f"{name}=={version(name)}" for name in RUNTIME]


def _seal(draft: Path, manifest: dict[str, Any], out: Path) -> bundle.Bundle:
    """Write the manifest over all files of `draft` and give the folder the name it implies."""
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    manifest["files"] = {
        path.relative_to(draft).as_posix(): bundle.file_digest(path) for path in files
    }
    _json(draft / bundle.MANIFEST, manifest)
    final = out / hashlib.sha256((draft / bundle.MANIFEST).read_bytes()).hexdigest()
    # One of that name holds the same, or was damaged since: either way the new one may stand there.
    shutil.rmtree(final, ignore_errors=True)
    draft.rename(final)
    return bundle.read(final)


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(path: Path, value: dict[str, Any]) -> None:
    # allow_nan: a NaN would be no JSON, and a measure that is NaN is a mistake to hear of here.
    _text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
