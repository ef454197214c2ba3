"""The candidates, simplest first: a model must earn its complexity."""

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from poc.features import features
from problem.columns import Column
from problem.spec import Task


@dataclass(frozen=True)
class Candidate:
    """A model to try, unfitted. A baseline is what the others must beat, never the choice."""

    name: str
    model: Pipeline
    is_baseline: bool = False


def candidates(columns: Sequence[Column], task: Task, seed: int) -> tuple[Candidate, ...]:
    """Dummy baseline, linear model and gradient boosting, simplest first."""
    kinds = {column.name: column.type for column in columns}

    def pipeline(model: BaseEstimator, *, scaled: bool) -> Pipeline:
        return make_pipeline(features(kinds, scaled=scaled), model)

    if task == "regression":
        dummy, linear = DummyRegressor(strategy="mean"), Ridge(alpha=1.0)
        boosting = HistGradientBoostingRegressor(
            learning_rate=0.08, max_iter=200, early_stopping=False, random_state=seed
        )
    else:
        dummy, linear = DummyClassifier(strategy="prior"), LogisticRegression(max_iter=2000)
        boosting = HistGradientBoostingClassifier(
            learning_rate=0.06,
            max_iter=150,
            max_leaf_nodes=8,
            min_samples_leaf=20,
            early_stopping=False,
            random_state=seed,
        )
    return (
        Candidate("dummy", pipeline(dummy, scaled=False), is_baseline=True),
        Candidate("linear", pipeline(linear, scaled=True)),
        Candidate("gradient_boosting", pipeline(boosting, scaled=False)),
    )
