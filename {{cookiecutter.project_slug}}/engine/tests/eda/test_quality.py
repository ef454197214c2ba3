"""Quality issues, correlated features and shared missingness; none of them in ordinary values."""

import numpy as np
import pandas as pd
import pytest

from engine.eda.associations import correlated, shared_missingness
from engine.eda.quality import quality_issues
from engine.tests.eda.frames import columns, mixed

ROWS = 2_000
RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=ROWS)
SOME = RNG.random(ROWS) < 0.05


def issues_of(values: pd.Series) -> str:
    """The quality issues of a column in one line."""
    frame = pd.DataFrame({"x": values})
    different = {"x": int(frame["x"].nunique())}
    return "; ".join(one.what for one in quality_issues(columns(frame), frame, different))


def words(*kinds: str) -> pd.Series:
    """A column of words, each about as often."""
    return pd.Series(RNG.choice(kinds, ROWS), dtype="str")


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (pd.Series([np.nan] * ROWS), "has no value at all"),
        (pd.Series([True] * ROWS), "is always true"),
        (pd.Series(np.where(SOME, np.nan, 3.0)), "is 3 or missing"),
        (pd.Series(np.arange(ROWS) % 250 == 7), "is false in 99.6 % of rows"),
        (pd.Series(np.where(SOME, -999.0, NORMAL)), "is −999 in 5 % of rows, far from all others"),
        (pd.Series(np.where(SOME, 9999.0, NORMAL)), "is 9,999 in 5 % of rows, far from all others"),
        (pd.Series(np.where(SOME, np.inf, NORMAL)), "is infinite in"),
        (pd.Series(np.exp(4 * NORMAL)), "has a long tail"),
        (
            pd.Series([f"row {i}" for i in range(ROWS)], dtype="str"),
            "different in almost every row",
        ),
        (words("red", "N/A"), "is “N/A” in"),
        (words("Berlin", "berlin ", "Rome"), "1 value differs from another by case or spaces only"),
        (words("a", "A", "b", "B "), "2 values differ from another by case or spaces only"),
    ],
)
def test_quality_issues_faulty_values_are_named(values: pd.Series, text: str) -> None:
    assert text in issues_of(values)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(NORMAL),
        pd.Series(RNG.exponential(size=ROWS)),
        pd.Series(RNG.poisson(3, ROWS)),
        pd.Series(np.where(SOME, 0.0, RNG.exponential(size=ROWS))),  # zeros next to the rest
        pd.Series(np.where(SOME, np.nan, NORMAL)),
        pd.Series(RNG.random(ROWS) < 0.02),
        pd.Series(np.datetime64("2026-01-01", "us") + np.arange(ROWS).astype("timedelta64[h]")),
        words("red", "green", "blue"),
    ],
)
def test_quality_issues_ordinary_values_none(values: pd.Series) -> None:
    assert issues_of(values) == ""


def test_correlated_same_information_is_paired() -> None:
    frame = mixed("binary")
    frame["kilos"] = frame["noise"] / 1_000
    frame["bent"] = np.exp(frame["signal"])
    frame["letter"] = frame["word"].map({"a": "alpha", "b": "beta", "c": "gamma"}).astype("str")
    result = {(one.first, one.second) for one in correlated(columns(frame), frame)}
    assert result == {("noise", "kilos"), ("signal", "bent"), ("word", "letter")}


@pytest.mark.parametrize("rows", [12, 60, 8_000])
def test_correlated_independent_features_none(rows: int) -> None:
    frame = mixed("binary", rows=rows).drop(columns="outcome")
    assert not correlated(columns(frame), frame)


def test_shared_missingness_same_rows_one_group() -> None:
    frame = mixed("binary", lost=0.0)
    frame.loc[:100, ["noise", "word", "flag"]] = None
    frame.loc[50:120, "many"] = np.nan
    frame["empty"] = np.nan
    assert shared_missingness(columns(frame), frame) == [("noise", "flag", "word")]
