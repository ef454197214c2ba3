"""Trains the candidates, chooses one, and records the run: data, code, choice and model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandera.pandas as pa

from data.load import digest
from poc import calibrate, rule
from poc.dataset import SEED, Dataset, gather
from poc.finish import Finished, bootstrap, finish, value
from poc.folds import THREADS, Lesson, Trial, cross_validate, lesson
from poc.latency import one_row_ms
from poc.model import Candidate, candidates
from poc.provenance import provenance
from poc.recording import record, scores_table
from problem.errors import BadInput
from problem.metrics import METRICS
from problem.spec import Problem

__all__ = ["THREADS", "Run", "Trial", "choose", "train"]

Say = Callable[[str], None]


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
    rows = len(dataset.learning)
    check_can_be_learned(dataset)
    say(f"{rows:,} rows to learn from, {len(dataset.columns)} inputs; {dataset.parts.how}")
    taught = lesson(dataset)
    tried = candidates(dataset.columns, problem.target.task, SEED, rows)
    trials = _try(taught, tried, say)
    raw = choose(problem, trials)
    calibration, _ = calibrate.weigh(taught, raw)
    finished = finish(taught, raw, calibration.method if calibration else None)
    trials = tuple(finished.trial if trial is raw else trial for trial in trials)
    say(
        f"chosen: {raw.candidate.name}{_calibrated(finished)}, fitted on all {rows:,} training rows"
    )
    facts = _facts(taught, trials, finished, calibration)
    for warning in facts["warnings"]:
        say(f"warning: {warning}")
    run_id = record(
        problem.decision.name,
        finished.model,
        taught.table.head(5),
        facts,
        scores_table(taught, trials),
    )
    return Run(run_id, raw.candidate.name, trials, finished.threshold, rows)


def check_can_be_learned(dataset: Dataset) -> None:
    """Raise BadInput where all rows to learn from have the same outcome."""
    if len(np.unique(dataset.known.values)) < 2:
        raise BadInput(
            f"'{dataset.problem.target.column}' has the same value in all "
            f"{len(dataset.learning):,} rows to learn from; choose another target, or add rows "
            "that differ"
        )


def choose(problem: Problem, trials: tuple[Trial, ...]) -> Trial:
    """The simplest candidate within one standard error of the best (Breiman et al. 1984, 3.4.3).

    Raises:
        BadInput: the success metric is not defined in every fold.
    """
    sign = 1 if METRICS[problem.success.metric].higher_is_better else -1
    real = [trial for trial in trials if trial.candidate.may_be_chosen]
    if not all(np.isfinite(trial.mean) for trial in real):
        raise BadInput(
            f"{problem.success.metric} is not defined in every fold of the cross-validation, most "
            "likely because the outcomes of one are all the same; take more rows, or another "
            "success.metric in problem.toml"
        )
    best = max(real, key=lambda trial: sign * trial.mean)
    return next(trial for trial in real if sign * trial.mean >= sign * best.mean - best.error)


def _try(taught: Lesson, tried: Sequence[Candidate], say: Say) -> tuple[Trial, ...]:
    done = []
    for trial in cross_validate(taught, tried):
        name = trial.candidate.name
        say(f"  {name:<18} {taught.metric.name} {trial.mean:.4f} ± {trial.error:.4f}")
        done.append(trial)
    return tuple(done)


def _calibrated(finished: Finished) -> str:
    return f" (calibrated, {finished.calibrated})" if finished.calibrated else ""


def _facts(
    taught: Lesson,
    trials: tuple[Trial, ...],
    finished: Finished,
    calibration: calibrate.Calibration | None,
) -> dict[str, Any]:
    """training.json: all that is known of the run, in JSON."""
    dataset, chosen = taught.dataset, finished.trial.candidate
    earned = value(taught, finished, trials[0])
    return {
        "candidate": chosen.name,
        "parameters": chosen.parameters,
        "calibrated": finished.calibrated or False,
        "calibration": calibration.to_json() if calibration else None,
        "classes": dataset.known.classes,
        "threshold": finished.threshold,
        "value": earned,
        "warnings": _warnings(earned),
        "search": None,
        "metric": taught.metric.name,
        "split": dataset.parts.how,
        "seed": SEED,
        "rows": len(taught.table),
        "folds": len(taught.folds),
        "data_digest": dataset.digest,
        # Their outcomes alone: new columns do not make them rows that nobody has looked at.
        "test_digest": digest(dataset.test[[dataset.problem.target.column]]),
        "code": provenance().to_json(),
        "rule": _rule(taught, trials),
        "trials": [_trial(taught, trial) for trial in trials],
    }


def _trial(taught: Lesson, trial: Trial) -> dict[str, Any]:
    rows = taught.judged
    whole = bootstrap(
        taught.metric.compute,
        taught.dataset.known.values[rows],
        trial.scores[rows],
        is_value=taught.dataset.problem.target.task == "regression",
    )
    return {
        "name": trial.candidate.name,
        "mean": trial.mean,
        "error": trial.error,
        "folds": trial.folds,
        # Over all rows that a fold judged at once, with the bootstrap interval.
        **whole.to_json(),
        "fit_seconds": trial.fit_seconds,
        "latency_ms": one_row_ms(taught, trial),
        "parameters": trial.candidate.parameters,
    }


def _rule(taught: Lesson, trials: tuple[Trial, ...]) -> str | None:
    found = next((trial.last for trial in trials if trial.candidate.name == "rule"), None)
    dataset = taught.dataset
    return rule.in_words(found, dataset.columns, dataset.problem) if found else None


def _warnings(earned: dict[str, Any]) -> list[str]:
    """What a person must hear before going on with this model."""
    if earned["per_1000_rows"] > earned["do_nothing"]:
        return []
    return [
        f"the model earns {earned['per_1000_rows']:,.2f} {earned['currency']} for 1,000 rows, "
        f"doing nothing {earned['do_nothing']:,.2f}; look at the costs in problem.toml, or for "
        "inputs that tell more"
    ]
