"""A candidate is a pipeline to try; `candidate_of` makes one again from recorded parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandera.pandas as pa
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.problem.spec import Task

# What a search makes of gradient boosting, and today's accepted model beside what may replace it.
BOOSTING, TUNED, CHAMPION = "gradient_boosting", "tuned_boosting", "champion"
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


# From inputs, task, seed and the number of rows to learn from: the candidates, simplest first.
Candidates = Callable[[Sequence[Column], Task, int, int], tuple[Candidate, ...]]


@dataclass(frozen=True)
class ModelDefinition:
    """What a team decides about its model: the contract of a row and the candidates to try.

    The stages' programs hand it to the engine, which imports no code of the team.
    """

    contract: pa.DataFrameSchema
    candidates: Candidates


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
