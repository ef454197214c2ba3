"""Trains the candidates, chooses one, and records the run: data, code, choice and model."""

import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import skops.io
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from data.columns import columns as describe
from data.load import digest, inputs, load
from data.split import folds, split
from poc.evaluate import Truth, best_threshold, predict, truth
from poc.model import Candidate, candidates
from poc.provenance import Provenance, provenance, write_snapshot
from poc.tracking import connect, mlflow
from problem.columns import Column
from problem.metrics import METRICS
from problem.spec import Problem

Array = NDArray[np.float64]
Say = Callable[[str], None]

SEED = 0


@dataclass(frozen=True)
class Trial:
    """How a candidate did in cross-validation: the metric of each fold, and what it predicted.

    `scores` holds a prediction for each training row, NaN where no fold tested the row.
    """

    candidate: Candidate
    folds: tuple[float, ...]
    scores: Array

    @property
    def mean(self) -> float:
        """The mean over folds."""
        return float(np.mean(self.folds))

    @property
    def error(self) -> float:
        """The standard error of the mean."""
        return float(np.std(self.folds, ddof=1) / np.sqrt(len(self.folds)))


@dataclass(frozen=True)
class Run:
    """What training left behind: where it is recorded, what was tried, what was chosen."""

    run_id: str
    chosen: str
    trials: tuple[Trial, ...]
    threshold: float | None
    rows: int


def train(problem: Problem, schema: pa.DataFrameSchema, say: Say = print) -> Run:
    """Try all candidates on the training rows, fit the chosen one on them, record it in MLflow.

    The test rows are split off first and not looked at.

    Raises:
        BadInput: the data cannot be loaded, or target and problem do not fit.
    """
    frame = load(problem, schema)
    described = describe(problem, schema, frame)
    parts = split(problem, frame, SEED)
    learning = frame.iloc[parts.train].reset_index(drop=True)
    known = truth(problem, learning)
    say(f"{len(learning)} rows to learn from, {len(described)} inputs; {parts.how}")
    trials = tuple(
        _try(problem, learning, described, known, candidate, say)
        for candidate in candidates(described, problem.target.task, SEED)
    )
    trial = choose(problem, trials)
    threshold = _threshold(problem, known, trial)
    model = clone(trial.candidate.model).fit(inputs(learning, described), known.labels)
    say(f"chosen: {trial.candidate.name}, fitted on all {len(learning)} training rows")
    facts = {
        "candidate": trial.candidate.name,
        "classes": known.classes,
        "threshold": threshold,
        "inputs": [column.to_json() for column in _seen(described, learning)],
        "split": parts.how,
        "seed": SEED,
        "data_digest": digest(frame),
        "code": provenance().to_json(),
        "trials": [
            {"name": one.candidate.name, "mean": one.mean, "error": one.error} for one in trials
        ],
    }
    run_id = _record(problem, model, inputs(learning.head(5), described), trials, facts)
    return Run(run_id, trial.candidate.name, trials, threshold, len(learning))


def choose(problem: Problem, trials: tuple[Trial, ...]) -> Trial:
    """The simplest candidate within one standard error of the best (Breiman et al. 1984, 3.4.3)."""
    sign = 1 if METRICS[problem.success.metric].higher_is_better else -1
    real = [trial for trial in trials if not trial.candidate.is_baseline]
    best = max(real, key=lambda trial: sign * trial.mean)
    return next(
        trial for trial in real if sign * trial.mean >= sign * best.mean - best.error
    )


def _try(
    problem: Problem, frame: pd.DataFrame, described: tuple[Column, ...], known: Truth,
    candidate: Candidate, say: Say,
) -> Trial:  # fmt: skip
    metric, task = METRICS[problem.success.metric], problem.target.task
    table = inputs(frame, described)
    scores = np.full(
        (len(frame), len(known.classes)) if task == "multiclass" else len(frame), np.nan
    )
    results = []
    for learn, judge in folds(problem, frame, SEED):
        model = clone(candidate.model).fit(table.iloc[learn], known.labels[learn])
        scores[judge] = predict(model, table.iloc[judge], task, known.classes)
        results.append(metric.compute(known.values[judge], scores[judge]))
    trial = Trial(candidate, tuple(results), scores)
    say(f"  {candidate.name:<18} {metric.name} {trial.mean:.4f} ± {trial.error:.4f}")
    return trial


def _threshold(problem: Problem, known: Truth, trial: Trial) -> float | None:
    if problem.target.task != "binary":
        return None
    judged = ~np.isnan(trial.scores)
    return best_threshold(problem.value, known.values[judged], trial.scores[judged])


def _seen(described: tuple[Column, ...], learning: pd.DataFrame) -> list[Column]:
    """Open categories as the training rows hold them: the test's own must stay unseen."""
    return [
        column
        if column.type != "category" or column.closed
        else replace(
            column, categories=tuple(sorted(map(str, learning[column.name].dropna().unique())))
        )
        for column in described
    ]


def _record(
    problem: Problem, model: Pipeline, example: pd.DataFrame, trials: tuple[Trial, ...],
    facts: dict[str, Any],
) -> str:  # fmt: skip
    """One MLflow run with all of it; returns its id."""
    code = Provenance(**facts["code"])
    with mlflow.start_run(experiment_id=connect(problem.decision.name)) as run:
        mlflow.set_tags({"data_digest": facts["data_digest"], "code_snapshot": code.snapshot,
                         "code_commit": code.commit or "none", "dirty": str(code.dirty).lower()})  # fmt: skip
        mlflow.log_params(
            {"candidate": facts["candidate"], "seed": SEED, "split": facts["split"]}
            | {key: value for key, value in model[-1].get_params().items() if value is not None}
        )
        mlflow.log_metrics(
            {f"cv_{problem.success.metric}_{trial.candidate.name}": trial.mean for trial in trials}
        )
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder)
            (there / "training.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
            (there / "problem.toml").write_bytes(Path("problem/problem.toml").read_bytes())
            (there / "features.py").write_bytes(Path("poc/features.py").read_bytes())
            write_snapshot(there / "snapshot.zip")
            mlflow.log_artifacts(folder)
        _log_model(model, example)
    return str(run.info.run_id)


def _log_model(model: Pipeline, example: pd.DataFrame) -> None:
    trusted = skops.io.get_untrusted_types(data=skops.io.dumps(model))
    with warnings.catch_warnings():
        # An integer input that is never missing is what the contract says; no hint needed.
        warnings.filterwarnings("ignore", "Hint: Inferred schema contains integer")
        signature = mlflow.models.infer_signature(example, model.predict(example))
    if signature.inputs is None:
        raise RuntimeError("MLflow inferred no signature from the inputs; look at their types")
    mlflow.sklearn.log_model(
        model,
        name="model",
        signature=signature,
        input_example=example,
        serialization_format="skops",
        skops_trusted_types=trusted,
        pip_requirements="requirements/serving.txt",
    )
