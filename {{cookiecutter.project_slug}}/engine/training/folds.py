"""Cross-validation of all candidates on the same folds, as many at a time as there are cores."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from time import thread_time
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline

from engine.data.load import take
from engine.data.split import Rows, folds
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Metric
from engine.problem.project import location_of
from engine.training.candidates import Candidate
from engine.training.dataset import SEED, Dataset
from engine.training.evaluate import predict
from engine.training.parallel import at_once

Array = NDArray[np.float64]

# Features are made of one fold at a time: while they are, the rows and what becomes of them lie
# beside each other, which is most of what a training needs; the fits that follow need less.
MAKING = Lock()


@dataclass(frozen=True)
class CrossValidationData:
    """The rows to learn from as a model takes them, their outcomes, and the folds among them."""

    dataset: Dataset
    table: pd.DataFrame
    folds: tuple[tuple[Rows, Rows], ...]

    @property
    def metric(self) -> Metric:
        """What success is measured by."""
        return METRICS[self.dataset.problem.success.metric]

    @cached_property
    def judged(self) -> Rows:
        """The rows that some fold judges: where there is time, not the earliest."""
        return np.sort(np.concatenate([judge for _, judge in self.folds]))

    def teachers(self, number: int) -> Rows:
        """Rows whose scores may teach what is done to those of fold `number`: other folds' rows.

        Where there is time, only those of earlier folds: none for the first.
        """
        by_time = self.dataset.problem.rows.time is not None
        others = [
            judge
            for other, (_, judge) in enumerate(self.folds)
            if (other < number if by_time else other != number)
        ]
        return np.concatenate(others) if others else np.array([], np.intp)

    def see(self, steps: Pipeline, rows: Rows) -> tuple[Pipeline, Any]:
        """A copy of a model's `steps` but its last, fitted on some rows, and these rows' features.

        What holds the rows is let go before a model is fitted on the features: a pipeline that is
        fitted as a whole keeps both.
        """
        with MAKING:
            first = clone(steps)
            return first, first.fit_transform(take(self.table, rows), self.labels(rows))

    def part(self, rows: Rows) -> list[tuple[Rows, Rows]]:
        """Folds among some of the rows, numbered from 0.

        Raises:
            BadInput: they cannot be parted.
        """
        with MAKING:
            return list(folds(self.dataset.problem, take(self.dataset.learning, rows), SEED))

    def labels(self, rows: Rows) -> NDArray[Any]:
        """What a model is fitted on."""
        found: NDArray[Any] = self.dataset.known.labels[rows]
        return found

    def say(self, model: Pipeline, rows: Rows) -> Array:
        """What a fitted model predicts of some of the rows (see `training.evaluate.predict`)."""
        return self.answers(model, take(self.table, rows))

    def answers(self, model: Any, inputs: Any) -> Array:
        """What a fitted model predicts of such rows; or its last step, of their features."""
        dataset = self.dataset
        return predict(model, inputs, dataset.problem.target.task, dataset.known.classes)

    def fit(self, model: Pipeline, rows: Rows | None = None) -> Pipeline:
        """A copy of `model`, fitted on some of the rows or all of them."""
        rows = np.arange(len(self.table)) if rows is None else rows
        first, features = self.see(model[:-1], rows)
        return _joined(first, model, clone(model[-1]).fit(features, self.labels(rows)))

    def measure(self, rows: Rows, said: Array) -> float:
        """The success metric on some of the rows."""
        return self.metric.compute(self.dataset.known.values[rows], said)


def cross_validation_data(dataset: Dataset) -> CrossValidationData:
    """What the candidates are held against each other on.

    Raises:
        BadInput: the rows cannot be parted into folds.
    """
    learning = dataset.learning
    parts = tuple(folds(dataset.problem, learning, SEED))
    return CrossValidationData(
        dataset.without_inputs_of_the_test(), dataset.inputs(learning), parts
    )


@dataclass(frozen=True)
class Trial:
    """How a candidate did in cross-validation: the metric of each fold, and what it predicted.

    `scores` holds a prediction for each training row, NaN where no fold tested the row;
    `fit_seconds` what one fit took of a core, the mean over folds; `last` is the model of the last
    fold, None where it was not kept.
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


