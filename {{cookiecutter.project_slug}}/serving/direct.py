"""The way from rows to the model's last step, without what scikit-learn does anew for each call.

A ColumnTransformer selects columns from a table, asks each part how it wants to be called, and
checks what comes back: for one row that takes longer than the model. Here each part gets its own
columns and its steps are called one after the other. They are the same steps, so the answers are
the same; whether they are is asked before anybody is served (see `serving.predictor.load`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from problem.columns import Column

Table = Callable[[Sequence[Column]], pd.DataFrame]


@dataclass(frozen=True)
class _Part:
    """Steps that see some of the columns."""

    columns: tuple[Column, ...]
    steps: tuple[Any, ...]

    def __call__(self, table: Table) -> Any:
        seen = _through(self.steps, table(self.columns))
        return seen.toarray() if hasattr(seen, "toarray") else seen


@dataclass(frozen=True)
class Direct:
    """A fitted pipeline that begins with a ColumnTransformer; `last` takes what `features` gives.

    `direct` makes it.
    """

    parts: tuple[_Part, ...]
    between: tuple[Any, ...]
    last: Any

    def features(self, table: Table) -> Any:
        """What the last step sees of rows; `table` gives them with these columns, in this order."""
        seen = np.hstack([part(table) for part in self.parts])
        return _through(self.between, seen)


def direct(model: Any, columns: Sequence[Column]) -> Direct | None:
    """The direct way through a fitted model; None where it is built otherwise than that."""
    if not isinstance(model, Pipeline) or not isinstance(model[0], ColumnTransformer):
        return None
    first, known = model[0], {column.name: column for column in columns}
    if first.transformer_weights or first.sparse_output_:
        return None
    parts = []
    for _, part, names in first.transformers_:
        if isinstance(part, str) and part == "drop":
            continue
        if not isinstance(names, list) or not names or not known.keys() >= set(names):
            return None
        parts.append(_Part(tuple(known[name] for name in names), _steps(part)))
    if any(hasattr(step, "_sklearn_output_config") for step in (model, first)) or not parts:
        return None  # it was told to give tables
    return Direct(tuple(parts), _steps(model[1:-1]), model[-1])


def _steps(part: Any) -> tuple[Any, ...]:
    if not isinstance(part, Pipeline):
        return (part,)
    steps = (step for _, step in part.steps)
    return tuple(step for step in steps if step is not None and not isinstance(step, str))


def _through(steps: Sequence[Any], seen: Any) -> Any:
    for step in steps:
        seen = step.transform(seen)
    return seen
