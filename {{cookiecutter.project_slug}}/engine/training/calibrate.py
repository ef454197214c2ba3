"""Fits the chosen candidate; calibrates its probabilities where that gains more than chance.

A calibrator is one curve over the scores (Platt 1999), or one temperature for all classes (Guo et
al. 2017). It is fitted on out-of-fold scores; the model below stays as it is. Isotonic curves give
many rows the same score, and need more rows than most problems have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.special import logit
from sklearn import calibration as sk
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Array, Interval
from engine.training.dataset import CrossValidationData
from engine.training.evaluate import t_interval
from engine.training.folds import Trial
from engine.training.money import threshold_of
from engine.training.parallel import parallel_map

Method = Literal["sigmoid", "temperature"]

# Scores are kept so far from 0 and 1, where a logarithm is infinite.
SMALLEST_PROBABILITY = 1e-12
LOSS = METRICS["log_loss"]


@dataclass(frozen=True)
class Calibration:
    """The log loss of held-out rows before and after calibration, and the mean gain over folds.

    `method` is None where the gain is not more than chance.
    """

    method: Method | None
    log_loss: float
    log_loss_calibrated: float
    gain: Interval


def should_calibrate(data: CrossValidationData, trial: Trial) -> Calibration | None:
    """Whether to calibrate the chosen candidate, by the paired t interval (95 %) over folds.

    None for a regression, and where too few folds can be compared.

    Without time the scores of other folds come from models that were fitted on this one, which
    makes the curve look a little better than it is. So a gain is confirmed with models that were
    not fitted on the fold.
    """
    if data.task == "regression":
        return None
    result = _compare(data, trial, calibrate_trial(data, trial))
    if result is None or result.method is None or data.problem.rows.time:
        return result
    try:
        return _compare(data, trial, calibrate_trial(data, trial, within_folds=True))
    except BadInput:  # a fold has too few rows to be split again
        return replace(result, method=None)


def _compare(data: CrossValidationData, trial: Trial, calibrated: Trial) -> Calibration | None:
    losses = [
        [LOSS.compute(data.outcomes(rows), one.scores[rows]) for one in (trial, calibrated)]
        for number, (_, rows) in enumerate(data.folds)
        if len(data.calibration_rows(number))
    ]
    if len(losses) < 2:
        return None
    before, after = np.asarray(losses).T
    gain = t_interval(before - after)
    method = _method(data) if gain.low > 0 else None
    return Calibration(method, float(before.mean()), float(after.mean()), gain)


def calibrate_trial(
    data: CrossValidationData, trial: Trial, *, within_folds: bool = False
) -> Trial:
    """The trial with every fold's scores calibrated on other folds (with time on earlier ones).

    A fold without such others keeps its scores. With `within_folds` its training rows alone are
    used, split once more for a model and a curve; BadInput if they cannot be.
    """

    def calibrated(number: int) -> Array:
        train, validation = data.folds[number]
        rows, fitted = data.calibration_rows(number), trial
        if within_folds:
            early, late = data.inner_folds(train)[0]
            scores, rows = np.full_like(trial.scores, np.nan), train[late]
            scores[rows] = data.predict(data.fit(trial.candidate.model, train[early]), rows)
            fitted = replace(trial, scores=scores)
        if not len(rows):
            return trial.scores[validation]
        curve = fit_calibrator(data, fitted, rows)
        return calibrated_scores_of(data, curve, trial, validation)

    scores, results = data.by_fold(parallel_map(calibrated, range(len(data.folds))))
    return replace(trial, folds=results, scores=scores)


@dataclass(frozen=True)
class FinalModel:
    """The model fitted on all training rows, and the trial by which its threshold was set.

    The trial's scores are calibrated, if the model is; `raw` is the candidate's own trial.
    """

    model: Pipeline
    trial: Trial
    raw: Trial
    calibrated: Method | None
    threshold: float | None

    def __str__(self) -> str:
        """The chosen candidate and its calibration."""
        method = f", calibrated ({self.calibrated})" if self.calibrated else ""
        return f"{self.trial.candidate.name}{method}"

    def put_into(self, trials: Sequence[Trial]) -> tuple[Trial, ...]:
        """The same trials, the chosen candidate's as that of the final model."""
        return tuple(self.trial if trial is self.raw else trial for trial in trials)


def fit_final(data: CrossValidationData, trial: Trial, method: Method | None) -> FinalModel:
    """Fit the chosen candidate on all rows; calibrate it by `method`, if there is one."""
    [model] = parallel_map(data.fit, [trial.candidate.model])
    final = trial
    if method:
        model = calibrated_model(data, trial, model)
        final = calibrate_trial(data, trial)
    threshold = threshold_of(data, final.scores, data.out_of_fold_rows)
    return FinalModel(model, final, trial, method, threshold)


def calibrated_model(data: CrossValidationData, trial: Trial, model: Pipeline) -> Pipeline:
    """The fitted `model` with a calibrator as its last step, fitted on the trial's raw scores.

    `CalibratedClassifierCV(ensemble=False)` fits the same, but takes no folds that leave rows out.
    """
    method, last = _method(data), model[-1]
    curve = fit_calibrator(data, trial, data.out_of_fold_rows)
    outer = sk.CalibratedClassifierCV(clone(last), method=method, ensemble=False)
    inner = sk._CalibratedClassifier(last, [curve], classes=last.classes_, method=method)
    outer.calibrated_classifiers_, outer.classes_ = [inner], last.classes_
    return Pipeline([*model.steps[:-1], ("calibrated", outer)])


def fit_calibrator(data: CrossValidationData, trial: Trial, rows: Rows) -> Any:
    """A calibrator fitted on the scores of some rows."""
    calibrator = sk._SigmoidCalibration() if data.task == "binary" else sk._TemperatureScaling()
    outcomes = 1 - data.outcomes(rows) if _is_flipped(data) else data.outcomes(rows)
    return calibrator.fit(_responses(data, trial, rows), outcomes)


def calibrated_scores_of(
    data: CrossValidationData, calibrator: Any, trial: Trial, rows: Rows
) -> Array:
    """The trial's scores of some rows, calibrated."""
    scores: Array = calibrator.predict(_responses(data, trial, rows))
    return 1 - scores if _is_flipped(data) else scores


def _method(data: CrossValidationData) -> Method:
    return "sigmoid" if data.task == "binary" else "temperature"


def _is_flipped(data: CrossValidationData) -> bool:
    """Whether our positive class is scikit-learn's negative one, which is the first by order."""
    classes = data.dataset.targets.classes
    return data.task == "binary" and bool(classes[0] > classes[1])


def _responses(data: CrossValidationData, trial: Trial, rows: Rows) -> Array:
    """The input of scikit-learn's calibrator: the decision function, if the model has one."""
    # For several classes logarithms differ from it by one number a row, which cancels out.
    scores = 1 - trial.scores[rows] if _is_flipped(data) else trial.scores[rows]
    if not hasattr(trial.candidate.model[-1], "decision_function"):
        return scores
    clipped = scores.clip(SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return np.asarray(logit(clipped) if scores.ndim == 1 else np.log(clipped))