def cross_validate(taught: CrossValidationData, tried: Sequence[Candidate]) -> list[Trial]:
    """A trial of each candidate, in their order.

    Candidates that see the same of a row learn from one table of features: to make it once for each
    of them took a fifth of the training.
    """
    _check_names(tried)
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, one in enumerate(tried):
        # The same objects, not equal ones: then there is nothing to compare, and no doubt.
        groups.setdefault(tuple(id(step) for _, step in one.model.steps[:-1]), []).append(number)
    jobs = [
        ([tried[number] for number in group], learn, judge)
        for group in groups.values()
        for learn, judge in taught.folds
    ]
    with at_once(lambda job: _fold(taught, *job), jobs) as done:
        tested = {tuple(group): [next(done) for _ in taught.folds] for group in groups.values()}
    trials = {
        number: _trial(taught, tried[number], [fold[place] for fold in parts])
        for group, parts in tested.items()
        for place, number in enumerate(group)
    }
    return [trials[number] for number in range(len(tried))]


@dataclass(frozen=True)
class _Answer:
    """A model fitted on a fold's rows, and what it said of those held out."""

    model: Pipeline
    said: Array
    seconds: float


def _fold(
    taught: CrossValidationData, group: Sequence[Candidate], learn: Rows, judge: Rows
) -> list[_Answer]:
    """The candidates' answers, all of which begin with the same steps."""
    labels, began = taught.labels(learn), thread_time()
    with _named(group):
        first, features = taught.see(group[0].model[:-1], learn)
    shared, fitted = thread_time() - began, []
    for one in group:
        began = thread_time()
        with _named([one]):
            whole = _joined(first, one.model, clone(one.model[-1]).fit(features, labels))
        fitted.append((whole, shared + thread_time() - began))
    del features  # let go before those of the other rows are made
    with _named(group), MAKING:
        features = first.transform(take(taught.table, judge))
    return [_Answer(model, taught.answers(model[-1], features), took) for model, took in fitted]


def _check_names(tried: Sequence[Candidate]) -> None:
    """Raise BadInput if two candidates have one name: the record could not tell them apart."""
    names = [one.name for one in tried]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(
            f"expected a name of its own for each candidate, got '{twice[0]}' twice; rename one in "
            "poc/model.py"
        )


@contextmanager
def _named(group: Sequence[Candidate]) -> Iterator[None]:
    """Errors of the team's features and of a library become one that names the candidates."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        names, message = ", ".join(one.name for one in group), str(error).partition("\n")[0]
        place = location_of(error)
        raise BadInput(
            f"cannot train {names}: {type(error).__name__}: {message:.300}; "
            f"{f'fix {place}' if place else 'look at what poc/features.py makes of the rows'}, "
            "and run `make test`"
        ) from error


def _trial(taught: CrossValidationData, candidate: Candidate, answers: Sequence[_Answer]) -> Trial:
    known, task = taught.dataset.known, taught.dataset.problem.target.task
    rows = len(taught.table)
    scores = np.full((rows, len(known.classes)) if task == "multiclass" else (rows,), np.nan)
    for (_, judge), answer in zip(taught.folds, answers, strict=True):
        scores[judge] = answer.said
    return Trial(
        candidate,
        tuple(taught.measure(judge, scores[judge]) for _, judge in taught.folds),
        scores,
        float(np.mean([answer.seconds for answer in answers])),
        answers[-1].model,
    )


def _joined(first: Pipeline, model: Pipeline, last: BaseEstimator) -> Pipeline:
    """Fitted steps as one pipeline, named as those of `model`."""
    return Pipeline([*first.steps, (model.steps[-1][0], last)])
