"""Fast replacements for fitted scikit-learn transformers: same numbers, no input checks.

For one row the checks and copies of the library take longer than its arithmetic. These classes do
the arithmetic alone, in the same order and precision.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# Limit for the precomputed encodings of one encoder: some megabytes.
MAX_CELLS = 1_000_000


def fast_transformer(step: Any) -> Any:
    """The fast replacement of a fitted step; the step itself where there is none."""
    replacement = _REPLACEMENTS.get(type(step))
    if replacement is None or hasattr(step, "feature_names_in_"):
        return step
    try:
        return replacement(step)
    except (AttributeError, TypeError):  # attributes may change with the library's version
        return step


class FastOneHotEncoder:
    """A fitted OneHotEncoder with a precomputed encoding for each category.

    Unknown categories are precomputed too. Where they are an error, the encoder itself raises it.
    """

    def __init__(self, encoder: OneHotEncoder) -> None:
        """Encode each known category once.

        Raises:
            TypeError: the output is sparse, or the categories are not strings or too many.
        """
        categories = encoder.categories_
        if encoder.sparse_output or not all(
            isinstance(value, str) for one in categories for value in one
        ):
            raise TypeError("sparse output, or categories that are not strings")
        base = np.array([[values[0] for values in categories]], dtype=object)
        self.encoder = encoder
        self.width = int(encoder.transform(base).size)
        if sum(map(len, categories)) * self.width > MAX_CELLS:
            raise TypeError("too many categories")
        lenient = encoder.handle_unknown in ("ignore", "infrequent_if_exist")
        ends = np.cumsum(encoder._n_features_outs).tolist()
        # Of each column: the code of each category, the unknown's code, encodings, first, end.
        self._columns: list[tuple[Mapping[Any, int], int | None, NDArray[Any], int, int]] = []
        for place, (values, begin, end) in enumerate(
            zip(categories, [0, *ends], ends, strict=False)
        ):
            unknown = ["".join(values) + "?"] if lenient else []
            rows = np.repeat(base, len(values) + len(unknown), axis=0)
            rows[:, place] = [*values, *unknown]
            encoded = np.asarray(encoder.transform(rows))[:, begin:end].copy()
            codes = {value: code for code, value in enumerate(values.tolist())}
            self._columns.append((codes, len(values) if lenient else None, encoded, begin, end))

    def transform(self, values: Any) -> Any:
        """As the encoder's own: (rows, columns) of strings to (rows, features)."""
        encoded = np.empty((len(values), self.width))
        try:
            for cells, (codes, unknown, encodings, begin, end) in zip(
                values.T.tolist(), self._columns, strict=True
            ):
                if unknown is None:
                    chosen = [codes[cell] for cell in cells]
                else:
                    chosen = [codes.get(cell, unknown) for cell in cells]
                encoded[:, begin:end] = encodings[chosen]
        except (AttributeError, KeyError, TypeError):
            return self.encoder.transform(values)
        return encoded


class FastImputer:
    """A fitted SimpleImputer of numbers, with its missing-value indicator."""

    def __init__(self, imputer: SimpleImputer) -> None:
        """Copy the fill values.

        Raises:
            TypeError: it does not fill NaN, or drops a column.
        """
        self._fill = np.asarray(imputer.statistics_, dtype=np.float64)
        missing = imputer.missing_values
        if not isinstance(missing, float) or not np.isnan(missing) or np.isnan(self._fill).any():
            raise TypeError("not every column is filled")
        indicated = imputer.indicator_.features_ if imputer.add_indicator else ()
        self._indicated = np.asarray(indicated, dtype=np.intp)

    def transform(self, values: Any) -> Any:
        """(rows, columns) to (rows, columns and one indicator per column with missing values)."""
        missing = np.isnan(values)
        filled = np.where(missing, self._fill, values)
        return np.hstack([filled, missing[:, self._indicated]]) if len(self._indicated) else filled


class FastScaler:
    """A fitted StandardScaler."""

    def __init__(self, scaler: StandardScaler) -> None:
        """Copy mean and scale.

        Raises:
            TypeError: it does not both centre and scale.
        """
        if not scaler.with_mean or not scaler.with_std:
            raise TypeError("only centred, or only scaled")
        self._mean, self._scale = scaler.mean_, scaler.scale_

    def transform(self, values: Any) -> Any:
        """(rows, columns) in standard deviations from the mean of each column."""
        return (values - self._mean) / self._scale


_REPLACEMENTS: Mapping[type, Any] = {
    OneHotEncoder: FastOneHotEncoder,
    SimpleImputer: FastImputer,
    StandardScaler: FastScaler,
}
