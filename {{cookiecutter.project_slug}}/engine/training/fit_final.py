"""From the chosen candidate to what is handed on: fitted, calibrated, with its threshold.

Training does this once, and `python -m poc retrain` again with what was decided then.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from engine.problem.metrics import Interval, Units, interval, resamples
from engine.training import calibrate
from engine.training.evaluate import among, best_threshold, money
from engine.training.folds import CrossValidationData, Trial
from engine.training.parallel import at_once

Array = NDArray[np.float64]

# A bootstrap of so many rows tells how far a measure of more would scatter; but a class of which
# there are fewer than so many among them does not.
MOST_ROWS, FEWEST_OF_CLASS, FEWEST_UNITS, REPEATS = 2_000, 50, 50, 200


@dataclass(frozen=True)
class FinalModel:
    """The model fitted on all training rows, and the trial by which its threshold was set.

    The trial's scores are those of the model as it is handed on: calibrated, if it is; `raw` is the
    candidate's own.
    """

    model: Pipeline
    trial: Trial
    raw: Trial
    calibrated: calibrate.Method | None
    threshold: float | None

    def __str__(self) -> str:
        """The chosen candidate and its calibration, in words."""
        method = f", calibrated ({self.calibrated})" if self.calibrated else ""
        return f"{self.trial.candidate.name}{method}"

    def put_into(self, trials: Sequence[Trial]) -> tuple[Trial, ...]:
        """The same trials, the chosen candidate's as it is handed on."""
        return tuple(self.trial if trial is self.raw else trial for trial in trials)


def fit_final(
    taught: CrossValidationData, trial: Trial, method: calibrate.Method | None
) -> FinalModel:
    """Fit the chosen candidate on all rows; calibrate it by its out-of-fold scores if so decided.

    Args:
        trial: of the candidate as it is, not calibrated.
    """
    with at_once(taught.fit, [trial.candidate.model]) as done:
        [model] = done
    said = trial
    if method:
        model = calibrate.calibrated(taught, trial, model)
        said = calibrate.apply(taught, trial)
    return FinalModel(model, said, trial, method, threshold_of(taught, said.scores, taught.judged))


def value(taught: CrossValidationData, finished: FinalModel, baseline: Trial) -> dict[str, Any]:
    """What 1,000 rows earn with the model and without it, in money, with the model's interval.

    Without: never acting (binary), or the baseline's answer (multiclass, regression).
    """
    known, task = taught.dataset.known, taught.dataset.problem.target.task
    costs, rows = taught.dataset.problem.value, taught.judged
    paid = earnings(taught, finished.trial.scores, finished.threshold)
    never = np.inf if task == "binary" else None
    idle = money(costs, task, known.values[rows], baseline.scores[rows], never)
    scatter = bootstrap(
        lambda _, part: float(part.mean()),
        known.values[rows],
        paid,
        is_value=task == "regression",
        units=among(known.units, rows),
    )
    return {
        "currency": costs.currency,
        "per_1000_rows": 1000 * scatter.value,
        "low": 1000 * scatter.low,
        "high": 1000 * scatter.high,
        "do_nothing": 1000 * float(idle.mean()),
    }


def earnings(taught: CrossValidationData, scores: Array, threshold: float | None) -> Array:
    """What each row that a fold judged earns, shape (judged rows,), by its scores there.

    Args:
        scores: of all rows to learn from.
        threshold: acts on the rows of a fold that has no others to set one on.
    """
    dataset, rows = taught.dataset, taught.judged
    cut = cuts(taught, scores, threshold)
    outcome, task = dataset.known.values[rows], dataset.problem.target.task
    return money(dataset.problem.value, task, outcome, scores[rows], cut)


def cuts(taught: CrossValidationData, scores: Array, threshold: float | None) -> Array | None:
    """The score from which each judged row is acted on; None where nobody decides.

    A fold's is set on other folds: the best one of the same rows would earn too well. Calibrated,
    the others' scores come of curves that heard of this fold too. That does not flatter: on 40
    tables of 300 rows it gave 1.4 % less (standard error 0.5 %) than curves that had not heard.
    """
    if threshold is None:
        return None
    found = np.full(len(scores), threshold)
    for number, (_, judge) in enumerate(taught.folds):
        others = taught.teachers(number)
        if len(others):
            found[judge] = threshold_of(taught, scores, others)
    return found[taught.judged]


def bootstrap(
    compute: Callable[[Array, Array], float],
    outcome: Array,
    said: Array,
    *,
    is_value: bool,
    units: Units | None,
) -> Interval:
    """`compute` over all rows, with its bootstrap interval; `is_value` for a regression's outcome.

    Of many rows a sample is drawn again and again, and its scatter shrunk by the root of its share
    (m out of n, Bickel et al. 1997): the same interval in a fraction of the time.
    """
    rows = _sample(outcome, is_value) if units is None else _some_units(units, outcome, is_value)
    centre = compute(outcome[rows], said[rows])
    samples = np.asarray(
        [
            compute(outcome[rows[some]], said[rows[some]])
            for some in resamples(outcome[rows], REPEATS, 0, not is_value, among(units, rows))
        ]
    )
    whole = compute(outcome, said)
    shrunk = (samples - centre) * np.sqrt(len(rows) / len(outcome))
    return interval(whole + shrunk, whole)


def _sample(outcome: Array, is_value: bool) -> NDArray[np.intp]:
    """Rows that stand for all, each class by its share."""
    rows, rng = np.arange(len(outcome)), np.random.default_rng(0)
    if is_value:
        return rng.choice(rows, min(MOST_ROWS, len(rows)), replace=False)
    classes, sizes = np.unique(outcome, return_counts=True)
    share = min(1.0, max(MOST_ROWS / len(rows), FEWEST_OF_CLASS / sizes.min()))
    groups = [
        rng.choice(np.flatnonzero(outcome == label), int(np.ceil(share * size)), replace=False)
        for label, size in zip(classes, sizes, strict=True)
    ]
    return np.concatenate(groups)


def _some_units(units: Units, outcome: Array, is_value: bool) -> NDArray[np.intp]:
    """Rows that stand for all: units drawn at random until there are enough rows, also of a class.

    And enough units: of a few large ones, none may be left out.
    """
    _, codes = np.unique(units, return_inverse=True)
    known = codes.max() + 1
    # When a row's unit is drawn: all of its rows at once.
    drawn = np.random.default_rng(0).permutation(known)[codes]
    enough = [min(FEWEST_UNITS, known) - 1, np.sort(drawn)[min(MOST_ROWS, len(drawn)) - 1]]
    for label in () if is_value else np.unique(outcome):
        own = np.sort(drawn[outcome == label])
        enough.append(own[min(FEWEST_OF_CLASS, len(own)) - 1])
    return np.flatnonzero(drawn <= max(enough))


def threshold_of(
    taught: CrossValidationData, scores: Array, rows: NDArray[np.intp]
) -> float | None:
    """The score from which acting earns most on some of the rows; None where nobody decides."""
    if taught.dataset.problem.target.task != "binary":
        return None
    outcome = taught.dataset.known.values[rows]
    return best_threshold(taught.dataset.problem.value, outcome, scores[rows])
