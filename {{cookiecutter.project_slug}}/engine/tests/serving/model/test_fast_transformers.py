"""Fast transforms give the numbers of the scikit-learn steps that they replace."""

from typing import Any

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from engine.serving.model.unrolled import fast_transform

RNG = np.random.default_rng(0)
SEEN = RNG.normal(size=(50, 4)) * [1, 1e-6, 1e6, 1]
SEEN[RNG.random(SEEN.shape) < 0.2] = np.nan
SEEN[:, 3] = 7.0  # never missing, and always the same


@pytest.mark.parametrize("options", [{}, {"add_indicator": True}, {"strategy": "most_frequent"}])
def test_fast_imputer_equals_the_imputer(options: dict[str, Any]) -> None:
    imputer = SimpleImputer(**options).fit(SEEN)
    fast = fast_transform(imputer)
    assert fast != imputer.transform
    for rows in (SEEN, SEEN[:1], np.full((1, 4), np.nan)):
        before = rows.copy()
        assert np.array_equal(fast(rows), imputer.transform(rows.copy()))
        assert np.array_equal(rows, before, equal_nan=True)


def test_fast_scaler_equals_the_scaler_to_the_last_bit() -> None:
    filled = np.nan_to_num(SEEN)
    scaler = StandardScaler().fit(filled)
    fast = fast_transform(scaler)
    assert fast != scaler.transform
    assert np.array_equal(fast(filled), scaler.transform(filled))


class Doubled(StandardScaler):  # type: ignore[misc]
    def transform(self, seen: Any) -> Any:
        return 2 * super().transform(seen)


@pytest.mark.parametrize(
    "step",
    [
        SimpleImputer(missing_values=-1).fit(np.nan_to_num(SEEN)),
        SimpleImputer().fit(np.column_stack([SEEN, np.full(50, np.nan)])),
        StandardScaler(with_mean=False).fit(np.nan_to_num(SEEN)),
        Doubled().fit(np.nan_to_num(SEEN)),
    ],
    ids=["another sign of missing", "a column left out", "half a scaler", "a class of its own"],
)
@pytest.mark.filterwarnings("ignore:Skipping features")
def test_other_options_have_no_fast_transform(step: Any) -> None:
    assert fast_transform(step) == step.transform
