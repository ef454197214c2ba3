"""Scores are calibrated where that gains more than chance, and never on their own outcomes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from engine.bundle.build import load_model
from engine.data.split import Rows
from engine.problem.errors import BadInput
from engine.problem.spec import Task
from engine.tests.training.made import problem
from engine.tests.training.training import KINDS, schema, table
from engine.training import calibrate
from engine.training.calibrate import fit_final
from engine.training.candidates import BOOSTING, candidate_from_parameters
from engine.training.dataset import SEED, CrossValidationData, cross_validation_data, gather
from engine.training.folds import Trial, cross_validate
from engine.training.money import best_threshold, fold_thresholds
from poc.model import candidates

LINEAR = 2


def data_of(task: Task, *, rows: str = "", positive: object = True) -> CrossValidationData:
    spec = problem(task, metric="log_loss", rows=rows, positive=positive)
    frame = table(task, 600)
    # Random outcomes: without them no score would be overconfident.
    random = np.random.default_rng(1).random(600) < 0.3
    frame.loc[random, "outcome"] = frame["outcome"].sample(random.sum(), random_state=1).to_numpy()
    kind: type = KINDS[task]
    if task == "binary" and not isinstance(positive, bool):
        frame["outcome"] = pd.Series(np.where(frame["outcome"], "a", "b"), dtype="str")
        kind = str
    frame.to_parquet("data.parquet", index=False)
    return cross_validation_data(gather(spec, schema(kind)))


def tried(data: CrossValidationData, which: int = LINEAR) -> Trial:
    dataset = data.dataset
    one = candidates(dataset.columns, dataset.problem.target.task, SEED)[which]
    [trial] = cross_validate(data, [one])
    return trial


def overconfident(data: CrossValidationData) -> Trial:
    """A trial of a model that overfits, with scores far too close to 0 and 1."""
    dataset = data.dataset
    tried = candidates(dataset.columns, dataset.problem.target.task, SEED)
    learned = {"learning_rate": 0.3, "max_leaf_nodes": 31, "min_samples_leaf": 2, "max_iter": 40}
    [trial] = cross_validate(data, [candidate_from_parameters(tried, BOOSTING, learned)])
    return trial


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("rows", ["", 'time = "day"'])
def test_should_calibrate_overconfident_scores_gives_a_method(
    here: Path, task: Task, rows: str
) -> None:
    data = data_of(task, rows=rows)
    result = calibrate.should_calibrate(data, overconfident(data))
    assert result is not None
    assert result.method == ("sigmoid" if task == "binary" else "temperature")
    assert result.log_loss_calibrated < result.log_loss
    assert 0 < result.gain.low <= result.gain.value <= result.gain.high


def test_should_calibrate_calibrated_scores_gives_no_method(here: Path) -> None:
    data = data_of("binary")
    result = calibrate.should_calibrate(data, tried(data))
    assert result is not None
    assert result.method is None


def improved(data: CrossValidationData, trial: Trial, folds: int) -> Trial:
    """The trial with scores nearer to the outcomes in the last folds, the same in the others."""
    scores = trial.scores.copy()
    for _, rows in data.folds[-folds:]:
        scores[rows] = (scores[rows] + data.outcomes(rows)) / 2
    return replace(trial, scores=scores)


@pytest.mark.parametrize(
    ("rows", "folds", "confirmed", "method"),
    [
        ('time = "day"', 5, 5, "sigmoid"),
        # In one fold only: the mean gain is above zero, its interval is not.
        ('time = "day"', 1, 1, None),
        ("", 5, 5, "sigmoid"),
        ("", 5, 1, None),
        ("", 5, None, None),  # a fold cannot be split again
    ],
)
def test_should_calibrate_needs_a_gain_beyond_chance(
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: str,
    folds: int,
    confirmed: int | None,
    method: str | None,
) -> None:
    """Without time twice: the second time with models that never had the fold's rows."""
    data = data_of("binary", rows=rows)
    trial = tried(data)

    def calibrated(*_: object, within_folds: bool = False) -> Trial:
        number = confirmed if within_folds else folds
        if number is None:
            raise BadInput("too few rows", code="missing-class")
        return improved(data, trial, number)

    monkeypatch.setattr(calibrate, "calibrate_trial", calibrated)
    result = calibrate.should_calibrate(data, trial)
    assert result is not None
    assert result.gain.value > 0
    assert result.method == method


