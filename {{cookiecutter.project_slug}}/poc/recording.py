"""Records a training run in MLflow: its data, code, parameters and measures, and the model."""

import json
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import skops.io
from sklearn.pipeline import Pipeline

from poc.provenance import Provenance, write_snapshot
from poc.tracking import connect, mlflow
from problem.spec import PROBLEM_FILE

FEATURES_FILE = Path("poc/features.py")
# The run's facts, as an artifact beside the problem and the feature code it was trained with.
FACTS = "training.json"


def record(
    experiment: str,
    model: Pipeline,
    example: pd.DataFrame,
    facts: Mapping[str, Any],
    metrics: Mapping[str, float],
) -> str:
    """One finished MLflow run with all of it; returns the run's id.

    `facts` are JSON values, of which the digests and `code` can be searched for as tags;
    `example` are a few rows as the model takes them.
    """
    code = Provenance(**facts["code"])
    with mlflow.start_run(experiment_id=connect(experiment)) as run:
        mlflow.set_tags(
            {
                "data_digest": facts["data_digest"],
                "test_digest": facts["test_digest"],
                "code_commit": code.commit or "none",
                "code_snapshot": code.snapshot,
                "dirty": str(code.dirty).lower(),
            }
        )
        named = {key: facts[key] for key in ("candidate", "seed", "split")}
        given = model[-1].get_params().items()
        mlflow.log_params(named | {key: value for key, value in given if value is not None})
        mlflow.log_metrics(dict(metrics))
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder)
            (there / FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")
            for file in (PROBLEM_FILE, FEATURES_FILE):
                (there / file.name).write_bytes(file.read_bytes())
            write_snapshot(there / "snapshot.zip")
            mlflow.log_artifacts(folder)
        _log_model(model, example)
    return str(run.info.run_id)


def _log_model(model: Pipeline, example: pd.DataFrame) -> None:
    """The model in skops' format: MLflow's default is a pickle, which may run anything."""
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
        # We made it just now. Who loads it decides anew what to trust.
        skops_trusted_types=skops.io.get_untrusted_types(data=skops.io.dumps(model)),
        pip_requirements="requirements/serving.txt",
    )
