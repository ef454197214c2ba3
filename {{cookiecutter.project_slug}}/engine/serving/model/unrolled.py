"""Calls a pipeline's steps one by one, without the checks that scikit-learn repeats on each call.

A ColumnTransformer selects columns from a table, validates each branch and its output. For one row
that takes longer than the model. Here each branch gets its own columns and its steps are called in
order. `engine.serving.model.predictor.load` verifies that the predictions are the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.serving.model.fast_transformers import fast_transformer
from engine.serving.model.table import FEW, LightFrame, Row, frame

Table = Callable[[Sequence[Row], Sequence[Column]], Any]


@dataclass(frozen=True)
class Branch:
    """The steps for some of the columns; `light` where a LightFrame is table enough for them."""

    columns: tuple[Column, ...]
    steps: tuple[Any, ...]
    light: bool = True

    def __call__(self, rows: Sequence[Row]) -> Any:
        """The features of these rows: (rows, features)."""
        table: Table = LightFrame if self.light and len(rows) <= FEW else frame
        features = apply_steps(self.steps, table(rows, self.columns))
        return features.toarray() if hasattr(features, "toarray") else features


@dataclass(frozen=True)
class UnrolledPipeline:
    """A fitted pipeline that begins with a ColumnTransformer (see `unroll`).

    The model, `last`, takes the result of `features`.
    """

    branches: tuple[Branch, ...]
    between: tuple[Any, ...]
    last: Any

    def features(self, rows: Sequence[Row]) -> Any:
        """The input of the last step: (rows, features)."""
        return apply_steps(self.between, np.hstack([branch(rows) for branch in self.branches]))

    def with_suitable_tables(self, rows: Sequence[Row]) -> "UnrolledPipeline":
        """The same; a branch for which a LightFrame is not enough gets a pandas DataFrame."""
        return replace(self, branches=tuple(_suitable(one, rows) for one in self.branches))


def _suitable(branch: Branch, rows: Sequence[Row]) -> Branch:
    framed = replace(branch, light=False)
    try:
        same = all(
            _equal(branch(batch), framed(batch)) for batch in (rows, *([row] for row in rows))
        )
    except Exception:  # a step of the team's own may fail in any way where it misses something
        same = False
    return branch if same else framed


def _equal(one: NDArray[Any], other: NDArray[Any]) -> bool:
    # The next step may depend on the dtype.
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def unroll(model: Any, columns: Sequence[Column]) -> UnrolledPipeline | None:
    """The unrolled pipeline of a fitted model; None where the model has another structure."""
    if not isinstance(model, Pipeline) or not isinstance(model[0], ColumnTransformer):
        return None
    first, by_name = model[0], {column.name: column for column in columns}
    if first.transformer_weights or first.sparse_output_:
        return None
    branches = []
    for _, transformer, names in first.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        if not isinstance(names, list) or not names or not by_name.keys() >= set(names):
            return None
        branches.append(Branch(tuple(by_name[name] for name in names), _steps(transformer)))
    if any(hasattr(step, "_sklearn_output_config") for step in (model, first)) or not branches:
        return None  # `set_output` makes it return tables
    return UnrolledPipeline(tuple(branches), _steps(model[1:-1]), model[-1])


def _steps(transformer: Any) -> tuple[Any, ...]:
    pipeline = isinstance(transformer, Pipeline)
    steps = [step for _, step in transformer.steps] if pipeline else [transformer]
    return tuple(
        fast_transformer(step) for step in steps if step is not None and not isinstance(step, str)
    )


def apply_steps(steps: Sequence[Any], values: Any) -> Any:
    """The output of the last step; each transforms the output of the one before."""
    for step in steps:
        values = step.transform(values)
    return values
