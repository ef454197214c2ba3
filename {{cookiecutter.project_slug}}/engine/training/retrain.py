"""Makes a run's model again from what the run recorded: the same code, data and parameters.

Nothing is searched and nothing chosen: what was decided then is only carried out again.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import skops.io

from engine.problem.errors import BadInput
from engine.problem.files import read_json
from engine.problem.spec import Problem
from engine.training.candidates import ModelDefinition, recipe
from engine.training.dataset import SEED, gather
from engine.training.fit_final import fit_final
from engine.training.folds import cross_validate, cross_validation_data
from engine.training.record.provenance import provenance
from engine.training.record.write import RUN_METADATA

MODEL = "model.skops"
NEEDED = {
    "candidate": str,
    "parameters": dict,
    "calibrated": str | bool,
    "data_digest": str,
    "seed": int,
}


def retrain(
    problem: Problem,
    definition: ModelDefinition,
    facts_file: Path,
    out: Path,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Write `out`/model.skops and `out`/training.json; returns what the latter holds.

    Raises:
        BadInput: the facts cannot be read, or the data or the seed is not what they name.
    """
    facts = _read(facts_file)
    dataset = gather(problem, definition.contract)
    if dataset.digest != facts["data_digest"]:
        raise BadInput(
            f"expected the data with digest {facts['data_digest'][:12]}, {problem.rows.source} "
            f"holds rows of {dataset.digest[:12]}; restore the rows that the run was trained on, "
            "or train again with `python -m poc train`"
        )
    if facts["seed"] != SEED:
        raise BadInput(
            f"the run's seed is {facts['seed']}, engine/training/dataset.py has {SEED}; check out "
            "the commit that the run was trained with"
        )
    taught = cross_validation_data(dataset)
    tried = definition.candidates(dataset.columns, problem.target.task, SEED, len(taught.table))
    again = recipe(tried, facts["candidate"], facts["parameters"])
    [trial] = cross_validate(taught, [again])
    finished = fit_final(taught, trial, facts["calibrated"] or None)
    found = {
        "candidate": again.name,
        "parameters": again.parameters,
        "calibrated": finished.calibrated or False,
        "classes": dataset.known.classes,
        "threshold": finished.threshold,
        "metric": taught.metric.name,
        "mean": finished.trial.mean,
        "error": finished.trial.standard_error,
        "seed": SEED,
        "data_digest": dataset.digest,
        "code": provenance().to_json(),
    }
    out.mkdir(parents=True, exist_ok=True)
    _replace(out / MODEL, skops.io.dumps(finished.model))
    _replace(out / RUN_METADATA, json.dumps(found, indent=1).encode())
    say(f"{again.name} trained again: {taught.metric.name} {finished.trial.mean:.4f}")
    return found


def _read(file: Path) -> dict[str, Any]:
    facts = read_json(file, f"a run's {RUN_METADATA}", "take it from the run's artifacts in MLflow")
    missing = [name for name, kind in NEEDED.items() if not isinstance(facts.get(name), kind)]
    if missing:
        raise BadInput(
            f"{file} lacks {', '.join(missing)}: it was recorded by an older training; train "
            "again with `python -m poc train`"
        )
    return facts


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
