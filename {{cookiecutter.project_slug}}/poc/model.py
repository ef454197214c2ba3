"""The candidates, simplest first: a model must earn its complexity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from poc.features import features
from problem.columns import Column
from problem.errors import BadInput
from problem.spec import Task

# What a search makes of gradient boosting, and today's accepted model beside what may replace it.
BOOSTING, TUNED, CHAMPION = "gradient_boosting", "tuned_boosting", "champion"
ENOUGH_ROWS = 1_000
# What scikit-learn gives a parameter that will go.
OBSOLETE = "deprecated"


@dataclass(frozen=True)
class Candidate:
    """A model to try, unfitted.

    A baseline is what the others must beat, never the choice; nor is the champion, which was
    chosen once already and is only compared.
    """

    name: str
    model: Pipeline
    is_baseline: bool = False

    @property
    def may_be_chosen(self) -> bool:
        """Whether it stands for election."""
        return not self.is_baseline and self.name != CHAMPION

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of its last step that are JSON values: with them `recipe` makes it."""
        given = self.model[-1].get_params(deep=False)
        return {
            name: value
            for name, value in given.items()
            if value is None or (isinstance(value, bool | int | float | str) and value != OBSOLETE)
        }


def candidates(
    columns: Sequence[Column], task: Task, seed: int, rows: int = ENOUGH_ROWS
) -> tuple[Candidate, ...]:
    """Dummy baseline, a plain rule, linear model and gradient boosting, simplest first.

    `rows` are those to learn from: see `poc.features.features`.
    """
    kinds = {column.name: column.type for column in columns}

    # One object each, never fitted itself: whoever shares it can share what it makes of a fold.
    seen = {scaled: features(kinds, scaled=scaled, rows=rows) for scaled in (False, True)}

    def pipeline(model: BaseEstimator, *, scaled: bool) -> Pipeline:
        return make_pipeline(seen[scaled], model)

    # Two decisions at most: what a business would write down without a model.
    small: dict[str, Any] = {
        "max_leaf_nodes": 3,
        "min_samples_leaf": 0.02,
        "random_state": seed,
    }
    if task == "regression":
        dummy, linear = DummyRegressor(strategy="mean"), Ridge(alpha=1.0)
        rule = DecisionTreeRegressor(**small)
        boosting = HistGradientBoostingRegressor(
            learning_rate=0.08, max_iter=200, early_stopping=False, random_state=seed
        )
    else:
        dummy, linear = DummyClassifier(strategy="prior"), LogisticRegression(max_iter=2000)
        rule = DecisionTreeClassifier(**small)
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
        Candidate("rule", pipeline(rule, scaled=False)),
        Candidate("linear", pipeline(linear, scaled=True)),
        Candidate(BOOSTING, pipeline(boosting, scaled=False)),
    )


def recipe(
    tried: Sequence[Candidate], name: str, parameters: Mapping[str, Any], *, called: str = ""
) -> Candidate:
    """The candidate `name` of those `tried`, with parameters as a run recorded them.

    Raises:
        BadInput: there is no such candidate, or it knows no such parameter.
    """
    origin = BOOSTING if name == TUNED else name
    found = next((one for one in tried if one.name == origin), None)
    if found is None:
        raise BadInput(
            f"expected one of the candidates {', '.join(one.name for one in tried)}, got "
            f"'{name}'; check out the code that knows it, or train again"
        )
    model = Pipeline([*found.model.steps[:-1], _with(found.model.steps[-1], parameters, name)])
    return Candidate(called or name, model, is_baseline=found.is_baseline)


def _with(
    step: tuple[str, BaseEstimator], parameters: Mapping[str, Any], name: str
) -> tuple[str, BaseEstimator]:
    title, model = step
    try:
        return title, type(model)(**{**model.get_params(deep=False), **parameters})
    except TypeError as error:
        raise BadInput(
            f"the parameters of '{name}' do not fit its model here ({error}); check out the code "
            "that they were recorded with, or train again"
        ) from None
