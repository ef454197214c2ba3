"""Cross-validation of all candidates on the same folds, as many at a time as there are cores."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import thread_time
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import ThreadpoolController

from data.load import some
from data.split import Rows, folds
from poc.dataset import SEED, Dataset
from poc.evaluate import predict
from poc.model import Candidate
from problem.metrics import METRICS, Metric

Array = NDArray[np.float64]
Job = TypeVar("Job")
Done = TypeVar("Done")

# One thread a fit. Two round a sum otherwise than four do, so that the same data would give another
# model on another machine; and where cores are busy, threads that wait for each other made training
# eleven times as slow. The cores are for several fits at a time, which know nothing of each other.
THREADS = 1
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Lesson:
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

    def say(self, model: Pipeline, rows: Rows) -> Array:
        """What a fitted model predicts of some of the rows (see `poc.evaluate.predict`)."""
        return self.answers(model, some(self.table, rows))

    def answers(self, model: Any, inputs: Any) -> Array:
        """What a fitted model predicts of such rows; or its last step, of their features."""
        dataset = self.dataset
        return predict(model, inputs, dataset.problem.target.task, dataset.known.classes)

    def fit(self, model: Pipeline, rows: Rows | None = None) -> Pipeline:
        """A copy of `model`, fitted on some of the rows or all of them."""
        labels = self.dataset.known.labels
        if rows is None:
            return clone(model).fit(self.table, labels)
        return clone(model).fit(some(self.table, rows), labels[rows])

    def measure(self, rows: Rows, said: Array) -> float:
        """The success metric on some of the rows."""
        return self.metric.compute(self.dataset.known.values[rows], said)


def lesson(dataset: Dataset) -> Lesson:
    """What the candidates are held against each other on.

    Raises:
        BadInput: the rows cannot be parted into folds.
    """
    learning = dataset.learning
    return Lesson(dataset, dataset.inputs(learning), tuple(folds(dataset.problem, learning, SEED)))


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
    def error(self) -> float:
        """The standard error of the mean."""
        return float(np.std(self.folds, ddof=1) / np.sqrt(len(self.folds)))


def cross_validate(taught: Lesson, tried: Sequence[Candidate]) -> list[Trial]:
    """A trial of each candidate, in their order.

    Candidates that see the same of a row learn from one table of features: to make it once for each
    of them took a fifth of the training.
    """
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, one in enumerate(tried):
        # The same objects, not equal ones: then there is nothing to compare, and no doubt.
        groups.setdefault(tuple(id(step) for _, step in one.model.steps[:-1]), []).append(number)
    jobs = [
        ([tried[number].model for number in group], learn, judge)
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


@contextmanager
def at_once(work: Callable[[Job], Done], jobs: Sequence[Job]) -> Iterator[Iterator[Done]]:
    """The results of `work`, in the order of `jobs`, of which as many run as there are cores.

    Threads, not processes: a fit spends its time in compiled code that lets others run, and nobody
    waits for a process to start or needs a second copy of the rows. When the block is left early,
    nothing new is begun.
    """
    libraries = ThreadpoolController()

    def alone(job: Job) -> Done:
        # Each thread has an OpenMP of its own to be told.
        with libraries.limit(limits=THREADS):
            return work(job)

    # The outer limit is what the inner ones go back to, whichever of them ends first.
    with libraries.limit(limits=THREADS):
        crew = ThreadPoolExecutor(max_workers=min(CORES, len(jobs)))
        try:
            waiting = deque(crew.submit(alone, job) for job in jobs)
            # Taken off as it is handed out, so that a model is let go with its trial.
            yield (waiting.popleft().result() for _ in jobs)
        finally:
            crew.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Answer:
    """A model fitted on a fold's rows, and what it said of those held out."""

    model: Pipeline
    said: Array
    seconds: float


def _fold(taught: Lesson, models: Sequence[Pipeline], learn: Rows, judge: Rows) -> list[_Answer]:
    """The models' answers, all of which begin with the same steps."""
    labels, first = taught.dataset.known.labels[learn], clone(models[0][:-1])
    began = thread_time()
    features = first.fit_transform(some(taught.table, learn), labels)
    shared, fitted = thread_time() - began, []
    for model in models:
        began = thread_time()
        last = clone(model[-1]).fit(features, labels)
        whole = Pipeline([*first.steps, (model.steps[-1][0], last)])
        fitted.append((whole, shared + thread_time() - began))
    del features  # let go before those of the other rows are made
    features = first.transform(some(taught.table, judge))
    return [_Answer(model, taught.answers(model[-1], features), took) for model, took in fitted]


def _trial(taught: Lesson, candidate: Candidate, answers: Sequence[_Answer]) -> Trial:
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
