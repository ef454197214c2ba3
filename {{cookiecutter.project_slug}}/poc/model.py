"""The candidates, simplest first: a model must earn its complexity."""

from collections.abc import Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from data.contract import ROW
from engine.contract.column import Column
from engine.problem.spec import Task
from engine.training.candidates import BOOSTING, Candidate, ModelDefinition
from poc.features import features

ENOUGH_ROWS = 1_000
# Boosting puts numbers into bins. A leaf has so many rows at least, so on few rows finer bins cost
# time and hardly change a split.
LEAST_IN_LEAF, FEWEST_BINS, MOST_BINS = 20, 64, 255


def candidates(
    columns: Sequence[Column], task: Task, seed: int, rows: int = ENOUGH_ROWS
) -> tuple[Candidate, ...]:
    """Dummy baseline, a plain rule, linear model and gradient boosting, simplest first.

    `rows` is the number of training rows: see `poc.features.features`.
    """
    kinds = {column.name: column.type for column in columns}

    # One object each, never fitted itself: models that share it share the features of a fold.
    shared = {scaled: features(kinds, scaled=scaled, rows=rows) for scaled in (False, True)}

    def pipeline(model: BaseEstimator, *, scaled: bool) -> Pipeline:
        return make_pipeline(shared[scaled], model)

    # Two decisions at most: what a business would write down without a model.
    small: dict[str, Any] = {
        "max_leaf_nodes": 3,
        "min_samples_leaf": 0.02,
        "random_state": seed,
    }
    grown: dict[str, Any] = {
        "max_bins": min(MOST_BINS, max(FEWEST_BINS, rows // LEAST_IN_LEAF)),
        "min_samples_leaf": LEAST_IN_LEAF,
        "early_stopping": False,
        "random_state": seed,
    }
    if task == "regression":
        dummy, linear = DummyRegressor(strategy="mean"), Ridge(alpha=1.0)
        rule = DecisionTreeRegressor(**small)
        boosting = HistGradientBoostingRegressor(learning_rate=0.08, max_iter=200, **grown)
    else:
        dummy, linear = DummyClassifier(strategy="prior"), LogisticRegression(max_iter=2000)
        rule = DecisionTreeClassifier(**small)
        # Several classes need a tree each in every step: half as many steps, of twice the length.
        steps = 150 if task == "binary" else 75
        boosting = HistGradientBoostingClassifier(
            learning_rate=9.0 / steps, max_iter=steps, max_leaf_nodes=8, **grown
        )
    return (
        Candidate("dummy", pipeline(dummy, scaled=False), is_baseline=True),
        Candidate("rule", pipeline(rule, scaled=False)),
        Candidate("linear", pipeline(linear, scaled=True)),
        Candidate(BOOSTING, pipeline(boosting, scaled=False)),
    )


MODEL = ModelDefinition(ROW, candidates)
