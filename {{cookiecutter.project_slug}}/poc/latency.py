"""How long a fitted model thinks about one row."""

from statistics import median
from time import perf_counter

from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from poc.evaluate import predict
from poc.folds import THREADS, Lesson, Trial

# Enough calls for a steady median, in a time that nobody notices.
CALLS, SECONDS = 40, 0.25


def one_row_ms(taught: Lesson, trial: Trial) -> float | None:
    """Milliseconds for a row alone, the median of repeated calls; None without a fitted model."""
    return _measured(taught, trial.last) if trial.last is not None else None


def _measured(taught: Lesson, model: Pipeline) -> float:
    row = taught.table.iloc[:1]
    taken: list[float] = []
    task, known = taught.dataset.problem.target.task, taught.dataset.known.classes
    with threadpool_limits(limits=THREADS):
        predict(model, row, task, known)  # the first call pays for what later ones find made
        until = perf_counter() + SECONDS
        while len(taken) < CALLS and (not taken or perf_counter() < until):
            began = perf_counter()
            predict(model, row, task, known)
            taken.append(perf_counter() - began)
    return 1000 * median(taken)
