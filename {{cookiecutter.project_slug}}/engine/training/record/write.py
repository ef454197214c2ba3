"""Records a training run in MLflow: its metadata (training.json), scores, code and model."""

import json
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import thread_time
from timeit import repeat
from typing import Any

import pandas as pd
import skops.io
from sklearn.pipeline import Pipeline

from engine.data.digest import digest
from engine.data.load import take
from engine.problem.metrics import Array
from engine.problem.spec import PROBLEM_FILE
from engine.training.calibrate import Calibration, FinalModel
from engine.training.candidates import CHAMPION
from engine.training.compare import paired_gain
from engine.training.dataset import SEED, CrossValidationData
from engine.training.evaluate import bootstrap
from engine.training.folds import Trial
from engine.training.insight import Importance, LearningCurve, describe_rule, shap_summary
from engine.training.money import fold_thresholds, worth
from engine.training.parallel import parallel_map
from engine.training.record.provenance import provenance, write_snapshot
from engine.training.record.runs import FEATURES_FILE, RUN_METADATA, SCORES, Run
from engine.training.record.scores import scores_table
from engine.training.record.tracking import connect, mlflow, store_errors
from engine.training.suspicion import questions, suspicions, training_leaks

Metadata = dict[str, Any]
CALLS = 6  # for a median latency


def record(
    data: CrossValidationData,
    trials: Sequence[Trial],
    final: FinalModel,
    metadata: Mapping[str, Any],
) -> Run:
    """Write one finished MLflow run with data, code, choice and model; see `run_metadata`."""
    code = metadata["code"]
    with mlflow.start_run(experiment_id=connect(data.problem.decision.name)) as run:
        tags = {"code_commit": code["commit"] or "none", "code_snapshot": code["snapshot"]}
        tags |= {key: metadata[key] for key in ("data_digest", "test_digest")}
        mlflow.set_tags(tags | {"dirty": str(code["dirty"]).lower()})
        named = {key: metadata[key] for key in ("candidate", "calibrated", "seed", "split")}
        given = metadata["parameters"].items()
        mlflow.log_params(named | {key: value for key, value in given if value is not None})
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder)
            (path / RUN_METADATA).write_text(json.dumps(metadata, indent=1), encoding="utf-8")
            for file in (PROBLEM_FILE, FEATURES_FILE):
                (path / file.name).write_bytes(file.read_bytes())
            table = scores_table(data, trials, final.trial.scores)
            table.to_parquet(path / SCORES, index=False)
            write_snapshot(path / "snapshot.zip")
            mlflow.log_artifacts(folder)
        _log_model(final.model, data.table.head(5))
        # After the model: MLflow would look up the history of each, to copy it to the model too.
        mlflow.log_metrics(_metrics(metadata))
    scores = {trial.candidate.name: trial.scores for trial in trials}
    return Run(str(run.info.run_id), data, metadata, scores, datetime.now(UTC))


@store_errors()
def attach(run: Run, file: Path) -> None:
    """Add a file, such as the training's page, to a recorded run."""
    mlflow.MlflowClient().log_artifact(run.run_id, str(file))


def _metrics(metadata: Mapping[str, Any]) -> dict[str, float]:
    """What can be compared between runs in MLflow: each candidate's metrics and intervals."""
    amounts = ("per_1000_rows", "low", "high", "do_nothing", "act_always")
    metrics = {f"value_{key}": metadata["value"][key] for key in amounts}
    for trial in metadata["trials"]:
        name = f"cv_{metadata['metric']}_{trial['name']}"
        metrics |= {name: trial["mean"], f"{name}_low": trial["low"], f"{name}_high": trial["high"]}
        metrics |= {f"{key}_{trial['name']}": trial[key] for key in ("fit_seconds", "latency_ms")}
    return {name: value for name, value in metrics.items() if value is not None}


