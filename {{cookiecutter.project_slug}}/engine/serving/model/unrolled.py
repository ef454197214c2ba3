"""Calls a pipeline's steps one by one, without the checks that scikit-learn repeats on each call.

For one row those checks take longer than the model. Here each branch gets its own columns and its
steps are called in order. Fitted steps of scikit-learn are replaced by functions that do their
arithmetic alone, in the same order and precision. `model.predictor.load` verifies that the
predictions are the same.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from engine.contract.column import Column
from engine.serving.model.table import FEW, LightFrame, Row, frame

# (rows, columns) to (rows, features).
Transform = Callable[[Any], Any]

# Limit for the precomputed encodings of one encoder: some megabytes.
MAX_CELLS = 1_000_000


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


def fast_transform(step: Any) -> Transform:
    """The fast replacement of a fitted step's `transform`; that itself where there is none."""
    replacement = _REPLACEMENTS.get(type(step))
    if replacement is not None and not hasattr(step, "feature_names_in_"):
        # Attributes may change with the library's version.
        with suppress(AttributeError, TypeError):
            return replacement(step)
    transform: Transform = step.transform
    return transform


def _one_hot(encoder: OneHotEncoder) -> Transform:
    """Encodes each known category once, and an unknown one; the encoder raises what is an error."""
    categories = encoder.categories_
    strings = all(isinstance(value, str) for values in categories for value in values)
    if encoder.sparse_output or not strings:
        raise TypeError("sparse output, or categories that are not strings")
    lenient = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
    listed = [[*values, *(["".join(values) + "?"] if lenient else [])] for values in categories]
    ends = np.cumsum(encoder._n_features_outs).tolist()
    width, most = ends[-1], max(map(len, listed))
    if most * width > MAX_CELLS:
        raise TypeError("too many categories")
    # One table for all columns, because each column is encoded by itself; short lists repeat.
    table = np.array([np.resize(np.array(one, dtype=object), most) for one in listed]).T
    encodings = np.asarray(encoder.transform(table))
    # Of each column: the code of each category, the unknown's code, encodings, first, end.
    columns: list[tuple[dict[Any, int], int | None, Any, int, int]] = []
    for values, ours, begin, end in zip(categories, listed, [0, *ends], ends, strict=False):
        codes = {value: code for code, value in enumerate(values.tolist())}
        unknown = len(values) if lenient else None
        columns.append((codes, unknown, encodings[: len(ours), begin:end].copy(), begin, end))

    def transform(values: Any) -> Any:
        encoded = np.empty((len(values), width))
        try:
            for cells, (codes, unknown, encodings, begin, end) in zip(
                values.T.tolist(), columns, strict=True
            ):
                encoded[:, begin:end] = encodings[[codes.get(cell, unknown) for cell in cells]]
        except (AttributeError, IndexError, TypeError):  # IndexError: an unknown that is an error
            return encoder.transform(values)
        return encoded

    return transform


def _impute(imputer: SimpleImputer) -> Transform:
    """Fills missing numbers, and adds the indicator of the columns that had some."""
    fill, missing = np.asarray(imputer.statistics_, dtype=np.float64), imputer.missing_values
    if not isinstance(missing, float) or not np.isnan(missing) or np.isnan(fill).any():
        raise TypeError("not every column is filled")
    indicated = np.asarray(imputer.indicator_.features_ if imputer.add_indicator else (), np.intp)

    def transform(values: Any) -> Any:
        missing = np.isnan(values)
        filled = np.where(missing, fill, values)
        return np.hstack([filled, missing[:, indicated]]) if len(indicated) else filled

    return transform


def _scale(scaler: StandardScaler) -> Transform:
    """Standard deviations from the mean of each column."""
    if not scaler.with_mean or not scaler.with_std:
        raise TypeError("only centred, or only scaled")
    mean, scale = scaler.mean_, scaler.scale_
    return lambda values: (values - mean) / scale


# Each raises TypeError for a step with options that it does not cover.
_REPLACEMENTS: Mapping[type, Callable[[Any], Transform]] = {
    OneHotEncoder: _one_hot,
    SimpleImputer: _impute,
    StandardScaler: _scale,
}
