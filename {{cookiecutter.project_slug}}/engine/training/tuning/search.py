"""Searches for better parameters of gradient boosting within a stated time.

Optuna's sampler proposes parameters (Akiba et al. 2019); the folds of the cross-validation evaluate
them. The trials are kept in a file: the same command continues a search, however it was stopped.
"""

import hashlib
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState
from sklearn.pipeline import Pipeline

from engine.pages.formatting import count, number
from engine.problem.errors import BadInput
from engine.training.candidates import BOOSTING, TUNED, Candidate, candidate_from_parameters
from engine.training.dataset import SEED, CrossValidationData
from engine.training.parallel import parallel_map
from engine.training.record.runs import FEATURES_FILE, Progress, metadata_of
from engine.training.tuning import fitting

SEARCHES = Path("build/search")
# The code that a search's result depends on, beside the model and its features.
CODE = ("dataset.py", "folds.py", "parallel.py", "tuning/fitting.py", "tuning/search.py")
SPENT = "seconds spent"
# Random trials before the sampler learns from them, and trials before any is pruned.
RANDOM_TRIALS, TRIALS_BEFORE_PRUNING = 10, 5
# Trials with a result: complete, or pruned because they were clearly no better. One that the
# deadline ended has none.
EVALUATED = (TrialState.COMPLETE, TrialState.PRUNED)
PROGRESS_SECONDS = 5.0


@dataclass(frozen=True)
class Search:
    """The result of a search over all its runs: trials with a result, and `pruned` ones of these.

    `best` is the mean over folds of the success metric, with early stopping.
    """

    trials: int
    pruned: int
    seconds_allowed: float
    seconds_spent: float
    stopped: bool
    best: float
    parameters: dict[str, Any]


def tuned_candidates(
    data: CrossValidationData,
    candidates: tuple[Candidate, ...],
    progress: Progress,
    *,
    search_seconds: float | None = None,
    parameters_of: str | None = None,
) -> tuple[list[Candidate], dict[str, Any] | None]:
    """The candidate with a search's parameters, and the search's metadata, if there is one.

    It searches for `search_seconds`, or reuses the search of a run: an id, or `latest`.
    """
    if parameters_of:
        origin = metadata_of(parameters_of, data.problem.decision.name).get("search")
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


def search(
    data: CrossValidationData,
    candidates: tuple[Candidate, ...],
    seconds: float,
    progress: Progress,
    folder: Path = SEARCHES,
) -> Search | None:
    """Search until `seconds` are spent, including earlier runs; None if no trial was completed.

    A trial starts only if one of median duration would end in time, and ends when its next trees
    would be late. Ctrl-C ends the search with the best result so far.
    """
    model = next(one.model for one in candidates if one.name == BOOSTING)
    folder.mkdir(parents=True, exist_ok=True)
    file, deadline = folder / key(data, model)[:16], fitting.Deadline()
    with fitting.file_lock(file.with_suffix(".lock")), deadline.stopped_by_sigint():
        study, began = _study(data, model, file.with_suffix(".db")), monotonic()
        spent = _spent(study)
        deadline.until = began + seconds - spent
        if trials := _trials(study, *EVALUATED):
            progress(f"  Continuing the search in {folder}: {count(len(trials), 'trial')} so far.")
        if not deadline.is_over(_median_seconds(study)):
            try:
                with suppress(fitting.TimeIsUpError):
                    _optimize(study, data, model, deadline, progress)
            finally:
                _end_running_trials(study)
                study.set_user_attr(SPENT, spent + monotonic() - began)
        trials, complete = _trials(study, *EVALUATED), _trials(study, TrialState.COMPLETE)
        if deadline.stopped:
            progress("  Search stopped; the same command continues it.")
        if not complete:
            progress(f"  No trial was completed within {seconds:g} s. Increase --search-seconds.")
            return None
        spent, pruned = round(_spent(study), 1), len(trials) - len(complete)
        best, parameters = study.best_value, dict(study.best_trial.user_attrs["parameters"])
        progress(
            f"  Searched {spent:.0f} s: {count(len(trials), 'trial')}, {pruned} of them pruned; "
            f"best {data.metric.name} {number(best)}."
        )
        stopped = deadline.stopped
        return Search(len(trials), pruned, seconds, spent, stopped, best, parameters)


