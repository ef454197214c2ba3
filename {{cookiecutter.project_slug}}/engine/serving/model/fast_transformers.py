"""Fast replacements for the `transform` of fitted scikit-learn steps: same numbers, no checks.

For one row the checks and copies of the library take longer than its arithmetic. These functions
do the arithmetic alone, in the same order and precision.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# (rows, columns) to (rows, features).
Transform = Callable[[Any], Any]

# Limit for the precomputed encodings of one encoder: some megabytes.
MAX_CELLS = 1_000_000


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
    base = np.array([[values[0] for values in categories]], dtype=object)
    width = int(encoder.transform(base).size)
    if sum(map(len, categories)) * width > MAX_CELLS:
        raise TypeError("too many categories")
    lenient = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
    ends = np.cumsum(encoder._n_features_outs).tolist()
    # Of each column: the code of each category, the unknown's code, encodings, first, end.
    columns: list[tuple[dict[Any, int], int | None, Any, int, int]] = []
    for at, (values, begin, end) in enumerate(zip(categories, [0, *ends], ends, strict=False)):
        listed = [*values, *(["".join(values) + "?"] if lenient else [])]
        rows = np.repeat(base, len(listed), axis=0)
        rows[:, at] = listed
        encodings = np.asarray(encoder.transform(rows))[:, begin:end].copy()
        codes = {value: code for code, value in enumerate(values.tolist())}
        columns.append((codes, len(values) if lenient else None, encodings, begin, end))

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
