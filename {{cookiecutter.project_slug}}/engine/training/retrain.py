"""A recorded model made again from its metadata."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import skops.io

from engine.problem.errors import BadInput, command
from engine.problem.files import read_json, write_atomically
from engine.problem.spec import Problem
from engine.training.calibrate import fit_final
from engine.training.candidates import Candidate, ModelDefinition, candidate_from_parameters
from engine.training.dataset import SEED, CrossValidationData, recorded_data
from engine.training.folds import Trial, cross_validate
from engine.training.record.runs import RUN_METADATA, Progress
from engine.training.record.write import model_metadata

MODEL = "model.skops"
NEEDED = {
    **{"candidate": str, "parameters": dict, "calibrated": str | bool},
    **{"data_digest": str, "seed": int},
}


def retrain(
    problem: Problem,
    definition: ModelDefinition,
    metadata_file: Path,
    out: Path,
    progress: Progress = print,
) -> dict[str, Any]:
    """Write `out`/model.skops and `out`/training.json; returns the content of the latter."""
    advice = "take it from the run's artifacts in MLflow"
    recorded = read_json(metadata_file, f"a run's {RUN_METADATA}", advice)
    missing = [name for name, kind in NEEDED.items() if not isinstance(recorded.get(name), kind)]
    if missing:
        raise BadInput(
            f"{metadata_file} lacks {', '.join(missing)}: an older training recorded it. Train "
            f"again with `{command('poc train')}`.",
            code="incomplete-metadata",
        )
    data = recorded_data(problem, definition.contract, recorded["data_digest"])
    if recorded["seed"] != SEED:
        raise BadInput(
            f"The run's seed is {recorded['seed']}, engine/training/dataset.py has {SEED}. Check "
            "out the commit that the run was trained with.",
            code="seed-changed",
        )
    columns = data.dataset.columns
    candidates = definition.candidates(columns, data.task, SEED, len(data.table))
    candidate = candidate_from_parameters(candidates, recorded["candidate"], recorded["parameters"])
    [trial] = cross_validate(data, [candidate])
    final = fit_final(data, trial, recorded["calibrated"] or None)
    results = {"mean": final.trial.mean, "error": final.trial.standard_error}
    metadata = model_metadata(data, final) | results
    write_atomically(out / MODEL, skops.io.dumps(final.model))
    write_atomically(out / RUN_METADATA, json.dumps(metadata, indent=1))
    progress(f"Trained {candidate.name} again: {data.metric.name} {final.trial.mean:.4f}.")
    return metadata


def accepted_champion(*_: Any) -> tuple[list[Candidate], None]:
    """No champion: a `poc/train.py` of engine 3.1 calls this.

    It compared today's features with the champion's parameters, which is no comparison with the
    champion. `engine.bundle.champion.champion_trial` compares the champion itself.
    """
    return [], None


def calibrate_champion(_: CrossValidationData, trials: Sequence[Trial], *__: Any) -> list[Trial]:
    """The same trials: a `poc/train.py` of engine 3.1 calls this; see `accepted_champion`."""
    return [*trials]
