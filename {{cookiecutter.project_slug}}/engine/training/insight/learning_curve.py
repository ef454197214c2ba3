"""Would more data help? The chosen candidate, trained on shares of the training rows."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from engine.data.split import Rows
from engine.problem.metrics import Array
from engine.training.dataset import SEED
from engine.training.folds import Trial
from engine.training.parallel import parallel_map
from engine.training.prepare import CrossValidationData

# Two shares beside the whole, each a third of the next: together less than half the fits again.
PARTS = (1 / 9, 1 / 3)
FEWEST_ROWS = 40


@dataclass(frozen=True)
class LearningCurve:
    """The success metric by training rows: the mean over folds and its 95 % t interval.

    `gain` is that of the last step, paired over folds; `verdict` is whether it is more than chance.
    """

    rows: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    gain: float
    verdict: str


def learning_curve(data: CrossValidationData, trial: Trial) -> LearningCurve | None:
    """The curve of a candidate; None where the shares would hold too few rows.

    scikit-learn's `learning_curve` takes the same number of first rows of every fold. Here a part
    is a share of its fold, with time the latest rows, and holds every class.
    """
    smallest = min(len(train) for train, _ in data.folds)
    shares = [part for part in PARTS if part * smallest >= FEWEST_ROWS]
    if not shares:
        return None

    def measured(job: tuple[float, tuple[Rows, Rows]]) -> float:
        part, (train, validation) = job
        model = data.fit(trial.candidate.model, _part_of(data, train, part))
        return data.measure(validation, data.predict(model, validation))

    jobs = [(part, fold) for part in shares for fold in data.folds]
    results = np.asarray(list(parallel_map(measured, jobs))).reshape(len(shares), len(data.folds))
    by_size = np.vstack([results, trial.folds])
    sizes = [int(np.mean([part * len(train) for train, _ in data.folds])) for part in (*shares, 1)]
    sign = 1.0 if data.metric.higher_is_better else -1.0
    step = sign * (by_size[-1] - by_size[-2])
    mean, reach = by_size.mean(axis=1), _reach(by_size)
    mean, low, high = (tuple(one.tolist()) for one in (mean, mean - reach, mean + reach))
    verdict = "still rising" if step.mean() > _reach(step[None])[0] else "flat"
    return LearningCurve(tuple(sizes), mean, low, high, float(step.mean()), verdict)


def _reach(by_size: Array) -> Array:
    """Half the 95 % t interval of each row's mean."""
    return np.asarray(stats.t.ppf(0.975, by_size.shape[1] - 1) * stats.sem(by_size, axis=1))


def _part_of(data: CrossValidationData, train: Rows, part: float) -> Rows:
    """A part of a fold's rows: with time the latest, else at random; some of each class."""
    by_time = data.problem.rows.time is not None
    order = train[::-1] if by_time else np.random.default_rng(SEED).permutation(train)
    rows = order[: int(np.ceil(part * len(train)))]
    if data.task != "regression":
        first = np.unique(data.outcomes(order), return_index=True)[1]
        rows = np.concatenate([rows, order[first]])
    return np.unique(rows)