@pytest.mark.parametrize("within_folds", [False, True])
@pytest.mark.parametrize("rows", ["", 'time = "day"'])
def test_calibrate_trial_outcomes_of_a_fold_never_reach_its_own_scores(
    here: Path, rows: str, within_folds: bool
) -> None:
    """Nor the threshold that it is evaluated with."""
    data = data_of("binary", rows=rows)
    trial = tried(data)
    before = calibrate.calibrate_trial(data, trial, within_folds=within_folds)
    thresholds = fold_thresholds(data, trial.scores)
    assert thresholds is not None
    _, validation = data.folds[-1]
    targets = data.dataset.targets
    values = targets.values.copy()
    values[validation] = 1 - values[validation]
    dataset = replace(data.dataset, targets=replace(targets, values=values))
    turned = replace(data, dataset=dataset)
    after = calibrate.calibrate_trial(turned, trial, within_folds=within_folds)
    assert np.array_equal(after.scores[validation], before.scores[validation])
    assert not np.array_equal(before.scores[validation], trial.scores[validation])
    own = np.isin(data.out_of_fold_rows, validation)
    others = fold_thresholds(turned, trial.scores)
    assert others is not None
    assert np.array_equal(others[own], thresholds[own])
    if not rows and not within_folds:  # the other folds use them
        first = data.folds[0][1]
        assert not np.array_equal(after.scores[first], before.scores[first])


def test_calibrate_trial_within_folds_fits_curves_on_rows_that_no_model_had(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fold's training rows are parted: some for a model, the others for the curve."""
    data = data_of("binary")
    trial = tried(data)
    models: list[set[int]] = []
    curves: list[set[int]] = []
    fit, fit_curve = CrossValidationData.fit, calibrate.fit_calibrator

    def model(data: CrossValidationData, model: Pipeline, rows: Rows) -> Pipeline:
        models.append({*rows.tolist()})
        return fit(data, model, rows)

    def curve(data: CrossValidationData, trial: Trial, rows: Rows) -> object:
        curves.append({*rows.tolist()})
        return fit_curve(data, trial, rows)

    monkeypatch.setattr(CrossValidationData, "fit", model)
    monkeypatch.setattr(calibrate, "fit_calibrator", curve)
    calibrate.calibrate_trial(data, trial, within_folds=True)
    pairs = [(one, other) for one in models for other in curves if not one & other]
    trained = [{*train.tolist()} for train, _ in data.folds]
    assert len(models) == len(curves) == len(pairs) == len(trained)
    assert all(one | other in trained for one, other in pairs)


def test_fit_final_threshold_is_that_of_the_calibrated_scores(here: Path) -> None:
    data = data_of("binary")
    trial, rows = overconfident(data), data.out_of_fold_rows
    final = fit_final(data, trial, "sigmoid")
    costs, outcomes = data.problem.value, data.outcomes(rows)
    calibrated = calibrate.calibrate_trial(data, trial).scores[rows]
    assert final.threshold == best_threshold(costs, outcomes, calibrated)
    assert final.threshold != best_threshold(costs, outcomes, trial.scores[rows])
    assert np.array_equal(final.trial.scores[rows], calibrated)
    assert final.raw is trial
    assert final.calibrated == "sigmoid"


def test_should_calibrate_regression_gives_none(here: Path) -> None:
    frame = table("regression")
    frame.to_parquet("data.parquet", index=False)
    data = cross_validation_data(gather(problem("regression"), schema(float)))
    assert calibrate.should_calibrate(data, tried(data)) is None


@pytest.mark.parametrize("rows", ["", 'time = "day"'])
def test_calibration_rows_hold_neither_the_fold_nor_later_rows(here: Path, rows: str) -> None:
    data = data_of("binary", rows=rows)
    for number, (_, validation) in enumerate(data.folds):
        others = data.calibration_rows(number)
        assert not np.intersect1d(others, validation).size
        if rows and len(others):
            days = data.dataset.train["day"]
            assert days.iloc[others].max() < days.iloc[validation].min()
    assert len(data.calibration_rows(0)) == (
        0 if rows else len(data.out_of_fold_rows) - len(data.folds[0][1])
    )


@pytest.mark.parametrize(
    ("task", "positive"), [("binary", True), ("binary", "a"), ("binary", "b"), ("multiclass", True)]
)
@pytest.mark.parametrize("which", [LINEAR, 3])
def test_final_model_predicts_what_the_calibrator_makes_of_its_scores(
    here: Path, task: Task, positive: object, which: int
) -> None:
    data = data_of(task, positive=positive)
    trial = tried(data, which)
    method: calibrate.Method = "sigmoid" if task == "binary" else "temperature"
    final = fit_final(data, trial, method)
    assert isinstance(final.model, Pipeline)
    assert isinstance(final.model[-1], CalibratedClassifierCV)
    plain, rows = data.fit(trial.candidate.model), data.out_of_fold_rows
    raw = replace(trial, scores=data.predict(plain, np.arange(len(data.table))))
    curve = calibrate.fit_calibrator(data, trial, rows)
    expected = calibrate.calibrated_scores_of(data, curve, raw, rows)
    assert data.predict(final.model, rows) == pytest.approx(expected, abs=1e-9)


def test_calibrated_model_survives_skops(here: Path) -> None:
    data = data_of("binary")
    final = fit_final(data, tried(data, 3), "sigmoid")
    skops.io.dump(final.model, "model.skops")
    loaded, rows = load_model(Path("model.skops")), data.out_of_fold_rows
    assert np.array_equal(data.predict(loaded, rows), data.predict(final.model, rows))
