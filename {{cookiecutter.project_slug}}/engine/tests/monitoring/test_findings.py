"""A finding measures what its check is about, against the threshold of its own rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.contract.column import Column
from engine.monitoring.drift import (
    FALSE_ALARM,
    drift_between,
    pooled,
    psi,
    psi_threshold,
    range_threshold,
    share_threshold,
)
from engine.monitoring.result import Finding


def findings(
    column: Column, before: Sequence[Any], now: Sequence[Any], minimum_rows: int = 1
) -> dict[str, Finding]:
    """The findings of one column by their check; the scores are even."""
    sides = [
        (pd.DataFrame({column.name: values}), np.linspace(0, 1, len(values)))
        for values in (before, now)
    ]
    both = drift_between(sides[0], sides[1], [column], minimum_rows)
    assert all(one.subject == ("" if one.check == "score" else column.name) for one in both)
    return {one.check: one for one in both}


def facts(finding: Finding) -> tuple[Any, Any, str]:
    return finding.measured, finding.threshold, finding.verdict


NUMBER = Column("weight", "number", nullable=True)
CATEGORY = Column("carrier", "category", nullable=True, categories=("blue", "red"), closed=True)


def test_number_is_measured_by_its_bins_missing_values_and_range() -> None:
    before = [float(i) for i in range(1, 1001)] + [np.nan] * 250
    now = [-5.0] * 30 + [2000.0] * 20 + [500.5] * 350 + [np.nan] * 100
    results = findings(NUMBER, before, now)
    assert set(results) == {"score", "distribution", "missing", "range"}
    risk = FALSE_ALARM / 4

    assert facts(results["missing"])[:2] == (0.2, share_threshold(250, 1250, 500, risk))
    assert (results["missing"].verdict, results["missing"].advice) == ("ok", "")
    assert "20 % in the reference" in results["missing"].detail

    assert facts(results["range"]) == (50 / 400, range_threshold(1000, 400, risk), "drift")
    assert results["range"].detail == "30 below 1, 20 above 1,000"
    assert results["range"].advice

    counts = pooled([100] * 10, [30, 0, 0, 0, 0, 350, 0, 0, 0, 20])
    assert facts(results["distribution"]) == (
        pytest.approx(psi(*counts)),
        pytest.approx(psi_threshold(1000, 400, 10, risk)),
        "drift",
    )
    assert "in 500 to 600: 10 % → 88 %" in results["distribution"].detail


def test_category_is_measured_by_its_values_missing_ones_and_unseen_ones() -> None:
    before = ["blue"] * 600 + ["red"] * 390 + ["new"] * 10 + [None] * 500
    now = ["blue"] * 60 + ["red"] * 120 + ["new"] * 10 + ["newer"] * 10 + [None] * 100
    results = findings(CATEGORY, before, now)
    assert set(results) == {"score", "distribution", "missing", "unseen"}
    risk = FALSE_ALARM / 4
    assert facts(results["unseen"]) == (20 / 200, share_threshold(10, 1000, 200, risk), "drift")
    assert "1.0 % in the reference" in results["unseen"].detail
    assert facts(results["missing"])[:2] == (1 / 3, share_threshold(500, 1500, 300, risk))
    counts = pooled([600, 390, 10], [60, 120, 20])
    assert facts(results["distribution"])[:2] == (
        pytest.approx(psi(*counts)),
        pytest.approx(psi_threshold(1000, 200, 3, risk)),
    )
    assert "'blue': 60 % → 30 %" in results["distribution"].detail


def test_score_is_measured_by_its_bins() -> None:
    results = findings(NUMBER, [1.0] * 500, [1.0] * 250)
    counts = pooled([50] * 10, [25] * 10)
    expected = psi(*counts), psi_threshold(500, 250, 10, FALSE_ALARM / 4)
    assert facts(results["score"]) == (*map(pytest.approx, expected), "ok")


@pytest.mark.parametrize(
    ("before", "now", "place"),
    [
        ([*range(1000)], [0] * 500 + [*range(500, 1000)], "up to 99:"),
        ([*range(1000)], [150] * 500 + [*range(500, 1000)], "99 to 199:"),
        ([*range(1000)], [850] * 500 + [*range(500)], "799 to 899:"),
        ([*range(1000)], [950] * 500 + [*range(500)], "above 899:"),
        ([7] * 1000, [7] * 500, "all values:"),
        ([1] * 500 + [2] * 500, [1] * 500, "up to 1: 50 % → 100 %"),
        ([1] * 400 + [2, 3] * 300, [1] * 70 + [2, 3] * 315, "up to 1: 40 % → 10 %"),
    ],
)
def test_bin_that_changed_most_is_named(before: list[int], now: list[int], place: str) -> None:
    detail = findings(NUMBER, before, now)["distribution"].detail
    assert f" {place}" in detail


@pytest.mark.parametrize(
    ("now", "place"),
    [
        (["blue"] * 300, "'blue': 50 % → 100 %"),
        (["blue", "new"] * 100 + ["red"] * 300, "'blue': 50 % → 20 %"),
        (["new"] * 400 + ["blue"] * 50 + ["red"] * 50, "all other values: 0 % → 80 %"),
    ],
)
def test_category_that_changed_most_is_named(now: list[str], place: str) -> None:
    detail = findings(CATEGORY, ["blue", "red"] * 500, now)["distribution"].detail
    assert f" {place}" in detail


@pytest.mark.parametrize(("before", "now", "enough"), [(20, 20, 1), (19, 50, 0), (50, 19, 0)])
def test_few_values_are_insufficient_data(before: int, now: int, enough: int) -> None:
    """Rows without a value give no distribution, however many they are."""
    missing = [np.nan] * 300
    results = findings(NUMBER, [1.0, 2.0] * 25 + missing, [1.0] * 50)["distribution"]
    assert results.verdict == "drift"
    results = findings(NUMBER, [1.0] * before + missing, [1.0] * now + missing)["distribution"]
    assert results.verdict == ("ok" if enough else "insufficient data")
    assert (results.measured is None) == (results.threshold is None) == (not enough)
    if not enough:
        assert f"{now} values against {before}" in results.detail
        assert results.advice


def test_rows_that_are_too_few_for_any_share_are_insufficient_data() -> None:
    results = findings(NUMBER, [1.0, 2.0, 3.0], [9.0, 9.0, np.nan])
    for check in ("missing", "range"):
        assert facts(results[check]) == (None, None, "insufficient data")
        assert results[check].advice
    assert "2 above 3" in results["range"].detail
    assert "0 % in the reference" in results["missing"].detail


@pytest.mark.parametrize(("hits", "verdict"), [(199, "ok"), (200, "drift")])
def test_share_that_reaches_its_threshold_is_drift(hits: int, verdict: str) -> None:
    """Two rows in a hundred matter, where more rows than enough are there."""
    before = ["blue", "red"] * 5_000
    results = findings(CATEGORY, before, ["new"] * hits + before[hits:])["unseen"]
    assert (results.threshold, results.verdict) == (0.02, verdict)


@pytest.mark.parametrize(("rows", "verdict"), [(99, "insufficient data"), (100, "ok")])
def test_minimum_of_rows_is_enough(rows: int, verdict: str) -> None:
    results = findings(NUMBER, [1.0] * 1000, [1.0] * rows, minimum_rows=100)
    assert {one.verdict for one in results.values()} == {verdict}
    assert all(bool(one.advice) == (verdict != "ok") for one in results.values())
    assert ("99 of at least 100 rows" in results["range"].detail) == (verdict != "ok")


def test_column_whose_reference_has_no_values_is_insufficient_data() -> None:
    results = findings(NUMBER, [np.nan] * 500, [1.0] * 500)
    assert facts(results["range"]) == (None, None, "insufficient data")
    assert facts(results["distribution"]) == (None, None, "insufficient data")
    assert results["missing"].verdict == "ok"
