"""A candidate is a pipeline to try, made by the team or again from recorded parameters."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandera.pandas as pa
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.problem.errors import BadInput
from engine.problem.spec import Task

# Gradient boosting, the same with parameters from a search, and today's accepted model.
BOOSTING, TUNED, CHAMPION = "gradient_boosting", "tuned_boosting", "champion"
# The value that scikit-learn gives an obsolete parameter.
OBSOLETE = "deprecated"


@dataclass(frozen=True)
class Candidate:
    """A model to try, unfitted. Baseline and champion are only compared, and never chosen."""

    name: str
    model: Pipeline
    is_baseline: bool = False

    @property
    def may_be_chosen(self) -> bool:
        """Whether it is more than a comparison."""
        return not self.is_baseline and self.name != CHAMPION

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of its last step that are JSON values."""
        return {
            name: value
            for name, value in self.model[-1].get_params(deep=False).items()
            if value is None or (isinstance(value, bool | int | float | str) and value != OBSOLETE)
        }


# From inputs, task, seed and the number of training rows: the candidates, simplest first.
Candidates = Callable[[Sequence[Column], Task, int, int], tuple[Candidate, ...]]


@dataclass(frozen=True)
class ModelDefinition:
    """What a team decides about its model: the contract of a row and the candidates to try."""

    contract: pa.DataFrameSchema
    candidates: Candidates


def candidate_from_parameters(
    candidates: Sequence[Candidate], name: str, parameters: Mapping[str, Any]
) -> Candidate:
    """The candidate `name` of those given, with parameters as a run recorded them."""
    origin = BOOSTING if name == TUNED else name
    template = next((one for one in candidates if one.name == origin), None)
    if template is None:
        raise BadInput(
            f"There is no candidate '{name}'; poc/model.py has "
            f"{', '.join(one.name for one in candidates)}. Check out the code that has it, or "
            "train again.",
            code="unknown-candidate",
        )
    title, model = template.model.steps[-1]
    try:
        model = type(model)(**{**model.get_params(deep=False), **parameters})
    except TypeError as error:
        raise BadInput(
            f"The parameters of '{name}' do not fit its model here ({error}). Check out the code "
            "that they were recorded with, or train again.",
            code="unknown-parameter",
        ) from None
    pipeline = Pipeline([*template.model.steps[:-1], (title, model)])
    return Candidate(name, pipeline, is_baseline=template.is_baseline)
