"""Probabilities that mean what they say: measured on rows held out, mended where that helps.

What is mended is one curve over the scores (Platt 1999) or one temperature for all classes (Guo et
al. 2017), fitted on out-of-fold scores; the model below stays as it is. Curves that bend more
(isotonic) tie scores together and need more rows than most problems have.
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import logit
from sklearn.base import clone
from sklearn.calibration import (
    CalibratedClassifierCV,
    _CalibratedClassifier,
    _SigmoidCalibration,
    _TemperatureScaling,
)
from sklearn.pipeline import Pipeline

from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS
from engine.training.folds import CrossValidationData, Trial
from engine.training.parallel import at_once

Array = NDArray[np.float64]
Method = Literal["sigmoid", "temperature"]

# The surest a score may be; beyond it a logarithm has nothing to hold on to.
SUREST = 1e-12
LOSS = METRICS["log_loss"]


@dataclass(frozen=True)
class Calibration:
    """Whether a curve makes held-out scores more honest: the log loss before and after.

    `gain` is what each fold gains, by a curve fitted on other folds; `method` is None where the
    mean gain is not more than chance.
    """

    method: Method | None
    before: float
    after: float
    gain: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """The comparison as it stands in training.json."""
        return {
            "log_loss": self.before,
            "log_loss_calibrated": self.after,
            "gain": {"value": self.gain, "low": self.low, "high": self.high},
        }


def should_calibrate(taught: CrossValidationData, trial: Trial) -> Calibration | None:
    """Whether to calibrate the chosen candidate.

    Each fold is judged by a curve that saw none of its rows and, where there is time, nothing that
    came later. Chance is the paired t interval (95 %) over folds. None for a value: it has no
    probability; and where too few folds are left to tell.

    Without time the scores of other folds come from models that learned from this one, which makes
    the curve look a little better than it is. So if it looks worth it, it is asked once more, of
    models that saw nothing of the fold.
    """
    if taught.dataset.problem.target.task == "regression":
        return None
    found = _compare(taught, trial, apply(taught, trial))
    if found is None or found.method is None or taught.dataset.problem.rows.time:
        return found
    try:
        return _compare(taught, trial, _apart(taught, trial))
    except BadInput:  # a fold's rows are too few to be parted once more: left as it is
        return replace(found, method=None)


def _compare(
    taught: CrossValidationData, trial: Trial, with_calibration: Trial
) -> Calibration | None:
    pairs = []
    for number, (_, judge) in enumerate(taught.folds):
        if len(taught.teachers(number)):
            outcome = taught.dataset.known.values[judge]
            sides = (trial.scores[judge], with_calibration.scores[judge])
            pairs.append([LOSS.compute(outcome, side) for side in sides])
    if len(pairs) < 2:
        return None
    before, after = np.asarray(pairs).T
    gain = before - after
    reach = stats.t.ppf(0.975, len(gain) - 1) * gain.std(ddof=1) / np.sqrt(len(gain))
    low, high = float(gain.mean() - reach), float(gain.mean() + reach)
    method = _method(taught) if low > 0 else None
    return Calibration(
        method, float(before.mean()), float(after.mean()), float(gain.mean()), low, high
    )


def _apart(taught: CrossValidationData, trial: Trial) -> Trial:
    """The trial with every fold's scores calibrated by its own learning rows alone.

    These are parted once more: a model learns from most of them, and a curve from what it says of
    the rest.

    Raises:
        BadInput: they cannot be parted.
    """

    def scores_of(fold: tuple[Rows, Rows]) -> Array:
        learn, judge = fold
        early, late = taught.part(learn)[0]
        scores, rest = np.full_like(trial.scores, np.nan), learn[late]
        scores[rest] = taught.say(taught.fit(trial.candidate.model, learn[early]), rest)
        curve = _curve(taught, replace(trial, scores=scores), rest)
        return _said(taught, curve, trial, judge)

    scores = trial.scores.copy()
    with at_once(scores_of, taught.folds) as done:
        for (_, judge), said in zip(taught.folds, done, strict=True):
            scores[judge] = said
    return replace(trial, scores=scores)


def apply(taught: CrossValidationData, trial: Trial) -> Trial:
    """The trial with every fold's scores calibrated on other folds (earlier ones by time).

    A fold without others before it keeps its scores.
    """
    scores = trial.scores.copy()
    for number, (_, judge) in enumerate(taught.folds):
        rows = taught.teachers(number)
        if len(rows):
            scores[judge] = _said(taught, _curve(taught, trial, rows), trial, judge)
    results = [taught.measure(judge, scores[judge]) for _, judge in taught.folds]
    return replace(trial, folds=tuple(results), scores=scores)


def calibrated(taught: CrossValidationData, trial: Trial, model: Pipeline) -> Pipeline:
    """The fitted `model` with a calibrator as its last step, fitted on the trial's raw scores.

    The same as scikit-learn's `CalibratedClassifierCV(ensemble=False)`, which cannot be told of
    folds that leave rows out, as folds by time do.
    """
    method, last = _method(taught), model[-1]
    curve = _curve(taught, trial, taught.judged)
    outer = CalibratedClassifierCV(clone(last), method=method, ensemble=False)
    inner = _CalibratedClassifier(last, [curve], classes=last.classes_, method=method)
    outer.calibrated_classifiers_, outer.classes_ = [inner], last.classes_
    return Pipeline([*model.steps[:-1], ("calibrated", outer)])


def _method(taught: CrossValidationData) -> Method:
    return "sigmoid" if taught.dataset.problem.target.task == "binary" else "temperature"


def _is_flipped(taught: CrossValidationData) -> bool:
    """Whether our positive class is scikit-learn's negative one, which is the first by order."""
    known = taught.dataset.known.classes
    return len(known) == 2 and list(known) != sorted(known)


def _outcome(taught: CrossValidationData, rows: Rows) -> Array:
    """Outcomes as scikit-learn numbers them."""
    outcome = taught.dataset.known.values[rows]
    return 1 - outcome if _is_flipped(taught) else outcome


def _responses(taught: CrossValidationData, trial: Trial, rows: Rows) -> Array:
    """What scikit-learn's calibrator would hear of the model: its decision function, if it has one.

    For several classes logarithms differ from it by a number a row, which cancels out.
    """
    said = trial.scores[rows]
    said = 1 - said if _is_flipped(taught) else said
    if not hasattr(trial.candidate.model[-1], "decision_function"):
        return said
    clipped = said.clip(SUREST, 1 - SUREST)
    return np.asarray(logit(clipped) if said.ndim == 1 else np.log(clipped))


def _curve(taught: CrossValidationData, trial: Trial, rows: Rows) -> Any:
    """A calibrator fitted on the scores of some rows."""
    kind = _SigmoidCalibration if _method(taught) == "sigmoid" else _TemperatureScaling
    return kind().fit(_responses(taught, trial, rows), _outcome(taught, rows))


def _said(taught: CrossValidationData, curve: Any, trial: Trial, rows: Rows) -> Array:
    """What a curve makes of the trial's scores of some rows."""
    said: Array = curve.predict(_responses(taught, trial, rows))
    return 1 - said if _is_flipped(taught) else said
