"""Cross-validation of all candidates on the same folds, as many at a time as there are cores."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import thread_time
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import ThreadpoolController

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
        return self.answers(model, self.table.iloc[rows])

    def answers(self, model: Pipeline, table: pd.DataFrame) -> Array:
        """What a fitted model predicts of rows like those to learn from."""
        dataset = self.dataset
        return predict(model, table, dataset.problem.target.task, dataset.known.classes)

    def fit(self, model: Pipeline, rows: Rows | None = None) -> Pipeline:
        """A copy of `model`, fitted on some of the rows or all of them."""
        labels = self.dataset.known.labels
        if rows is None:
            return clone(model).fit(self.table, labels)
        return clone(model).fit(self.table.iloc[rows], labels[rows])

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


def cross_validate(taught: Lesson, tried: Sequence[Candidate]) -> Iterator[Trial]:
    """A trial of each candidate, in their order and as they are done."""
    jobs = [(one, learn, judge) for one in tried for learn, judge in taught.folds]
    with at_once(lambda job: _fold(taught, *job), jobs) as done:
        for candidate in tried:
            yield _trial(taught, candidate, [next(done) for _ in taught.folds])


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


def _fold(
    taught: Lesson, candidate: Candidate, learn: Rows, judge: Rows
) -> tuple[Pipeline, Rows, Array, float]:
    began = thread_time()
    model = taught.fit(candidate.model, learn)
    seconds = thread_time() - began
    return model, judge, taught.say(model, judge), seconds


def _trial(
    taught: Lesson, candidate: Candidate, parts: Sequence[tuple[Pipeline, Rows, Array, float]]
) -> Trial:
    known, task = taught.dataset.known, taught.dataset.problem.target.task
    rows = len(taught.table)
    scores = np.full((rows, len(known.classes)) if task == "multiclass" else (rows,), np.nan)
    for _, judge, said, _ in parts:
        scores[judge] = said
    return Trial(
        candidate,
        tuple(taught.measure(judge, said) for _, judge, said, _ in parts),
        scores,
        float(np.mean([seconds for *_, seconds in parts])),
        parts[-1][0],
    )
