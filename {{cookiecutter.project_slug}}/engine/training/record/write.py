"""Records a training run in MLflow: its data, code, parameters and measures, and the model."""

import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import skops.io
from sklearn.pipeline import Pipeline

from engine.problem.spec import PROBLEM_FILE
from engine.training.fit_final import FinalModel
from engine.training.folds import CrossValidationData, Trial
from engine.training.record.provenance import Provenance, write_snapshot
from engine.training.record.tracking import connect, mlflow

FEATURES_FILE = Path("poc/features.py")
# The run's facts, as an artifact beside the problem and the feature code it was trained with; and
# what each candidate said of each row to learn from when it was held out.
RUN_METADATA, SCORES = "training.json", "scores.parquet"


def record(
    data: CrossValidationData,
    trials: Sequence[Trial],
    final: FinalModel,
    facts: Mapping[str, Any],
    page: Path,
) -> str:
    """Write one finished MLflow run with data, code, choice and model; returns its id.

    Args:
        facts: as `run_metadata` returns them; the digests and `code` become tags.
        page: as `write_page` wrote it.

    Raises:
        BadInput: the store of runs does not answer.
    """
    code = Provenance(**facts["code"])
    experiment = connect(data.dataset.problem.decision.name)
    with mlflow.start_run(experiment_id=experiment) as run:
        mlflow.set_tags(
            {
                "data_digest": facts["data_digest"],
                "test_digest": facts["test_digest"],
                "code_commit": code.commit or "none",
                "code_snapshot": code.snapshot,
                "dirty": str(code.dirty).lower(),
            }
        )
        named = {key: facts[key] for key in ("candidate", "calibrated", "seed", "split")}
        given = facts["parameters"].items()
        mlflow.log_params(named | {key: value for key, value in given if value is not None})
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder)
            (there / RUN_METADATA).write_text(json.dumps(facts, indent=1), encoding="utf-8")
            for file in (PROBLEM_FILE, FEATURES_FILE, page):
                (there / file.name).write_bytes(file.read_bytes())
            scores_table(data, trials).to_parquet(there / SCORES, index=False)
            write_snapshot(there / "snapshot.zip")
            mlflow.log_artifacts(folder)
        _log_model(final.model, data.table.head(5))
        # After the model: MLflow would look up the history of each, to copy it to the model too.
        mlflow.log_metrics(_metrics(facts))
    return str(run.info.run_id)


def scores_table(taught: CrossValidationData, trials: Sequence[Trial]) -> pd.DataFrame:
    """What each candidate said of each row to learn from when a fold held it out.

    Columns: `row` (its number among the rows to learn from), `outcome` (0/1, number of the class,
    value), and one a candidate; of several classes one each, `candidate:class`. Rows that no fold
    judged are left out.
    """
    rows, known = taught.judged, taught.dataset.known
    table = {"row": rows, "outcome": known.values[rows]}
    for trial in trials:
        said, name = trial.scores[rows], trial.candidate.name
        if said.ndim == 1:
            table[name] = said
        else:
            table |= {f"{name}:{label}": said[:, i] for i, label in enumerate(known.classes)}
    return pd.DataFrame(table)


def _metrics(facts: Mapping[str, Any]) -> dict[str, float]:
    """What can be compared between runs in MLflow: each candidate's measures and intervals."""
    found: dict[str, float] = {}
    for trial in facts["trials"]:
        name = f"cv_{facts['metric']}_{trial['name']}"
        found |= {name: trial["mean"], f"{name}_low": trial["low"], f"{name}_high": trial["high"]}
        found[f"fit_seconds_{trial['name']}"] = trial["fit_seconds"]
        if trial["latency_ms"] is not None:
            found[f"latency_ms_{trial['name']}"] = trial["latency_ms"]
    named = ("per_1000_rows", "low", "high", "do_nothing")
    return found | {f"value_{key}": facts["value"][key] for key in named}


def _log_model(model: Pipeline, example: pd.DataFrame) -> None:
    """The model in skops' format: MLflow's default is a pickle, which may run anything."""
    with warnings.catch_warnings():
        # An integer input that is never missing is what the contract says; no hint needed.
        warnings.filterwarnings("ignore", "Hint: Inferred schema contains integer")
        # MLflow compares the names of the columns with a range, which a later pandas will not do.
        warnings.filterwarnings("ignore", "Operation with range is deprecated")
        signature = mlflow.models.infer_signature(example, model.predict(example))
        if signature.inputs is None:
            raise RuntimeError("MLflow inferred no signature from the inputs; look at their types")
        mlflow.sklearn.log_model(
            model,
            name="model",
            signature=signature,
            input_example=example,
            serialization_format="skops",
            # We made it just now. Who loads it decides anew what to trust.
            skops_trusted_types=skops.io.get_untrusted_types(data=skops.io.dumps(model)),
            pip_requirements="requirements/serving.txt",
        )
