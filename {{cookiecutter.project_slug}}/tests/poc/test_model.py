"""Every candidate of poc/model.py can be trained, saved and asked for predictions."""

import numpy as np
import pandas as pd
import pytest
import skops.io
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from engine.bundle.archive import trusted, trusted_types_file
from engine.contract.column import Column
from engine.problem.spec import Problem
from engine.training.candidates import Candidate
from poc.model import MODEL

SEED = 0
# A candidate learns from the first rows; what it predicts is tested on the others.
TRAINING_ROWS = 400


@pytest.fixture(scope="module")
def tried(problem: Problem, columns: tuple[Column, ...]) -> tuple[Candidate, ...]:
    """The candidates of poc/model.py, unfitted."""
    return MODEL.candidates(columns, problem.target.task, SEED, TRAINING_ROWS)


@pytest.fixture(scope="module")
def target(problem: Problem, sample: pd.DataFrame) -> NDArray[np.generic]:
    """What the models learn: a number, or for classes the class."""
    values = sample[problem.target.column]
    return (
        values.to_numpy()
        if problem.target.task == "regression"
        else values.astype("str").to_numpy(object)
    )


@pytest.fixture(scope="module")
def fitted(
    tried: tuple[Candidate, ...], table: pd.DataFrame, target: NDArray[np.generic]
) -> dict[str, Pipeline]:
    """Every candidate, trained on a few rows."""
    return {one.name: fit(one, table, target) for one in tried}


def fit(candidate: Candidate, table: pd.DataFrame, target: NDArray[np.generic]) -> Pipeline:
    """A trained copy of the candidate."""
    rows = np.linspace(0, len(table) - 1, min(TRAINING_ROWS, len(table)), dtype=int)
    return clone(candidate.model).fit(table.iloc[rows], target[rows])


def scores(model: Pipeline, table: pd.DataFrame) -> NDArray[np.float64]:
    """The predicted numbers, or the probability of each class."""
    predict = getattr(model, "predict_proba", model.predict)
    return np.asarray(predict(table), np.float64)


def test_candidates_the_baseline_comes_first(tried: tuple[Candidate, ...]) -> None:
    """Simplest first: training chooses the first candidate that is good enough."""
    order = [one.is_baseline for one in tried]
    assert order == sorted(order, reverse=True)
    assert order[0]
    assert not order[-1]


def test_candidates_have_different_names(tried: tuple[Candidate, ...]) -> None:
    assert len({one.name for one in tried}) == len(tried)


def test_candidate_predictions_are_finite(fitted: dict[str, Pipeline], table: pd.DataFrame) -> None:
    for name, model in fitted.items():
        predicted = scores(model, table)
        assert len(predicted) == len(table), name
        assert np.isfinite(predicted).all(), name


def test_candidate_prediction_of_one_row_does_not_depend_on_other_rows(
    fitted: dict[str, Pipeline], table: pd.DataFrame
) -> None:
    for name, model in fitted.items():
        together, alone = scores(model, table)[-1], scores(model, table.tail(1))[0]
        assert alone == pytest.approx(together, rel=1e-9), name


def test_candidate_row_with_missing_values_gets_a_prediction(
    fitted: dict[str, Pipeline], table: pd.DataFrame, columns: tuple[Column, ...]
) -> None:
    row = table.head(1).copy()
    for column in columns:
        if column.nullable:
            row[column.name] = pd.Series([None], dtype=column.dtype)
    for name, model in fitted.items():
        assert np.isfinite(scores(model, row)).all(), name


def test_candidate_trained_twice_predicts_the_same(
    tried: tuple[Candidate, ...],
    fitted: dict[str, Pipeline],
    table: pd.DataFrame,
    target: NDArray[np.generic],
) -> None:
    """The gate trains the model again and compares. So every candidate needs the seed."""
    for one in tried:
        again = scores(fit(one, table, target), table)
        assert np.array_equal(again, scores(fitted[one.name], table)), one.name


def test_candidate_saved_model_holds_only_trusted_types(fitted: dict[str, Pipeline]) -> None:
    """The server loads no other type: see handoff/trusted_types.txt."""
    allowed = trusted(trusted_types_file())
    for name, model in fitted.items():
        types = skops.io.get_untrusted_types(data=skops.io.dumps(model))
        ours = [one for one in types if one.startswith("poc.features.")]
        assert set(types) - set(ours) <= allowed, name
