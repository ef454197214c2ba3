"""Would more data help? The chosen candidate, trained on parts of what it has."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from engine.data.split import Rows
from engine.training.dataset import SEED
from engine.training.folds import CrossValidationData, Trial
from engine.training.parallel import at_once

# Two parts beside the whole, each a third of the next: together less than half the fits again.
PARTS = (1 / 9, 1 / 3)
FEWEST_ROWS = 40
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """The success metric by rows to learn from: mean over folds and its 95 % t interval.

    `gain` is what the last step brought, paired over folds; `verdict` says whether that was more
    than chance. What lies beyond the last row is not said.
    """

    rows: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    gain: float
    verdict: str


def learning_curve(taught: CrossValidationData, trial: Trial) -> Curve | None:
    """The curve of a candidate; None where parts of the rows are too few to learn from."""
    smallest = min(len(learn) for learn, _ in taught.folds)
    parts = [part for part in PARTS if part * smallest >= FEWEST_ROWS]
    if not parts:
        return None
    jobs = [(_some(taught, learn, part), judge) for part in parts for learn, judge in taught.folds]

    def judged(job: tuple[Rows, Rows]) -> float:
        learn, judge = job
        model = taught.fit(trial.candidate.model, learn)
        return taught.measure(judge, taught.say(model, judge))

    with at_once(judged, jobs) as done:
        measured = np.asarray(list(done)).reshape(len(parts), len(taught.folds))
    by_size = np.vstack([measured, trial.folds])
    sizes = [int(np.mean([part * len(learn) for learn, _ in taught.folds])) for part in (*parts, 1)]
    sign = 1.0 if taught.metric.higher_is_better else -1.0
    step = sign * (by_size[-1] - by_size[-2])
    reach = _reach(by_size)
    return Curve(
        tuple(sizes),
        tuple(by_size.mean(axis=1).tolist()),
        tuple((by_size.mean(axis=1) - reach).tolist()),
        tuple((by_size.mean(axis=1) + reach).tolist()),
        float(step.mean()),
        "still rising" if step.mean() > _reach(step[None])[0] else "flat",
    )


def _reach(by_size: Array) -> Array:
    """Half the 95 % t interval of each row's mean."""
    folds = by_size.shape[1]
    spread = by_size.std(axis=1, ddof=1) / np.sqrt(folds)
    return np.asarray(stats.t.ppf(0.975, folds - 1) * spread)


def _some(taught: CrossValidationData, learn: Rows, part: float) -> Rows:
    """A part of a fold's rows: the latest where there is time, else any; of each class some."""
    by_time = taught.dataset.problem.rows.time is not None
    order = learn[::-1] if by_time else np.random.default_rng(SEED).permutation(learn)
    kept: Sequence[Rows] = [order[: int(np.ceil(part * len(learn)))]]
    if taught.dataset.problem.target.task != "regression":
        first = np.unique(taught.dataset.known.values[order], return_index=True)[1]
        kept = [*kept, order[first]]
    return np.unique(np.concatenate(kept))
