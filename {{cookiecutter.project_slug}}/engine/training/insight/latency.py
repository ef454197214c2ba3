"""How long a fitted model takes for one row, and which candidates are worth their time."""

from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter, thread_time
from typing import Any

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


def frontier(trials: Sequence[Mapping[str, Any]], *, higher_is_better: bool) -> list[str]:
    """The names of trials (as in training.json) that no other beats in both, the fastest first."""
    sign = 1.0 if higher_is_better else -1.0
    timed = [trial for trial in trials if trial["latency_ms"] is not None]
    best, names = float("-inf"), []
    for trial in sorted(timed, key=lambda one: (one["latency_ms"], -sign * one["mean"])):
        if sign * trial["mean"] > best:
            best = sign * trial["mean"]
            names.append(str(trial["name"]))
    return names
