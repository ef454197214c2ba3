"""Cross-validation of all candidates on the same folds, and the choice between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import thread_time

import numpy as np
from sklearn.pipeline import Pipeline

from engine.data.load import take
from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Array
from engine.problem.spec import Problem
from engine.training.candidates import Candidate
from engine.training.dataset import FEATURES_LOCK, CrossValidationData, fit_last
from engine.training.evaluate import CANDIDATE_FAILED, model_errors
from engine.training.features.faults import check_features
from engine.training.parallel import parallel_map

# A model fitted on a fold's training rows, its predictions of the validation rows, and the seconds.
_Fit = tuple[Pipeline, Array, float]


@dataclass(frozen=True)
class Trial:
    """A candidate's results in cross-validation.

    `folds` holds the metric of each fold; `scores` a prediction for each training row, NaN where no
    fold validated on it; `fit_seconds` the mean processor time of a fit; `last` the last model.
    """

    candidate: Candidate
    folds: tuple[float, ...]
    scores: Array
    fit_seconds: float = float("nan")
    last: Pipeline | None = None

    @property
    def mean(self) -> float:
        """The mean over folds."""
        return float(np.mean(self.folds))

    @property
    def standard_error(self) -> float:
        """The standard error of the mean."""
        return float(np.std(self.folds, ddof=1) / np.sqrt(len(self.folds)))


def cross_validate(data: CrossValidationData, candidates: Sequence[Candidate]) -> list[Trial]:
    """A trial of each candidate, in their order; BadInput if one cannot be trained."""
    groups: dict[tuple[int, ...], list[Candidate]] = {}
    fits: dict[str, list[_Fit]] = {}
    for one in candidates:
        if one.name in fits:
            raise BadInput(
                f"Two candidates are named '{one.name}'. Rename one in poc/model.py.",
                code="repeated-candidate",
            )
        fits[one.name] = []
        # Candidates with the same feature steps (the same objects) share the features of a fold.
        groups.setdefault(tuple(id(step) for _, step in one.model.steps[:-1]), []).append(one)
    jobs = [(group, *fold) for group in groups.values() for fold in data.folds]
    try:
        results = parallel_map(lambda job: _fit_fold(data, *job), jobs)
        for (group, *_), fitted in zip(jobs, results, strict=True):
            for one, fit in zip(group, fitted, strict=True):
                fits[one.name].append(fit)
    except BadInput as error:
        if error.code == CANDIDATE_FAILED:  # which feature it is, if it is one
            check_features(data, candidates, every_row=True)
        raise
    return [_trial(data, one, fits[one.name]) for one in candidates]


def _fit_fold(
    data: CrossValidationData, group: Sequence[Candidate], train: Rows, validation: Rows
) -> list[_Fit]:
    """The fits of candidates that have the same feature steps."""
    labels, began = data.labels(train), thread_time()
    training = f"Training of candidate {', '.join(one.name for one in group)}"
    with model_errors(training):
        steps, features = data.fit_features(group[0].model[:-1], train)
    shared, fitted = thread_time() - began, []
    for one in group:
        began = thread_time()
        with model_errors(f"Training of candidate {one.name}"):
            model = fit_last(steps, one.model, features, labels)
        fitted.append((model, shared + thread_time() - began))
    del features  # released before those of the other rows are computed
    with model_errors(training), FEATURES_LOCK:
        features = steps.transform(take(data.table, validation))
        if features.shape[0] != len(validation):
            raise ValueError(f"{len(validation)} rows have features of {features.shape[0]} rows")
    return [(model, data.predict_inputs(model[-1], features), seconds) for model, seconds in fitted]


def _trial(data: CrossValidationData, candidate: Candidate, fits: Sequence[_Fit]) -> Trial:
    models, predictions, seconds = zip(*fits, strict=True)
    scores, results = data.by_fold(predictions)
    return Trial(candidate, results, scores, float(np.mean(seconds)), last=models[-1])


def select(problem: Problem, trials: Sequence[Trial]) -> Trial:
    """The first of `trials` within one standard error of the best (Breiman et al. 1984, 3.4.3)."""
    sign = 1 if METRICS[problem.success.metric].higher_is_better else -1
    real = [trial for trial in trials if trial.candidate.may_be_chosen]
    if not all(np.isfinite(trial.mean) for trial in real):
        raise BadInput(
            f"{problem.success.metric} is not defined in every fold of the cross-validation, most "
            "likely because all outcomes of one are the same. Add rows, or choose another "
            "success.metric in problem.toml.",
            code="undefined-metric",
        )
    best = max(real, key=lambda trial: sign * trial.mean)
    least = sign * best.mean - best.standard_error
    return next(trial for trial in real if sign * trial.mean >= least)
