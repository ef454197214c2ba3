"""Cross-validation of all candidates on the same folds, as many at a time as there are cores."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import thread_time

import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.data.load import take
from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.problem.files import location_of
from engine.problem.metrics import Array
from engine.training.candidates import Candidate
from engine.training.dataset import FEATURES_LOCK, CrossValidationData, joined
from engine.training.parallel import parallel_map

# A model fitted on a fold's training rows, its predictions of the validation rows, and the seconds.
_Fit = tuple[Pipeline, Array, float]


@dataclass(frozen=True)
class Trial:
    """A candidate's results in cross-validation.

    `folds` holds the metric of each fold; `scores` a prediction for each training row, NaN where no
    fold validated on the row; `fit_seconds` the mean processor time of a fit; `last` the model of
    the last fold, None where it was not kept.
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
    """A trial of each candidate, in their order; BadInput if one cannot be trained.

    Candidates with the same feature steps share the features of a fold: computing them once for
    each candidate took a fifth of the training.
    """
    groups: dict[tuple[int, ...], list[Candidate]] = {}
    fits: dict[str, list[_Fit]] = {}
    for one in candidates:
        if one.name in fits:
            raise BadInput(
                f"Two candidates are named '{one.name}'. Rename one in poc/model.py.",
                code="repeated-candidate",
            )
        fits[one.name] = []
        # The same objects, not equal ones: identity needs no comparison of parameters.
        groups.setdefault(tuple(id(step) for _, step in one.model.steps[:-1]), []).append(one)
    jobs = [(group, *fold) for group in groups.values() for fold in data.folds]
    results = parallel_map(lambda job: _fit_fold(data, *job), jobs)
    for (group, *_), fitted in zip(jobs, results, strict=True):
        for one, fit in zip(group, fitted, strict=True):
            fits[one.name].append(fit)
    return [_trial(data, one, fits[one.name]) for one in candidates]


def _fit_fold(
    data: CrossValidationData, group: Sequence[Candidate], train: Rows, validation: Rows
) -> list[_Fit]:
    """The fits of candidates that have the same feature steps."""
    labels, began = data.labels(train), thread_time()
    with _named(group):
        steps, features = data.fit_features(group[0].model[:-1], train)
    shared, fitted = thread_time() - began, []
    for one in group:
        began = thread_time()
        with _named([one]):
            model = joined(steps, one.model, clone(one.model[-1]).fit(features, labels))
        fitted.append((model, shared + thread_time() - began))
    del features  # released before those of the other rows are computed
    with _named(group), FEATURES_LOCK:
        features = steps.transform(take(data.table, validation))
    return [(model, data.predict_inputs(model[-1], features), seconds) for model, seconds in fitted]


@contextmanager
def _named(group: Sequence[Candidate]) -> Iterator[None]:
    """Turn errors of the team's features and of libraries into one that names the candidates."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        names, message = ", ".join(one.name for one in group), str(error).partition("\n")[0]
        place = location_of(error)
        raise BadInput(
            f"Candidate {names} cannot be trained: {type(error).__name__}: {message:.300}. "
            f"{f'Fix {place}' if place else 'Check what poc/features.py makes of the rows'}, "
            "and run `make test`.",
            code="candidate-failed",
        ) from error


def _trial(data: CrossValidationData, candidate: Candidate, fits: Sequence[_Fit]) -> Trial:
    classes = (len(data.dataset.targets.classes),) if data.task == "multiclass" else ()
    scores, results = np.full((len(data.table), *classes), np.nan), []
    for (_, validation), (_, predictions, _) in zip(data.folds, fits, strict=True):
        scores[validation] = predictions
        results.append(data.measure(validation, predictions))
    seconds = float(np.mean([seconds for *_, seconds in fits]))
    return Trial(candidate, tuple(results), scores, seconds, last=fits[-1][0])
