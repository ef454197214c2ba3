"""Tables with and without a leak, and a short way to ask what is found in them."""

from typing import Any

import numpy as np
import pandas as pd

from handoff.checks.leaks import Leak, leaks
from poc.evaluate import Truth
from problem.columns import Column, ColumnType

SEEDS = range(3)


def find(frame: pd.DataFrame, target: "pd.Series[Any] | np.ndarray[Any, Any]") -> list[Leak]:
    """What is found in `frame`; a target of floats is a number, any other has classes."""
    values = pd.Series(target).reset_index(drop=True)
    if values.dtype == float:
        known = Truth(values.to_numpy(), ())
    else:
        codes, classes = values.factorize(sort=True)
        known = Truth(codes.astype(float), tuple(classes.tolist()))
    return leaks(frame, [Column(str(name), kind(frame[name])) for name in frame], known)


def kind(values: pd.Series) -> ColumnType:
    if pd.api.types.is_bool_dtype(values.dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return "date"
    if pd.api.types.is_integer_dtype(values.dtype):
        return "integer"
    return "number" if pd.api.types.is_numeric_dtype(values.dtype) else "category"


def noise(rng: np.random.Generator, rows: int, columns: int = 12) -> pd.DataFrame:
    """Honest columns of each type, some with missing values."""
    numbers = rng.normal(size=(rows, columns))
    numbers[rng.random((rows, columns)) < 0.03] = np.nan
    frame = pd.DataFrame(numbers, columns=[f"noise {number}" for number in range(columns)])
    frame["shop"] = pd.Series(rng.choice(["a", "b", "c"], rows), dtype="str")
    frame["flag"] = pd.array(rng.random(rows) < 0.3, dtype="boolean")
    frame["items"] = rng.integers(0, 9, rows)
    frame["day"] = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D")
    return frame


def missing(rng: np.random.Generator, values: Any, share: float = 0.1) -> pd.Series:
    """`values` with some of them gone."""
    return pd.Series(values).mask(rng.random(len(values)) < share)


def parts(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Columns to compute a target from."""
    start = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 10**7, rows), "s")
    a = rng.gamma(2, 30, rows) + 1
    return pd.DataFrame(
        {
            "a": a,
            "b": rng.gamma(3, 10, rows) + 1,
            "c": rng.gamma(3, 20, rows) + 1,
            "near a": a + rng.gamma(2, 0.1, rows),
            "from": start,
            "until": start + pd.to_timedelta(rng.integers(3600, 10**6, rows), "s"),
            "m": rng.integers(0, 200, rows),
            "n": rng.integers(0, 300, rows),
        }
    )
