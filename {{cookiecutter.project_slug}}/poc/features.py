"""The features of a row. Owner: data science; the bundle carries this file.

It imports nothing of the project, because the server loads it from the bundle alone.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Floats = NDArray[np.float64]

# Rarer categories share one column, which unseen categories get too. Of a few hundred rows ten are
# too many, so there a category is rare below a fiftieth of the rows.
RARE_ROWS, RARE_PART, MOST_COLUMNS = 10, 50, 40
# All categories together have so many columns at most, each of them the same number: more would
# cost minutes a fit, and a few thousand rows do not tell them apart.
MOST_IN_ALL = 4_000
# The periodic parts of a date, and their names in pandas.
PARTS = {"month": "month", "weekday": "day_of_week", "hour": "hour"}
MISSING = "(missing)"
# So few rows, as in a request, are converted cell by cell.
FEW = 1_000
# Far beyond any real value, and small enough to stay finite when a model multiplies it.
LARGEST = 1e30


class AsFloat32(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers, integers and booleans rounded to float32, missing as NaN.

    Fast runtimes compute in float32. After rounding before training, a value next to a tree's split
    falls on the same side there as here. The result is float64: a linear model that adds up in
    float32 predicts a row alone differently than in a batch.
    """

    def fit(self, frame: pd.DataFrame, target: Any = None) -> Self:
        """Store the names, and which columns have no value at all."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        self.empty_ = np.array([np.isnan(values).all() for values in self._columns(frame)], bool)
        return self

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Shape (rows, features); 0 in columns that had no value in training."""
        made = np.empty((len(frame), len(self.empty_)))
        # One column at a time: copies of a whole large table need too much memory.
        for place, values in enumerate(self._columns(frame)):
            made[:, place] = 0.0 if self.empty_[place] else values
        return made

    def get_feature_names_out(self, names: Any = None) -> NDArray[np.object_]:
        """The columns' own names."""
        return self.feature_names_in_

    def _columns(self, frame: pd.DataFrame) -> Iterator[NDArray[Any]]:
        for _, column in frame.items():
            values = column.to_numpy(np.float64, na_value=np.nan)
            yield np.minimum(np.maximum(values, -LARGEST), LARGEST).astype(np.float32)


class DateParts(AsFloat32):
    """Month, weekday and hour of dates: what is periodic, never the date itself.

    A tree cannot extrapolate beyond its last training date: the date as a number would be out of
    range from the first day in production.
    """

    def get_feature_names_out(self, names: Any = None) -> NDArray[np.object_]:
        """`column_month` and so on."""
        names = [f"{name}_{part}" for name in self.feature_names_in_ for part in PARTS]
        return np.asarray(names, dtype=object)

    def _columns(self, frame: pd.DataFrame) -> Iterator[NDArray[Any]]:
        # The array, not `.dt`: that makes a Series of each part, which is slow for one row.
        dates = [column.array for _, column in frame.items()]
        values = [getattr(date, part) for date in dates for part in PARTS.values()]
        yield from (np.asarray(part, np.float64) for part in values)


class Words(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Categories as the encoder reads them; a missing one is a category of its own.

    Of many rows equal cells share one object: one for each cell took more memory than the table.
    """

    def fit(self, frame: pd.DataFrame, target: Any = None) -> Self:
        """Store the names."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        return self

    def transform(self, frame: pd.DataFrame) -> NDArray[np.object_]:
        """Shape (rows, columns)."""
        made = np.empty(frame.shape, dtype=object)
        for place, (_, column) in enumerate(frame.items()):
            if len(frame) <= FEW:
                made[:, place] = column.to_numpy(object, na_value=MISSING)
                continue
            codes, words = column.factorize()
            # A missing cell has the code -1: the last word.
            made[:, place] = np.append(np.asarray(words, object), MISSING)[codes]
        return made

    def get_feature_names_out(self, names: Any = None) -> NDArray[np.object_]:
        """The columns' own names."""
        return self.feature_names_in_


def features(
    kinds: Mapping[str, str], *, scaled: bool, rows: int = RARE_ROWS * RARE_PART
) -> ColumnTransformer:
    """Inputs to model features, unfitted.

    Args:
        kinds: type of each input (number, integer, boolean, category or date) by name.
        scaled: fill missing numbers and scale all of them, as a linear model needs it.
        rows: the number of training rows; of few, fewer make a category rare.
    """
    numbers = [name for name, kind in kinds.items() if kind in ("number", "integer", "boolean")]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    dates = [name for name, kind in kinds.items() if kind == "date"]
    transformers = [
        ("numbers", _numeric(AsFloat32(), scaled=scaled), numbers),
        ("dates", _numeric(DateParts(), scaled=scaled), dates),
        ("categories", _categorical(rows, len(categories)), categories),
    ]
    return ColumnTransformer([one for one in transformers if one[2]], sparse_threshold=0)


def _numeric(first: BaseEstimator, *, scaled: bool) -> Pipeline:
    # In place: the first step has made a table of its own.
    filled = SimpleImputer(strategy="median", add_indicator=True, copy=False)
    return make_pipeline(first, *([filled, StandardScaler(copy=False)] if scaled else []))


def _categorical(rows: int, inputs: int) -> Pipeline:
    most = min(MOST_COLUMNS, MOST_IN_ALL // max(1, inputs))
    return make_pipeline(
        Words(),
        OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=max(2, min(RARE_ROWS, rows // RARE_PART)),
            max_categories=max(2, most),
            sparse_output=False,
        ),
    )
