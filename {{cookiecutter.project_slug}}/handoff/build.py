"""Writes a bundle from an MLflow run: the run's model, judged once on the test rows."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from data.load import digest, inputs, load
from data.split import split
from handoff import bundle
from handoff.card import card
from handoff.golden import answers, golden_rows
from handoff.run import TrainedRun, fetch
from monitoring.reference import freeze
from poc.evaluate import Truth, calibration, measures, predict, slices, truth, worth
from poc.model import candidates
from problem.columns import Column
from problem.errors import BadInput
from problem.metrics import METRICS, measure, measure_gain
from problem.spec import Problem, parse

BUILT = Path("build/bundles")
# What runs the model in production; the manifest pins what trained it.
RUNTIME = ("scikit-learn", "numpy", "pandas", "scipy", "skops")


@dataclass(frozen=True)
class Judged:
    """The test rows with their outcomes and what the model says of them."""

    frame: pd.DataFrame
    known: Truth
    scores: NDArray[np.float64]


def build(schema: pa.DataFrameSchema, run_id: str | None = None, out: Path = BUILT,
          say: Callable[[str], None] = print) -> bundle.Bundle:  # fmt: skip
    """Write the bundle of a run (the latest one by default) to `out`/<id> and read it back.

    Raises:
        BadInput: there is no such run, or the data is not what the run was trained on.
    """
    run = fetch(run_id)
    problem = parse(run.problem_text, "the run's problem.toml")
    frame = load(problem, schema)
    if digest(frame) != run.facts["data_digest"]:
        raise BadInput(
            f"the data of {problem.rows.source} has changed since run {run.id} was trained; "
            "train again with `python -m poc train`"
        )
    parts = split(problem, frame, run.facts["seed"])
    columns = tuple(Column.from_json(column) for column in run.facts["inputs"])
    learning = frame.iloc[parts.train].reset_index(drop=True)
    test = frame.iloc[parts.test].reset_index(drop=True)
    known = truth(problem, test, run.facts["classes"])
    judged = Judged(
        test, known, predict(run.model, inputs(test, columns), problem.target.task, known.classes)
    )
    evaluation = _evaluate(problem, run, learning, judged, columns)
    say(f"judged on {len(test)} test rows, which were looked at {evaluation['test_evaluations']} x")
    return _write(problem, run, judged, columns, evaluation, parts.how, out)


def _evaluate(
    problem: Problem, run: TrainedRun, learning: pd.DataFrame, judged: Judged,
    columns: tuple[Column, ...],
) -> dict[str, Any]:  # fmt: skip
    task, metric = problem.target.task, METRICS[problem.success.metric]
    outcome, scores, stratify = judged.known.values, judged.scores, task != "regression"
    baselines, doing_nothing = [], scores
    taught = truth(problem, learning, judged.known.classes)
    for one in candidates(columns, task, run.facts["seed"]):
        if not one.is_baseline:
            continue
        fitted = clone(one.model).fit(inputs(learning, columns), taught.labels)
        doing_nothing = predict(fitted, inputs(judged.frame, columns), task, taught.classes)
        gain = measure_gain(metric, outcome, scores, doing_nothing, stratify=stratify)
        own = measure(metric, outcome, doing_nothing, stratify=stratify)
        baselines.append({"name": one.name, **own.to_json(), "difference": gain.to_json()})
    found = measures(problem, outcome, scores)
    return {
        "metric": metric.name,
        "higher_is_better": metric.higher_is_better,
        "rows": len(judged.frame),
        "candidate": {"name": run.facts["candidate"], **found[metric.name].to_json()},
        "baselines": baselines,
        "metrics": {name: result.to_json() for name, result in found.items()},
        "slices": slices(problem, judged.frame, outcome, scores),
        "calibration": calibration(outcome, scores) if task == "binary" else [],
        "threshold": run.facts["threshold"],
        "value": worth(problem, outcome, scores, doing_nothing, run.facts["threshold"]),
        "test_evaluations": run.count_test_evaluation(),
    }


def contract(problem: Problem, columns: tuple[Column, ...], classes: tuple[Any, ...]) -> bundle.Contract:
    """What goes into the model of `problem` and what comes out."""
    task = problem.target.task
    if task == "regression":
        outputs = [{"name": "score", "type": "number", "meaning": f"{problem.target.column}, predicted"}]
    elif task == "binary":
        outputs = [
            {"name": "score", "type": "number", "minimum": 0, "maximum": 1,
             "meaning": f"probability that {problem.target.column} is {problem.target.positive}"},
            {"name": "decision", "type": "boolean", "meaning": problem.decision.action},
        ]  # fmt: skip
    else:
        outputs = [
            {"name": "score", "type": "number", "minimum": 0, "maximum": 1,
             "meaning": "probability of the decision"},
            {"name": "decision", "type": "category", "meaning": f"{problem.target.column}, predicted"},
            {"name": "scores", "type": "object", "meaning": "probability of each class"},
        ]  # fmt: skip
    return bundle.Contract(task, classes, columns, tuple(outputs))


def _write(
    problem: Problem, run: TrainedRun, judged: Judged, columns: tuple[Column, ...],
    evaluation: dict[str, Any], how: str, out: Path,
) -> bundle.Bundle:  # fmt: skip
    task, classes, threshold = problem.target.task, judged.known.classes, evaluation["threshold"]
    said = [answer["score"] for answer in answers(judged.scores, task, classes, threshold)]
    reference = freeze(inputs(judged.frame, columns), columns, np.asarray(said, dtype=float))
    reference["performance"] = {
        "metric": evaluation["metric"],
        **{key: evaluation["candidate"][key] for key in ("value", "low", "high")},
        "rows": evaluation["rows"],
    }
    golden = golden_rows(run.model, judged.frame, columns, task, classes, threshold)
    draft = out / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    try:
        for folder in ("model", "code"):
            (draft / folder).mkdir(parents=True)
        shutil.copyfile(run.model_file, draft / "model/model.skops")
        _text(draft / "problem.toml", run.problem_text)
        _text(draft / "code/features.py", run.features_text)
        _json(draft / "contract.json", contract(problem, columns, classes).to_json())
        _json(draft / "reference.json", reference)
        _json(draft / "evaluation.json", evaluation)
        _text(draft / "golden.jsonl", "".join(f"{json.dumps(row)}\n" for row in golden))
        manifest = _manifest(problem, run)
        _text(draft / "model_card.md", card(problem, manifest, evaluation, how))
        return _seal(draft, manifest, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _manifest(problem: Problem, run: TrainedRun) -> dict[str, Any]:
    trained_at = datetime.fromtimestamp(run.started_at, UTC)
    return {
        "format": bundle.FORMAT,
        "name": problem.decision.name,
        "version": trained_at.strftime("%Y.%m.%d.%H%M%S"),
        "run_id": run.id,
        "trained_at": trained_at.isoformat(),
        "code": run.facts["code"],
        "features_module": "poc.features",
        "data_digest": run.facts["data_digest"],
        "seed": run.facts["seed"],
        "requirements": [f"{name}=={version(name)}" for name in RUNTIME],
    }


def _seal(draft: Path, manifest: dict[str, Any], out: Path) -> bundle.Bundle:
    """Write the manifest over all files of `draft` and give the folder the name it implies."""
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    manifest["files"] = {
        path.relative_to(draft).as_posix(): bundle.file_digest(path) for path in files
    }
    _json(draft / bundle.MANIFEST, manifest)
    final = out / hashlib.sha256((draft / bundle.MANIFEST).read_bytes()).hexdigest()
    if not final.exists():
        draft.rename(final)
    return bundle.read(final)


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _json(path: Path, value: dict[str, Any]) -> None:
    # allow_nan: a NaN would be no JSON, and a measure that is NaN is a mistake to hear of here.
    _text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
