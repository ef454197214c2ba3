"""Candidates beside the team's own: from a search, and the accepted champion for comparison."""

from collections.abc import Sequence
from typing import Any

from engine.problem.errors import BadInput
from engine.training import calibrate
from engine.training.candidates import CHAMPION, TUNED, Candidate, recipe
from engine.training.folds import CrossValidationData, Trial
from engine.training.record import previous_runs
from engine.training.run import Progress
from engine.training.tuning.search import search

Found = tuple[list[Candidate], dict[str, Any] | None]


def tuned_candidates(
    data: CrossValidationData,
    candidates: tuple[Candidate, ...],
    progress: Progress,
    *,
    search_seconds: float | None = None,
    parameters_of: str | None = None,
) -> Found:
    """The candidate whose parameters a search found, now or in an earlier run.

    Args:
        search_seconds: how long to search; None searches nothing.
        parameters_of: a run (its id, or `latest`) whose search is reused.

    Returns:
        The candidate, if there is one, and the search's facts for the record.

    Raises:
        BadInput: there is no such run, it searched nothing, or the same search is running.
    """
    if parameters_of:
        facts = previous_runs.facts_of(parameters_of, data.dataset.problem.decision.name)
        return [recipe(candidates, TUNED, previous_runs.found_by(facts))], facts["search"]
    found = search(data, candidates, search_seconds, progress) if search_seconds else None
    if not found:
        return [], None
    return [recipe(candidates, TUNED, found.parameters)], found.to_json()


def accepted_champion(
    data: CrossValidationData, candidates: tuple[Candidate, ...], progress: Progress
) -> Found:
    """The accepted model's recipe, if today's code can make it, and the run that it comes from."""
    try:
        found = previous_runs.champion(data.dataset.problem.decision.name, candidates)
    except BadInput as error:
        progress(f"  the champion is not compared: {error}")
        return [], None
    return ([found[0]], found[1]) if found else ([], None)


def calibrate_champion(
    data: CrossValidationData, trials: Sequence[Trial], origin: dict[str, Any] | None
) -> list[Trial]:
    """The same trials, the champion's scores calibrated if the accepted model is calibrated.

    Args:
        origin: of the champion, as `accepted_champion` returned it.
    """
    if not (origin and origin["calibrated"]):
        return list(trials)
    return [
        calibrate.apply(data, trial) if trial.candidate.name == CHAMPION else trial
        for trial in trials
    ]
