"""Candidates beside the team's own: from a search, and the accepted champion for comparison."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.problem.errors import BadInput
from engine.training.calibrate import calibrate_trial
from engine.training.candidates import CHAMPION, TUNED, Candidate, candidate_from_parameters
from engine.training.dataset import CrossValidationData
from engine.training.folds import Trial
from engine.training.record import runs
from engine.training.record.runs import Progress
from engine.training.tuning.search import search

# Candidates, and where they come from, for the record.
Extra = tuple[list[Candidate], dict[str, Any] | None]


def tuned_candidates(
    data: CrossValidationData,
    candidates: tuple[Candidate, ...],
    progress: Progress,
    *,
    search_seconds: float | None = None,
    parameters_of: str | None = None,
) -> Extra:
    """The candidate whose parameters a search found, and the search's metadata, if there is one.

    It searches for `search_seconds`, or reuses the search of the run `parameters_of` (an id, or
    `latest`).
    """
    if parameters_of:
        origin = runs.metadata_of(parameters_of, data.problem.decision.name).get("search")
        if not origin:
            raise BadInput(
                f"Run '{parameters_of}' tried no parameters from a search. Name one that was "
                "trained with --search-seconds, or search now.",
                code="no-search",
            )
    else:
        result = search(data, candidates, search_seconds, progress) if search_seconds else None
        if result is None:
            return [], None
        origin = asdict(result)
    return [candidate_from_parameters(candidates, TUNED, origin["parameters"])], origin


def accepted_champion(
    data: CrossValidationData, candidates: tuple[Candidate, ...], progress: Progress
) -> Extra:
    """The accepted model as an unfitted candidate, if today's code can make it, and its run."""
    name = data.problem.decision.name
    origin = runs.accepted_run(name)
    if origin is None:
        return [], None
    try:
        metadata = runs.metadata_of(origin["run_id"], name)
        if "parameters" not in metadata:
            raise BadInput("its run recorded no parameters", code="incomplete-metadata")
        candidate = candidate_from_parameters(
            candidates, metadata["candidate"], metadata["parameters"], rename=CHAMPION
        )
    except BadInput as error:
        progress(f"  The champion is not compared: {error}")
        return [], None
    return [candidate], origin | {key: metadata[key] for key in ("candidate", "calibrated")}


def calibrate_champion(
    data: CrossValidationData, trials: Sequence[Trial], origin: dict[str, Any] | None
) -> list[Trial]:
    """The same trials; the champion's scores calibrated if the accepted model (`origin`) is."""
    name = CHAMPION if origin and origin["calibrated"] else None
    return [calibrate_trial(data, one) if one.candidate.name == name else one for one in trials]