def _study(data: CrossValidationData, model: Pipeline, file: Path) -> optuna.Study:
    """The search of this problem, these rows and this code: a new one, or that of earlier runs."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        storage=f"sqlite:///{file.as_posix()}",
        study_name=key(data, model),
        direction="maximize" if data.metric.higher_is_better else "minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=TRIALS_BEFORE_PRUNING),
        load_if_exists=True,
    )
    trials = _trials(study, *TrialState)
    _end_running_trials(study)
    # Another seed each time: the same one would propose the same parameters again.
    study.sampler = optuna.samplers.TPESampler(
        seed=SEED + len(trials), n_startup_trials=RANDOM_TRIALS, multivariate=True
    )
    if not trials:
        study.enqueue_trial(fitting.DEFAULTS)
    return study


def _optimize(
    study: optuna.Study,
    data: CrossValidationData,
    model: Pipeline,
    deadline: fitting.Deadline,
    progress: Progress,
) -> None:
    """Run trials until the deadline; TimeIsUpError if it passes before the folds are prepared."""
    folds, reported = fitting.prepare_folds(data, model, deadline), monotonic()

    def after_trial(study: optuna.Study, _: FrozenTrial) -> None:
        nonlocal reported
        if deadline.is_over(_median_seconds(study)):
            study.stop()
        elif monotonic() - reported > PROGRESS_SECONDS:
            reported = monotonic()
            trials = count(len(_trials(study, *EVALUATED)), "trial")
            left = deadline.until - reported
            is_any_complete = _trials(study, TrialState.COMPLETE)
            best = f"best {number(study.best_value)}, " if is_any_complete else ""
            progress(f"  Search: {trials}, {best}{left:.0f} s left.")
            sys.stdout.flush()  # a pipe would hold the line back

    study.optimize(
        lambda trial: _evaluate(trial, folds, deadline),
        timeout=deadline.until - monotonic(),
        catch=(fitting.TimeIsUpError,),
        callbacks=[after_trial],
    )


def _evaluate(
    trial: optuna.Trial, folds: list[fitting.PreparedFold], deadline: fitting.Deadline
) -> float:
    """The mean success metric over folds of the trial's parameters."""
    parameters = fitting.propose(trial, folds[0].data)
    results, trees = [], []
    fits = parallel_map(lambda fold: fold.evaluate(parameters, deadline), folds)
    for step, (result, best_trees) in enumerate(fits):
        results.append(result)
        trees.append(best_trees)
        trial.report(float(np.mean(results)), step)
        if step + 1 < len(folds) and trial.should_prune():
            fits.close()
            raise optuna.TrialPruned
    grown = {"max_iter": int(np.median(trees)), "early_stopping": False}
    trial.set_user_attr("parameters", parameters | grown)
    return float(np.mean(results))


def _trials(study: optuna.Study, *states: TrialState) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=states)


def _seconds(study: optuna.Study, *states: TrialState) -> list[float]:
    return [trial.duration.total_seconds() for trial in _trials(study, *states) if trial.duration]


def _median_seconds(study: optuna.Study) -> float:
    return median(_seconds(study, TrialState.COMPLETE) or [0.0])


def _end_running_trials(study: optuna.Study) -> None:
    """Fail the trials that a killed process left running."""
    for trial in _trials(study, TrialState.RUNNING):
        study.tell(trial.number, state=TrialState.FAIL)


def key(data: CrossValidationData, model: Pipeline) -> str:
    """The identity of a search: the problem, the rows, the model, and the code that searches."""
    sha = hashlib.sha256(data.dataset.digest.encode())
    sha.update(data.problem.model_dump_json().encode())
    sha.update(model.__repr__(N_CHAR_MAX=sys.maxsize).encode())
    for path in (FEATURES_FILE, *(Path(__file__).parents[1] / name for name in CODE)):
        sha.update(path.read_bytes())
    sha.update(" ".join(map(version, ("scikit-learn", "optuna"))).encode())
    return sha.hexdigest()


def _spent(study: optuna.Study) -> float:
    """Seconds that the search counted; at least those of its trials, if it was killed."""
    return max(sum(_seconds(study, *EVALUATED)), float(study.user_attrs.get(SPENT, 0.0)))
