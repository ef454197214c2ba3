"""The metadata of a training run, as it stands in training.json."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from time import perf_counter, thread_time
from typing import Any

from engine.data.load import digest, take
from engine.training.calibrate import Calibration
from engine.training.dataset import SEED, CrossValidationData
from engine.training.evaluate import bootstrap
from engine.training.fit_final import FinalModel, fold_thresholds
from engine.training.folds import Trial
from engine.training.insight import Importance, LearningCurve, describe_rule
from engine.training.money import worth
from engine.training.parallel import parallel_map
from engine.training.record.provenance import provenance

Metadata = dict[str, Any]
# Calls for a median latency, as many as fit into a short time.
CALLS, SECONDS = 9, 0.25


def run_metadata(
    data: CrossValidationData,
    trials: tuple[Trial, ...],
    final: FinalModel,
    calibration: Calibration | None,
    curve: LearningCurve | None,
    importances: Sequence[Importance],
    *,
    search: Metadata | None = None,
    champion: Metadata | None = None,
) -> Metadata:
    """The run's metadata, as JSON values; money, intervals and latency are measured here.

    `trials` begin with the baseline's and hold the final model's own. `search` is the metadata of
    the search for parameters, `champion` that of the accepted model, if there is one.
    """
    dataset, rows = data.dataset, data.out_of_fold_rows
    scores, baseline = final.trial.scores, trials[0].scores[rows]
    thresholds = fold_thresholds(data, scores, final.threshold)
    outcomes, groups = data.outcomes(rows), data.groups(rows)
    value = worth(data.problem, outcomes, scores[rows], baseline, thresholds, groups)
    poor = (
        f"The model earns {value['per_1000_rows']:,.2f} {value['currency']} for 1,000 rows, doing "
        f"nothing {value['do_nothing']:,.2f}. Check the costs in problem.toml, or look for more "
        "informative inputs."
    )
    measured = list(parallel_map(lambda trial: _measured(data, trial), trials))
    rule = next((trial.last for trial in trials if trial.candidate.name == "rule"), None)
    return model_metadata(data, final) | {
        "calibration": asdict(calibration) if calibration else None,
        "value": value,
        "warnings": [] if value["per_1000_rows"] > value["do_nothing"] else [poor],
        "higher_is_better": data.metric.higher_is_better,
        "split": dataset.split.description,
        "rows": len(data.table),
        "folds": len(data.folds),
        # Of the outcomes alone: the same test rows with new columns are the same test set.
        "test_digest": digest(take(dataset.frame, dataset.split.test)),
        "rule": describe_rule(rule, dataset.columns, data.problem) if rule else None,
        "trials": measured,
        "importance": [asdict(one) for one in importances],
        "learning_curve": asdict(curve) if curve else None,
        "search": search,
        "champion": champion,
    }


def model_metadata(data: CrossValidationData, final: FinalModel) -> Metadata:
    """What identifies a model: the choices that made it, its data and its code."""
    candidate = final.trial.candidate
    return {
        "candidate": candidate.name,
        "parameters": candidate.parameters,
        "calibrated": final.calibrated or False,
        "classes": data.dataset.targets.classes,
        "threshold": final.threshold,
        "metric": data.metric.name,
        "seed": SEED,
        "data_digest": data.dataset.digest,
        "code": asdict(provenance()),
    }


def _measured(data: CrossValidationData, trial: Trial) -> Metadata:
    rows = data.out_of_fold_rows
    outcomes, scores, groups = data.outcomes(rows), trial.scores[rows], data.groups(rows)
    is_regression, compute = data.task == "regression", data.metric.compute
    interval = bootstrap(compute, outcomes, scores, is_regression=is_regression, groups=groups)
    return {
        "name": trial.candidate.name,
        "mean": trial.mean,
        "error": trial.standard_error,
        "folds": trial.folds,
        # Over all out-of-fold rows together, with the bootstrap interval.
        **interval.to_json(),
        "fit_seconds": trial.fit_seconds,
        "latency_ms": _one_row_ms(data, trial),
        "parameters": trial.candidate.parameters,
    }


def _one_row_ms(data: CrossValidationData, trial: Trial) -> float | None:
    """Milliseconds of processor time for one row, the median of calls; None without a model.

    Processor time does not depend on what else the machine does.
    """
    if trial.last is None:
        return None
    row, taken = data.table.iloc[:1], list[float]()
    data.predict_inputs(trial.last, row)  # the first call fills caches
    until = perf_counter() + SECONDS
    while len(taken) < CALLS and (not taken or perf_counter() < until):
        began = thread_time()
        data.predict_inputs(trial.last, row)
        taken.append(thread_time() - began)
    return 1000 * median(taken)
