"""How long a fitted model takes for one row."""

from statistics import median
from time import perf_counter, thread_time

from engine.training.folds import Trial
from engine.training.prepare import CrossValidationData

# Enough calls for a steady median, in a short time.
CALLS, SECONDS = 9, 0.25


def one_row_ms(data: CrossValidationData, trial: Trial) -> float | None:
    """Milliseconds of processor time for one row, the median of calls; None without a model.

    Processor time does not depend on what else the machine does.
    """
    if trial.last is None:
        return None
    row, taken = data.table.iloc[:1], list[float]()
    data.predict_inputs(trial.last, row)  # the first call fills caches
    until = perf_counter() + SECONDS
    while len(taken) < CALLS and (not taken or perf_counter() < until):
        began = thread_time()
        data.predict_inputs(trial.last, row)
        taken.append(thread_time() - began)
    return 1000 * median(taken)
