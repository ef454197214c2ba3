"""Calls a pipeline's steps one by one, without the checks that scikit-learn repeats on each call.

For one row those checks take longer than the model. Here each branch gets its own columns and its
steps are called in order. `model.predictor.load` verifies that the predictions are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from engine.contract.column import Column
from engine.serving.model.fast_transformers import Transform, fast_transform
from engine.serving.model.table import FEW, LightFrame, Row, frame


@dataclass(frozen=True)
class Branch:
    """The steps for some of the columns; `light` where a LightFrame is table enough for them."""

    columns: tuple[Column, ...]
    steps: tuple[Transform, ...]
    light: bool = True

    def __call__(self, rows: Sequence[Row]) -> Any:
        """The features of these rows: (rows, features)."""
        light = self.light and len(rows) <= FEW
        table = LightFrame(rows, self.columns) if light else frame(rows, self.columns)
        features = _apply(self.steps, table)
        return features.toarray() if hasattr(features, "toarray") else features


@dataclass(frozen=True)
class UnrolledPipeline:
    """A fitted pipeline that begins with a ColumnTransformer; `last` takes its `features`."""

    branches: tuple[Branch, ...]
    between: tuple[Transform, ...]
    last: Any

    def features(self, rows: Sequence[Row]) -> Any:
        """The input of the last step: (rows, features)."""
        return _apply(self.between, np.hstack([branch(rows) for branch in self.branches]))

    def with_suitable_tables(self, rows: Sequence[Row]) -> "UnrolledPipeline":
        """The same; a branch for which a LightFrame is not enough gets a pandas DataFrame."""
        return replace(self, branches=tuple(_suitable(one, rows) for one in self.branches))


def _suitable(branch: Branch, rows: Sequence[Row]) -> Branch:
    with_frame = replace(branch, light=False)
    try:
        for batch in (rows, *([row] for row in rows)):
            light, full = branch(batch), with_frame(batch)
            same = np.array_equal(light, full, equal_nan=full.dtype.kind == "f")
            if light.dtype != full.dtype or not same:  # the next step may depend on the dtype
                return with_frame
    except Exception:  # a step of the team's own may fail in any way where it misses something
        return with_frame
    return branch


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


def _steps(transformer: Any) -> tuple[Transform, ...]:
    pipeline = isinstance(transformer, Pipeline)
    steps = [step for _, step in transformer.steps] if pipeline else [transformer]
    return tuple(fast_transform(step) for step in steps if not isinstance(step, str | None))


def _apply(steps: Sequence[Transform], values: Any) -> Any:
    for step in steps:
        values = step(values)
    return values
