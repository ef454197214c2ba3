"""Looks for better parameters of gradient boosting within a stated time.

Optuna's sampler proposes (Akiba et al. 2019), the folds of the cross-validation judge, and what was
tried is kept in a file: the same command goes on where an earlier one was stopped, however it was.
"""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState
from sklearn.pipeline import Pipeline

from engine.pages.formatting import count, number
from engine.training.candidates import BOOSTING, Candidate
from engine.training.dataset import SEED
from engine.training.folds import CrossValidationData
from engine.training.parallel import at_once
from engine.training.record.write import FEATURES_FILE
from engine.training.tuning.fitting import Judge, TimeIsUpError, judges
from engine.training.tuning.interrupt import defer_sigint
from engine.training.tuning.lock import held
from engine.training.tuning.progress import Progress, told
from engine.training.tuning.space import DEFAULTS, propose

SEARCHES = Path("build/search")
# What a search's result depends on beside the rows, the problem, the model and its features. A
# search by other code is another search.
CODE = ("folds.py", "parallel.py", "tuning/fitting.py", "tuning/search.py", "tuning/space.py")
SPENT = "seconds spent"
# Trials that only look around before the sampler has something to go by, and the pruner too.
FIRST, BEFORE_PRUNING = 10, 5
# Trials that were judged: to their end, or until they were clearly no better. One that the end of
# the time cut off was not.
JUDGED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Search:
    """What a search came to: the best parameters, in all its runs until now.

    `trials` were judged, `pruned` of them only until they were clearly no better. `best` is the
    mean over folds of the success metric, with trees added until rows held out of each fold's own
    learning rows said stop.
    """

    trials: int
    pruned: int
    seconds_allowed: float
    seconds_spent: float
    stopped: bool
    best: float
    parameters: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """The search as it stands in training.json."""
        return asdict(self)


def search(
    data: CrossValidationData,
    tried: tuple[Candidate, ...],
    seconds: float,
    say: Callable[[str], None],
    folder: Path = SEARCHES,
) -> Search | None:
    """Search until `seconds` are spent, including earlier runs of the same search.

    A trial starts only if one of median duration would end in time. A running trial is given up
    when its next trees would end too late (see `Judge`). Ctrl-C ends the search with the best
    result so far. None if no trial was completed.

    Raises:
        BadInput: a fold's rows cannot be parted once more, to say when to stop adding trees; or the
            same search is running in another process.
    """
    model = next(one.model for one in tried if one.name == BOOSTING)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / key(data, model)[:16]
    with held(file.with_suffix(".lock")):
        return _search(data, model, seconds, say, file.with_suffix(".db"))


def _search(
    data: CrossValidationData,
    model: Pipeline,
    seconds: float,
    say: Callable[[str], None],
    file: Path,
) -> Search | None:
    with defer_sigint():
        study = _study(data, model, file)
    began, spent = monotonic(), _spent(study)
    progress, stopped = Progress(began + seconds - spent), False
    if _look(study, progress):
        kept = count(progress.trials, "trial")
        say(f"  a search of {kept} is kept in {file.parent}; going on with it")
    # Even making the folds' features ready is left out where nothing is left to search.
    if not _has_time(study, progress.until):
        return _result(study, data.metric.name, seconds, stopped, say)
    try:
        with told(progress, say):
            ready = judges(data, model, progress.until)
            while trial := _next(study, progress):
                _tell(study, trial, data, ready, progress.until)
    except TimeIsUpError:
        pass  # the time did not even do to make the folds ready
    except KeyboardInterrupt:
        stopped = True
    finally:
        with defer_sigint():
            _let_go(study)
            study.set_user_attr(SPENT, spent + monotonic() - began)
    return _result(study, data.metric.name, seconds, stopped, say)


