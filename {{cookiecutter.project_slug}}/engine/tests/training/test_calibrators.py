"""The figures of a calibration, and the curve itself, equal what one computes by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.problem.metrics import METRICS, Array
from engine.problem.spec import Task
from engine.tests.training.test_calibrate import data_of
from engine.training import calibrate
from engine.training.calibrate import FinalModel, fit_final
from engine.training.dataset import CrossValidationData
from engine.training.evaluate import t_interval
from engine.training.folds import Trial
from engine.training.money import threshold_of
from poc.model import candidates

RULE, LINEAR = 1, 2
LOSS = METRICS["log_loss"].compute
BY_TIME = 'time = "day"'


def made(data: CrossValidationData, strength: float = 6.0, which: int = LINEAR) -> Trial:
    """A trial whose scores nobody trained: they know the outcome in part, and are far too sure."""
    rng, rows = np.random.default_rng(0), np.arange(len(data.table))
    outcomes, kinds = data.outcomes(rows), len(data.dataset.targets.classes)
    informed = np.eye(kinds)[outcomes.astype(int)] + rng.normal(size=(len(rows), kinds))
    scores = np.exp(strength * informed)
    scores /= scores.sum(axis=1, keepdims=True)
    scores = scores if kinds > 2 else scores[:, 1]
    candidate = candidates(data.dataset.columns, data.task, 0)[which]
    return Trial(candidate, tuple(data.measure(v, scores[v]) for _, v in data.folds), scores)


def losses(data: CrossValidationData, scores: Array, first: int) -> Array:
    """The log loss of each fold from number `first` on."""
    return np.array([LOSS(data.outcomes(rows), scores[rows]) for _, rows in data.folds[first:]])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_should_calibrate_figures_are_those_of_the_folds_that_have_others(
    here: Path, task: Task
) -> None:
    data = data_of(task, rows=BY_TIME)
    trial = made(data)
    result = calibrate.should_calibrate(data, trial)
    assert result is not None
    before = losses(data, trial.scores, 1)
    after = losses(data, calibrate.calibrate_trial(data, trial).scores, 1)
    assert result.log_loss == pytest.approx(before.mean())
    assert result.log_loss_calibrated == pytest.approx(after.mean())
    assert result.gain == t_interval(before - after)
    assert result.method == ("sigmoid" if task == "binary" else "temperature")


@pytest.mark.parametrize(("folds", "compared"), [(3, True), (2, False)])
def test_should_calibrate_two_folds_are_the_fewest(here: Path, folds: int, compared: bool) -> None:
    """The earliest fold has no earlier scores to calibrate it on."""
    data = data_of("binary", rows=BY_TIME)
    data = replace(data, folds=data.folds[:folds])
    assert (calibrate.should_calibrate(data, made(data)) is not None) == compared


def test_should_calibrate_with_folds_that_cannot_be_split_keeps_the_figures(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = data_of("binary")
    trial = made(data)
    calibrated = calibrate.calibrate_trial(data, trial)

    def within(*_: object, within_folds: bool = False) -> Trial:
        if within_folds:
            raise BadInput("too few rows", code="missing-class")
        return calibrated

    monkeypatch.setattr(calibrate, "calibrate_trial", within)
    result = calibrate.should_calibrate(data, trial)
    assert result is not None
    assert (result.method, result.log_loss) == (None, losses(data, trial.scores, 0).mean())
    assert result.gain.low > 0


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_calibrate_trial_keeps_the_ranking_and_tempers_the_scores(here: Path, task: Task) -> None:
    data = data_of(task)
    trial = made(data)
    result = calibrate.calibrate_trial(data, trial)
    assert result.candidate is trial.candidate
    for number, (_, rows) in enumerate(data.folds):
        own, raw = result.scores[rows], trial.scores[rows]
        if task == "binary":
            assert np.array_equal(np.argsort(own), np.argsort(raw))
        else:
            assert np.array_equal(own.argmax(axis=1), raw.argmax(axis=1))
            assert own.sum(axis=1) == pytest.approx(np.ones(len(own)))
        assert np.abs(own - 0.5).max() < np.abs(raw - 0.5).max()
        assert result.folds[number] == data.measure(rows, own)


def test_calibrate_trial_by_time_leaves_the_earliest_fold_as_it_was(here: Path) -> None:
    data = data_of("binary", rows=BY_TIME)
    trial = made(data)
    result, raw = calibrate.calibrate_trial(data, trial), trial.scores
    changed = [not np.array_equal(result.scores[rows], raw[rows]) for _, rows in data.folds]
    assert changed == [False, True, True, True, True]
    assert result.folds[0] == trial.folds[0]


@pytest.mark.parametrize("positive", [True, "a", "b"])
@pytest.mark.parametrize("which", [LINEAR, RULE])
def test_fit_calibrator_binary_is_platts_curve(here: Path, positive: object, which: int) -> None:
    """On the log odds where the model has a decision function, else on the probabilities."""
    data = data_of("binary", positive=positive)
    trial, rows = made(data, 2.0, which), data.out_of_fold_rows
    scores, outcomes = trial.scores[rows], data.outcomes(rows)
    inputs = (logit(scores) if which == LINEAR else scores).reshape(-1, 1)
    # Platt fits the same curve to targets that are a little inside of 0 and 1.
    high, low = outcomes.sum(), (1 - outcomes).sum()
    weights = np.where(outcomes == 1, (high + 1) / (high + 2), 1 / (low + 2))
    curve = LogisticRegression(C=1e12, tol=1e-10, max_iter=10_000).fit(
        np.concatenate([inputs, inputs]),
        np.repeat([1, 0], len(rows)),
        np.concatenate([weights, 1 - weights]),
    )
    expected = expit(curve.decision_function(inputs))
    calibrator = calibrate.fit_calibrator(data, trial, rows)
    result = calibrate.calibrated_scores_of(data, calibrator, trial, rows)
    assert result == pytest.approx(expected, abs=1e-3)


def test_fit_calibrator_multiclass_divides_logarithms_by_one_number(here: Path) -> None:
    data = data_of("multiclass")
    trial, rows = made(data, 2.0), data.out_of_fold_rows
    calibrator = calibrate.fit_calibrator(data, trial, rows)
    result = calibrate.calibrated_scores_of(data, calibrator, trial, rows)
    raw, own = (np.log(one) - np.log(one[:, :1]) for one in (trial.scores[rows], result))
    temperature = raw[:, 1] / own[:, 1]
    assert temperature == pytest.approx(np.full(len(rows), temperature[0]))
    assert temperature[0] > 1


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("positive", [True, "a"])
def test_calibrate_trial_scores_of_0_and_1_stay_finite(
    here: Path, task: Task, positive: object
) -> None:
    data = data_of(task, positive=positive)
    trial = made(data)
    best = trial.scores.argmax(axis=1) if task == "multiclass" else None
    sure = replace(trial, scores=trial.scores.round() if best is None else np.eye(3)[best])
    result = calibrate.calibrate_trial(data, sure).scores[data.out_of_fold_rows]
    assert np.isfinite(result).all()
    assert ((result > 0) & (result < 1)).all()
    truth = data.outcomes(data.out_of_fold_rows)
    assert LOSS(truth, result) < LOSS(truth, sure.scores[data.out_of_fold_rows])


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_fit_final_without_a_method_is_the_candidate_itself(here: Path, task: Task) -> None:
    data = data_of(task)
    trial, rows = made(data), data.out_of_fold_rows
    final = fit_final(data, trial, None)
    assert final.trial is final.raw is trial
    assert final.calibrated is None
    assert final.threshold == threshold_of(data, trial.scores, rows)
    assert (final.threshold is None) == (task == "multiclass")
    plain, every = data.fit(trial.candidate.model), np.arange(len(data.table))
    assert final.model[-1].__class__ is plain[-1].__class__
    assert np.array_equal(data.predict(final.model, every), data.predict(plain, every))


def test_final_model_takes_the_place_of_its_raw_trial(here: Path) -> None:
    data = data_of("binary")
    raw, other = made(data), made(data, which=RULE)
    calibrated = replace(raw, scores=raw.scores / 2)
    final = FinalModel(Pipeline([("none", "passthrough")]), calibrated, raw, "sigmoid", 0.5)
    first, second = final.put_into([raw, other])
    assert first is calibrated
    assert second is other
    name = raw.candidate.name
    assert str(final) == f"{name}, calibrated (sigmoid)"
    assert str(replace(final, calibrated=None)) == name


def test_calibrated_model_has_the_fitted_steps_and_one_curve(here: Path) -> None:
    data = data_of("binary")
    trial = made(data)
    model = data.fit(trial.candidate.model)
    result = calibrate.calibrated_model(data, trial, model)
    assert [step for _, step in result.steps[:-1]] == [step for _, step in model.steps[:-1]]
    name, last = result.steps[-1]
    assert name == "calibrated"
    [inner] = last.calibrated_classifiers_
    assert inner.estimator is model[-1]
    assert (last.method, last.ensemble, inner.method) == ("sigmoid", False, "sigmoid")
    assert last.classes_.tolist() == inner.classes.tolist() == model[-1].classes_.tolist()
    # The estimator that a reader of the model sees is the candidate's, not yet fitted.
    assert last.estimator.get_params() == model[-1].get_params()
    assert last.estimator is not model[-1]


def test_calibrate_trial_within_folds_needs_no_scores_of_other_folds(here: Path) -> None:
    """Models of this fold's training rows alone make the scores for its curve."""
    data = data_of("binary")
    trial = made(data)

    def calibrated(rows: Rows) -> Array:
        scores = np.full_like(trial.scores, np.nan)
        scores[rows] = trial.scores[rows]
        one = replace(trial, scores=scores)
        return calibrate.calibrate_trial(data, one, within_folds=True).scores

    own = data.folds[0][1]
    assert np.array_equal(calibrated(own)[own], calibrated(data.out_of_fold_rows)[own])
