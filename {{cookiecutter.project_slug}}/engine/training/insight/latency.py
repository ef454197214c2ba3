"""How long a fitted model thinks about one row."""

from statistics import median
from time import perf_counter, thread_time

from sklearn.pipeline import Pipeline

from engine.training.folds import CrossValidationData, Trial

# Enough calls for a steady median, in a time that nobody notices.
CALLS, SECONDS = 9, 0.25


def one_row_ms(taught: CrossValidationData, trial: Trial) -> float | None:
    """Milliseconds of a core for a row alone, the median of repeated calls; None without a model.

    Of a core, not of the wall: what else the machine does now is no property of the model.
    """
    return _measured(taught, trial.last) if trial.last is not None else None


def _measured(taught: CrossValidationData, model: Pipeline) -> float:
    row = taught.table.iloc[:1]
    taken: list[float] = []
    taught.answers(model, row)  # the first call pays for what later ones find made
    until = perf_counter() + SECONDS
    while len(taken) < CALLS and (not taken or perf_counter() < until):
        began = thread_time()
        taught.answers(model, row)
        taken.append(thread_time() - began)
    return 1000 * median(taken)
