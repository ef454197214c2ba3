"""The released model as a rival in training: its feature code and parameters on the same folds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from engine.bundle.archive import load_model
from engine.bundle.bundle import Bundle, read
from engine.bundle.record import champion_if_any, refusal, stored
from engine.data.load import inputs
from engine.problem.errors import BadInput
from engine.problem.files import MissingFile
from engine.problem.spec import Problem
from engine.training.calibrate import calibrate_trial
from engine.training.candidates import CHAMPION, Candidate
from engine.training.dataset import CrossValidationData
from engine.training.folds import Trial, cross_validate
from engine.training.record.runs import Progress


def champion_trial(
    data: CrossValidationData, progress: Progress
) -> tuple[list[Trial], dict[str, Any] | None]:
    """The trial of the released champion on the same folds, and its origin; neither without one.

    The feature code and the parameters in its bundle are trained again on each fold. The released
    model itself was trained on rows that these folds hold out, so its predictions of them would
    flatter it; the gate compares that model, on the test rows. `progress` gets the reason where
    the champion cannot be compared.
    """
    try:
        name = champion_if_any()
    except MissingFile:  # a folder that only trains
        name = None
    if name is None:
        return [], None
    try:
        old = read(stored(name))
        if reason := refusal(name):  # no team accepted the code that would run here
            raise BadInput(f"it is not accepted: {reason}", code="champion-not-accepted")
        dataset = data.dataset
        if reason := incomparable(old, data.problem, dataset.targets.classes, dataset.train):
            raise BadInput(reason, code="champion-not-comparable")
        model, is_calibrated = _unfitted(load_model(old))
        own = replace(
            data, dataset=replace(dataset, columns=old.contract.inputs), table=_table(data, old)
        )
        [trial] = cross_validate(own, [Candidate(CHAMPION, model)])
    except BadInput as error:
        progress(f"  Champion {name[:12]} is not compared: {error}")
        return [], None
    origin = {
        "bundle": old.id,
        "version": old.manifest["version"],
        "run_id": old.manifest["run_id"],
    }
    origin |= {"candidate": old.evaluation["candidate"]["name"], "calibrated": is_calibrated}
    trial = calibrate_trial(data, trial) if is_calibrated else trial
    # Its inputs are its own: nothing here may call its model with today's.
    return [replace(trial, last=None)], origin


def incomparable(old: Bundle, problem: Problem, classes: Sequence[Any], frame: Any) -> str | None:
    """Why the champion cannot predict these rows of this problem; None where it can."""
    target, other = problem.target, old.problem.target
    missing = [one.name for one in old.contract.inputs if one.name not in frame]
    if (target.column, target.task) != (other.column, other.task):
        return f"the champion predicts {other.column} ({other.task})"
    if set(old.contract.classes) != set(classes):
        return f"the champion has the classes {list(old.contract.classes)}"
    if missing:
        return f"the rows lack inputs of the champion: {', '.join(missing)}"
    return None


def _unfitted(model: Pipeline) -> tuple[Pipeline, bool]:
    """The champion's pipeline, unfitted and without calibrator, and whether it had one."""
    title, last = model.steps[-1]
    is_calibrated = isinstance(last, CalibratedClassifierCV)
    last = last.estimator if is_calibrated else last
    return clone(Pipeline([*model.steps[:-1], (title, last)])), is_calibrated


def _table(data: CrossValidationData, old: Bundle) -> Any:
    try:
        return inputs(data.dataset.train, old.contract.inputs)
    except (TypeError, ValueError) as error:
        message = f"an input has another type today: {' '.join(str(error).split()):.200}"
        raise BadInput(message, code="champion-not-comparable") from None