def _study(data: CrossValidationData, model: Pipeline, file: Path) -> optuna.Study:
    """The search of this problem, these rows and this code: a new one, or that of before."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=f"sqlite:///{file.as_posix()}",
        study_name=key(data, model),
        direction="maximize" if data.metric.higher_is_better else "minimize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=BEFORE_PRUNING),
        load_if_exists=True,
    )
    known = study.get_trials(deepcopy=False)
    _let_go(study)
    # Another seed each time: the same one would propose again what was tried before.
    study.sampler = optuna.samplers.TPESampler(
        seed=SEED + len(known), n_startup_trials=FIRST, multivariate=True
    )
    if not known:
        study.enqueue_trial(DEFAULTS)
    return study


def _look(study: optuna.Study, progress: Progress) -> bool:
    """Bring the progress up to date; whether there is any."""
    judged = study.get_trials(deepcopy=False, states=JUDGED)
    progress.trials = len(judged)
    if any(trial.state == TrialState.COMPLETE for trial in judged):
        progress.best = study.best_value
    return bool(judged)


def _next(study: optuna.Study, progress: Progress) -> optuna.Trial | None:
    """The next trial, if it would end in time."""
    with defer_sigint():
        _look(study, progress)
        return study.ask() if _has_time(study, progress.until) else None


def _has_time(study: optuna.Study, until: float) -> bool:
    """Whether a trial that takes as long as usual would end in time."""
    whole = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    taken = [trial.duration.total_seconds() for trial in whole if trial.duration]
    return monotonic() + (median(taken) if taken else 0.0) < until


def _let_go(study: optuna.Study) -> None:
    """End the trials that a killed process left running."""
    for trial in study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
        study.tell(trial.number, state=TrialState.FAIL)


def key(data: CrossValidationData, model: Pipeline) -> str:
    """What a search is known by: the problem, the rows, the model, and the code that searches."""
    sha = hashlib.sha256(data.dataset.digest.encode())
    sha.update(data.dataset.problem.model_dump_json().encode())
    sha.update(model.__repr__(N_CHAR_MAX=sys.maxsize).encode())
    for path in (FEATURES_FILE, *(Path(__file__).parents[1] / name for name in CODE)):
        sha.update(path.read_bytes())
    sha.update(" ".join(map(version, ("scikit-learn", "optuna"))).encode())
    return sha.hexdigest()


def _tell(
    study: optuna.Study,
    trial: optuna.Trial,
    data: CrossValidationData,
    ready: list[Judge],
    until: float,
) -> None:
    """Judge one proposal fold by fold, and let go of it when the time is spent."""
    with defer_sigint():
        parameters = propose(trial, data)
    results, trees = [], []
    try:
        with at_once(lambda judge: judge(parameters, until), ready) as done:
            for step, (result, iterations) in enumerate(done):
                results.append(result)
                trees.append(iterations)
                with defer_sigint():
                    trial.report(float(np.mean(results)), step)
                    if step + 1 < len(ready) and trial.should_prune():
                        study.tell(trial, state=TrialState.PRUNED)
                        return
    except TimeIsUpError:
        return  # whoever asked for the trial lets go of it
    grown = parameters | {"max_iter": int(np.median(trees)), "early_stopping": False}
    with defer_sigint():
        trial.set_user_attr("parameters", grown)
        if np.isfinite(results).all():
            study.tell(trial, float(np.mean(results)))
        else:
            study.tell(trial, state=TrialState.FAIL)


def _result(
    study: optuna.Study, metric: str, seconds: float, stopped: bool, say: Callable[[str], None]
) -> Search | None:
    judged = study.get_trials(deepcopy=False, states=JUDGED)
    whole = [trial for trial in judged if trial.state == TrialState.COMPLETE]
    spent = _spent(study)
    if stopped:
        say("  stopped; the same command goes on with the search")
    if not whole:
        say(f"  no trial came to its end within {seconds:g} s; give --search-seconds more")
        return None
    best = study.best_trial
    say(
        f"  searched {spent:.0f} s: {count(len(judged), 'trial')}, {len(judged) - len(whole)} of "
        f"them cut short; best {metric} {number(best.value)}"
    )
    return Search(
        trials=len(judged),
        pruned=len(judged) - len(whole),
        seconds_allowed=seconds,
        seconds_spent=round(spent, 1),
        stopped=stopped,
        best=float(best.value or 0.0),
        parameters=dict(best.user_attrs["parameters"]),
    )


def _spent(study: optuna.Study) -> float:
    """Seconds that the search counted; at least those of its completed trials, if it was killed."""
    trials = study.get_trials(deepcopy=False, states=JUDGED)
    taken = sum(trial.duration.total_seconds() for trial in trials if trial.duration)
    return max(taken, float(study.user_attrs.get(SPENT, 0.0)))
