"""Scores are mended where that is more than chance, and never by what they are judged on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import Pipeline

from engine.bundle.run import load_model
from engine.problem.spec import Task
from engine.tests.training.made import problem
from engine.tests.training.training import KINDS, schema, table
from engine.training import calibrate
from engine.training.candidates import BOOSTING, recipe
from engine.training.dataset import SEED, gather
from engine.training.fit_final import fit_final
from engine.training.folds import CrossValidationData, Trial, cross_validate, cross_validation_data
from poc.model import candidates

LINEAR = 2


def taught(task: Task, *, rows: str = "", positive: object = True) -> CrossValidationData:
    framed = problem(task, metric="log_loss", rows=rows, positive=positive)
    frame = table(task, 600)
    # Outcomes that nothing tells: with none of them no score would boast.
    luck = np.random.default_rng(1).random(600) < 0.3
    frame.loc[luck, "outcome"] = frame["outcome"].sample(luck.sum(), random_state=1).to_numpy()
    kind: type = KINDS[task]
    if task == "binary" and not isinstance(positive, bool):
        frame["outcome"] = pd.Series(np.where(frame["outcome"], "a", "b"), dtype="str")
        kind = str
    frame.to_parquet("data.parquet", index=False)
    return cross_validation_data(gather(framed, schema(kind)))


def tried(lessons: CrossValidationData, which: int = LINEAR) -> Trial:
    dataset = lessons.dataset
    one = candidates(dataset.columns, dataset.problem.target.task, SEED)[which]
    [trial] = cross_validate(lessons, [one])
    return trial


def boasting(lessons: CrossValidationData) -> Trial:
    """A trial of a model that learns its rows by heart, and is far surer than it should be."""
    dataset = lessons.dataset
    tried = candidates(dataset.columns, dataset.problem.target.task, SEED)
    learned = {"learning_rate": 0.3, "max_leaf_nodes": 31, "min_samples_leaf": 2, "max_iter": 40}
    [trial] = cross_validate(lessons, [recipe(tried, BOOSTING, learned)])
    return trial


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("rows", ["", 'time = "day"'])
def test_scores_that_boast_are_mended(here: Path, task: Task, rows: str) -> None:
    lessons = taught(task, rows=rows)
    found = calibrate.should_calibrate(lessons, boasting(lessons))
    assert found is not None
    assert found.method == ("sigmoid" if task == "binary" else "temperature")
    assert found.after < found.before
    assert 0 < found.low <= found.gain <= found.high


def test_honest_scores_are_left_alone(here: Path) -> None:
    lessons = taught("binary")
    found = calibrate.should_calibrate(lessons, tried(lessons))
    assert found is not None
    assert found.method is None


def test_a_value_has_no_probability(here: Path) -> None:
    frame = table("regression")
    frame.to_parquet("data.parquet", index=False)
    lessons = cross_validation_data(gather(problem("regression"), schema(float)))
    assert calibrate.should_calibrate(lessons, tried(lessons)) is None


@pytest.mark.parametrize("rows", ["", 'time = "day"'])
def test_no_fold_is_mended_by_its_own_outcomes_or_by_later_ones(here: Path, rows: str) -> None:
    lessons = taught("binary", rows=rows)
    for number, (_, judge) in enumerate(lessons.folds):
        teachers = lessons.teachers(number)
        assert not np.intersect1d(teachers, judge).size
        if rows and len(teachers):
            days = lessons.dataset.learning["day"]
            assert days.iloc[teachers].max() < days.iloc[judge].min()
    assert len(lessons.teachers(0)) == (
        0 if rows else len(lessons.judged) - len(lessons.folds[0][1])
    )


@pytest.mark.parametrize(
    ("task", "positive"), [("binary", True), ("binary", "a"), ("binary", "b"), ("multiclass", True)]
)
@pytest.mark.parametrize("which", [LINEAR, 3])
def test_the_model_handed_on_says_what_the_calibrator_makes_of_its_scores(
    here: Path, task: Task, positive: object, which: int
) -> None:
    lessons = taught(task, positive=positive)
    trial = tried(lessons, which)
    method: calibrate.Method = "sigmoid" if task == "binary" else "temperature"
    finished = fit_final(lessons, trial, method)
    assert isinstance(finished.model, Pipeline)
    assert isinstance(finished.model[-1], CalibratedClassifierCV)
    plain, rows = lessons.fit(trial.candidate.model), lessons.judged
    raw = replace(trial, scores=lessons.say(plain, np.arange(len(lessons.table))))
    curve = calibrate._curve(lessons, trial, rows)
    said = curve.predict(calibrate._responses(lessons, raw, rows))
    said = 1 - said if calibrate._is_flipped(lessons) else said
    assert lessons.say(finished.model, rows) == pytest.approx(said, abs=1e-9)


def test_a_calibrated_model_travels(here: Path) -> None:
    lessons = taught("binary")
    finished = fit_final(lessons, tried(lessons, 3), "sigmoid")
    skops.io.dump(finished.model, "model.skops")
    loaded, rows = load_model(Path("model.skops")), lessons.judged
    assert np.array_equal(lessons.say(loaded, rows), lessons.say(finished.model, rows))
