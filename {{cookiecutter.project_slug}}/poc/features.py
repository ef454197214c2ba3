"""What the model sees of a row. Owner: data science; what you add here travels in the bundle.

This file stands alone: it imports nothing of the project, because the server loads it from the
bundle, without the project around it.
"""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

Floats = NDArray[np.float32]

# Rarer categories share one column: it is what a category that was never seen falls into.
RARE_ROWS, MOST_COLUMNS = 10, 40
PARTS = ("month", "weekday", "hour")


class AsFloat32(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers, integers and booleans as float32, missing as NaN.

    Fast runtimes compute in float32. Rounding before training instead of after means that a value
    next to a tree's split falls on the same side there as here.
    """

    def fit(self, frame: pd.DataFrame, target: Any = None) -> Self:
        """Remember the names; there is nothing to learn."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        return self

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Shape (rows, columns)."""
        parts = [column.to_numpy(np.float32, na_value=np.nan) for _, column in frame.items()]
        return np.column_stack(parts)

    def get_feature_names_out(self, names: Any = None) -> NDArray[np.object_]:
        """The columns' own names."""
        return self.feature_names_in_


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Month, weekday and hour of dates: what comes round again, never the date itself.

    A tree cannot look beyond the last date it was trained on, so the date as a number would be a
    feature that is out of range from the first day in production.
    """

    def fit(self, frame: pd.DataFrame, target: Any = None) -> Self:
        """Remember the names; there is nothing to learn."""
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        self.n_features_in_ = len(frame.columns)
        return self

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Shape (rows, 3 × columns); a missing date is NaN in each part."""
        parts = [getattr(column.dt, part) for _, column in frame.items() for part in PARTS]
        return np.column_stack([part.to_numpy(np.float32, na_value=np.nan) for part in parts])

    def get_feature_names_out(self, names: Any = None) -> NDArray[np.object_]:
        """`column_month` and so on."""
        found = [f"{name}_{part}" for name in self.feature_names_in_ for part in PARTS]
        return np.asarray(found, dtype=object)


def features(kinds: Mapping[str, str], *, scaled: bool) -> ColumnTransformer:
    """Inputs to model features, unfitted.

    Args:
        kinds: type of each input (number, integer, boolean, category or date) by name.
        scaled: fill missing numbers and scale all of them, as a linear model needs it.
    """
    numbers = [name for name, kind in kinds.items() if kind in ("number", "integer", "boolean")]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    dates = [name for name, kind in kinds.items() if kind == "date"]
    parts = [
        ("numbers", _numeric(AsFloat32(), scaled=scaled), numbers),
        ("dates", _numeric(DateParts(), scaled=scaled), dates),
        ("categories", _categorical(), categories),
    ]
    return ColumnTransformer([part for part in parts if part[2]], sparse_threshold=0)


def _numeric(first: BaseEstimator, *, scaled: bool) -> Pipeline:
    rest = [SimpleImputer(strategy="median", add_indicator=True), StandardScaler()]
    return make_pipeline(first, *(rest if scaled else []))


def _categorical() -> Pipeline:
    return make_pipeline(
        SimpleImputer(strategy="constant", fill_value="(missing)"),
        OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=RARE_ROWS,
            max_categories=MOST_COLUMNS,
            sparse_output=False,
            dtype=np.float32,
        ),
    )
