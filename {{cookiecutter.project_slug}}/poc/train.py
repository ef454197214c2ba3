"""Trains the candidates, chooses one, and records the run: data, code, choice and model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandera.pandas as pa
from numpy.typing import NDArray
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from data.load import digest
from data.split import folds
from poc.dataset import SEED, Dataset, gather
from poc.evaluate import best_threshold, predict
from poc.model import Candidate, candidates
from poc.provenance import provenance
from poc.recording import record
from problem.errors import BadInput
from problem.metrics import METRICS
from problem.spec import Problem

Array = NDArray[np.float64]
Say = Callable[[str], None]

# One thread a fit. Two round a sum otherwise than four do, so that the same data would give another
# model on another machine; and where cores are busy, threads that wait for each other made training
# eleven times as slow.
THREADS = 1


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
        BadInput: the data cannot be loaded, does not fit the problem, or has nothing to learn.
    """
    dataset = gather(problem, schema)
    rows, known = len(dataset.learning), dataset.known
    if len(np.unique(known.values)) < 2:
        raise BadInput(
            f"'{problem.target.column}' has the same value in all {rows:,} rows to learn from; "
            "choose another target, or add rows that differ"
        )
    say(f"{rows:,} rows to learn from, {len(dataset.columns)} inputs; {dataset.parts.how}")
    with threadpool_limits(limits=THREADS):
        trials = tuple(
            _try(dataset, candidate, say)
            for candidate in candidates(dataset.columns, problem.target.task, SEED)
        )
        trial = choose(problem, trials)
        table = dataset.inputs(dataset.learning)
        model = clone(trial.candidate.model).fit(table, known.labels)
    say(f"chosen: {trial.candidate.name}, fitted on all {rows:,} training rows")
    threshold = _threshold(dataset, trial)
    facts = {
        "candidate": trial.candidate.name,
        "classes": known.classes,
        "threshold": threshold,
        "split": dataset.parts.how,
        "seed": SEED,
        "data_digest": dataset.digest,
        # Their outcomes alone: new columns do not make them rows that nobody has looked at.
        "test_digest": digest(dataset.test[[problem.target.column]]),
        "code": provenance().to_json(),
        "trials": [
            {"name": one.candidate.name, "mean": one.mean, "error": one.error} for one in trials
        ],
    }
    metrics = {f"cv_{problem.success.metric}_{one.candidate.name}": one.mean for one in trials}
    run_id = record(problem.decision.name, model, table.head(5), facts, metrics)
    return Run(run_id, trial.candidate.name, trials, threshold, rows)


def choose(problem: Problem, trials: tuple[Trial, ...]) -> Trial:
    """The simplest candidate within one standard error of the best (Breiman et al. 1984, 3.4.3).

    Raises:
        BadInput: the success metric is not defined in every fold.
    """
    sign = 1 if METRICS[problem.success.metric].higher_is_better else -1
    real = [trial for trial in trials if not trial.candidate.is_baseline]
    if not all(np.isfinite(trial.mean) for trial in real):
        raise BadInput(
            f"{problem.success.metric} is not defined in every fold of the cross-validation, most "
            "likely because the outcomes of one are all the same; take more rows, or another "
            "success.metric in problem.toml"
        )
    best = max(real, key=lambda trial: sign * trial.mean)
    return next(trial for trial in real if sign * trial.mean >= sign * best.mean - best.error)


def _try(dataset: Dataset, candidate: Candidate, say: Say) -> Trial:
    problem, known = dataset.problem, dataset.known
    metric, task = METRICS[problem.success.metric], problem.target.task
    table = dataset.inputs(dataset.learning)
    shape = (len(table), len(known.classes)) if task == "multiclass" else (len(table),)
    scores, results = np.full(shape, np.nan), []
    for learn, judge in folds(problem, dataset.learning, SEED):
        model = clone(candidate.model).fit(table.iloc[learn], known.labels[learn])
        scores[judge] = predict(model, table.iloc[judge], task, known.classes)
        results.append(metric.compute(known.values[judge], scores[judge]))
    trial = Trial(candidate, tuple(results), scores)
    say(f"  {candidate.name:<18} {metric.name} {trial.mean:.4f} ± {trial.error:.4f}")
    return trial


def _threshold(dataset: Dataset, trial: Trial) -> float | None:
    """The score from which acting earns most; chosen on predictions of rows that were held out."""
    if dataset.problem.target.task != "binary":
        return None
    judged = ~np.isnan(trial.scores)
    outcome, score = dataset.known.values[judged], trial.scores[judged]
    return best_threshold(dataset.problem.value, outcome, score)