def _log_model(model: Pipeline, example: pd.DataFrame) -> None:
    """The model in skops' format: MLflow's default is a pickle, which may run anything."""
    with warnings.catch_warnings():
        # The contract says that an integer input is never missing; no hint needed.
        warnings.filterwarnings("ignore", "Hint: Inferred schema contains integer")
        # MLflow compares the names of the columns with a range, which a later pandas will not do.
        warnings.filterwarnings("ignore", "Operation with range is deprecated")
        signature = mlflow.models.infer_signature(example, model.predict(example))
        if signature.inputs is None:
            raise RuntimeError("MLflow inferred no signature from the inputs; check their types")
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=signature,
            input_example=example,
            serialization_format="skops",
            # We made it just now. Whoever loads it decides again which types to trust.
            skops_trusted_types=skops.io.get_untrusted_types(data=skops.io.dumps(model)),
            pip_requirements="requirements/serving.txt",
        )


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

    `trials` begin with the baseline's and hold the final model's own.
    """
    dataset, rows = data.dataset, data.out_of_fold_rows
    scores, baseline = final.trial.scores, trials[0].scores[rows]
    thresholds = fold_thresholds(data, scores)
    outcomes, groups = data.outcomes(rows), data.groups(rows)
    value = worth(data.problem, outcomes, scores[rows], baseline, thresholds, groups)
    leaks = training_leaks(data)
    suspicious = suspicions(data, scores, leaks)
    rule = next((trial.last for trial in trials if trial.candidate.name == "rule"), None)
    return model_metadata(data, final) | {
        "calibration": asdict(calibration) if calibration else None,
        "value": value,
        "suspicious": suspicious,
        "warnings": [*suspicious, *questions(data, leaks), *_poor(value), *_unlearnt(data)],
        "higher_is_better": data.metric.higher_is_better,
        "split": dataset.split.description,
        "rows": len(data.table),
        "folds": len(data.folds),
        # Of the outcomes alone: the same test rows with new columns are the same test set.
        "test_digest": digest(take(dataset.frame, dataset.split.test)),
        "rule": describe_rule(rule, dataset.columns, data.problem) if rule else None,
        "trials": list(parallel_map(lambda trial: _measured(data, trial), trials)),
        "importance": [asdict(one) for one in importances],
        "shap": shap_summary(data, final.trial),
        "learning_curve": asdict(curve) if curve else None,
        "search": search,
        "champion": _against(data, scores, trials, champion),
    }


def _against(
    data: CrossValidationData, scores: Array, trials: Sequence[Trial], champion: Metadata | None
) -> Metadata | None:
    """The champion's origin, with the paired difference to it on the out-of-fold rows."""
    rival = next((trial for trial in trials if trial.candidate.name == CHAMPION), None)
    if champion is None or rival is None:
        return champion
    rows = data.out_of_fold_rows
    both, groups = (scores[rows], rival.scores[rows]), data.groups(rows)
    gain = paired_gain(data.metric, data.outcomes(rows), *both, data.task, groups)
    return champion | {"difference": gain.to_json()}


def _poor(value: Mapping[str, Any]) -> Iterator[str]:
    """A warning for each policy without a model that earns as much."""
    rivals = {"doing nothing": value["do_nothing"], "acting on every row": value["act_always"]}
    for rival, amount in rivals.items():
        if amount is not None and value["per_1000_rows"] <= amount:
            yield (
                f"The model earns {value['per_1000_rows']:,.2f} {value['currency']} for 1,000 "
                f"rows, {rival} {amount:,.2f}. Check the costs in problem.toml, or look for more "
                "informative inputs."
            )


def _unlearnt(data: CrossValidationData) -> Iterator[str]:
    """A warning for each input that has no value, or only one, in the training rows."""
    for name, values in data.table.items():
        different = values.nunique(dropna=False)
        if different < 2:
            what = "no value" if values.isna().any() else f"the value {values.iloc[0]} only"
            yield (
                f"Input '{name}' has {what} in the {len(values):,} training rows, so the model "
                "cannot use it, whatever later rows hold. Exclude it under [columns.excluded], or "
                "train again when there are such rows."
            )


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
    interval = bootstrap(data.metric.compute, outcomes, scores, data.task, groups)
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
    """Milliseconds of processor time for one row, the median of calls; None without a model."""
    if trial.last is None:
        return None
    row = data.table.iloc[:1]
    # The first call fills caches.
    _, *taken = repeat(
        lambda: data.predict_inputs(trial.last, row), timer=thread_time, repeat=CALLS, number=1
    )
    return 1000 * median(taken)
