"""A threshold is passed by chance as often as it says, and never by a trifle."""

from itertools import combinations
from math import comb, log

import numpy as np
import pytest
from scipy.stats import chi2

from engine.monitoring.drift import (
    PRACTICAL_PSI,
    PRACTICAL_SHARE,
    pooled,
    psi,
    psi_threshold,
    range_threshold,
    share_threshold,
)


def outside(reference: tuple[int, ...], rows: int) -> int:
    """How many of the other ranks lie outside the range of the earlier ones."""
    return sum(
        not min(reference) < rank < max(reference) for rank in set(range(rows)) - set(reference)
    )


@pytest.mark.parametrize(("before", "now"), [(2, 5), (4, 6), (7, 7)])
def test_the_range_threshold_is_exact(before: int, now: int) -> None:
    # Without drift each choice of who came earlier is as likely as any other: try them all.
    orders = [
        outside(reference, before + now) for reference in combinations(range(before + now), before)
    ]
    for risk in (0.01, 0.05, 0.2, 0.4):
        threshold = range_threshold(before, now, risk)
        passing = [k for k in range(now + 1) if np.mean([one >= k for one in orders]) <= risk]
        expected = max(passing[0] / now, PRACTICAL_SHARE) if passing else None
        assert threshold == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(("before", "now"), [(3, 5), (6, 4), (12, 30), (40, 25)])
@pytest.mark.parametrize("risk", [0.001, 0.01, 0.05, 0.2])
def test_the_share_threshold_is_exact(before: int, now: int, risk: float) -> None:
    """Of all hits together, those among the later rows are a random part: Fisher's exact test."""
    for hits in range(before):

        def chance(least: int, hits: int = hits) -> float:
            drawn = hits + least
            most = min(now, drawn)
            ways = [comb(now, k) * comb(before, drawn - k) for k in range(least, most + 1)]
            return sum(ways) / comb(before + now, drawn)

        passing = [k for k in range(now + 1) if chance(k) <= risk]
        lowest = hits / before + PRACTICAL_SHARE
        expected = max(passing[0] / now, lowest) if passing else None
        if lowest > 1:
            expected = lowest
        threshold = share_threshold(hits, before, now, risk)
        assert threshold == (None if expected is None else pytest.approx(expected)), hits


def test_psi_is_that_of_its_definition() -> None:
    """The sum of (p - q) log(p / q) over the bins, with one row more in each."""
    for before, now in (((5, 5), (9, 1)), ((90, 7, 0), (30, 0, 70)), ((4,), (8,))):
        shares = [[(n + 1) / (sum(side) + len(side)) for n in side] for side in (before, now)]
        expected = sum((p - q) * log(p / q) for p, q in zip(*shares, strict=True))
        assert psi(np.array(before), np.array(now)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("before", "now", "bins", "quantile"),
    # Quantiles of chi-square with 1, 1, 2 and 9 degrees of freedom at 0.1 %, from its tables.
    [(40, 60, 1, 10.828), (40, 60, 2, 10.828), (100, 30, 3, 13.816), (200, 300, 10, 27.877)],
)
def test_psi_threshold_is_the_tabled_quantile(
    before: int, now: int, bins: int, quantile: float
) -> None:
    expected = quantile * (1 / before + 1 / now)
    assert psi_threshold(before, now, bins, 0.001) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("before", "now"), [(500, 200), (2000, 5000)])
def test_a_share_passes_its_threshold_no_more_often_than_the_risk(before: int, now: int) -> None:
    rng, risk = np.random.default_rng(0), 0.01
    hits, live = rng.binomial(before, 0.1, 2000), rng.binomial(now, 0.1, 2000) / now
    limits = {k: share_threshold(k, before, now, risk) or 2.0 for k in set(hits.tolist())}
    assert np.mean([one >= limits[k] for k, one in zip(hits, live, strict=True)]) <= risk


@pytest.mark.parametrize(("before", "now"), [(200, 200), (5000, 100), (200, 5000)])
def test_psi_passes_its_threshold_no_more_often_than_the_risk(before: int, now: int) -> None:
    rng, risk = np.random.default_rng(0), 0.01
    reference, live = (rng.multinomial(rows, [0.1] * 10, 4000) for rows in (before, now))
    chance = chi2.isf(risk, 9) * (1 / before + 1 / now)
    assert (
        np.mean([psi(p, q) >= chance for p, q in zip(reference, live, strict=True)]) <= 1.3 * risk
    )


def test_thresholds_fall_with_rows_down_to_what_matters() -> None:
    psis = [psi_threshold(rows, rows, 10, 0.001) for rows in (100, 500, 10**6)]
    shares = [share_threshold(rows // 10, rows, rows, 0.001) or 0 for rows in (100, 500, 10**6)]
    assert psis == sorted(psis, reverse=True)
    assert psis[-1] == PRACTICAL_PSI
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] == pytest.approx(0.1 + PRACTICAL_SHARE)


def test_thresholds_rise_with_the_number_of_checks() -> None:
    assert psi_threshold(200, 200, 10, 0.01 / 300) > psi_threshold(200, 200, 10, 0.01 / 30)


def test_too_few_rows_have_no_threshold() -> None:
    assert share_threshold(0, 3, 3, 0.001) is None
    assert range_threshold(3, 3, 0.001) is None


def test_share_threshold_of_a_full_share_is_out_of_reach() -> None:
    assert (share_threshold(100, 100, 5, 0.001) or 0) > 1


def test_thin_bins_merge_with_a_neighbour_and_no_row_is_lost() -> None:
    before, now = pooled([90, 1, 1, 1, 7, 0], [80, 0, 2, 5, 13, 0])
    assert before.tolist() == [90, 3, 7]
    assert (before.sum(), now.sum()) == (100, 100)
    assert ((before + now) >= 10).all()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([5, 5, 5, 5], [5, 5, 5, 5], [5, 5, 5, 5]),  # ten rows are enough for a bin
        ([5, 5, 5, 5], [4, 5, 4, 5], [10, 10]),
        ([10, 4, 10, 5], [10, 5, 10, 5], [10, 14, 5]),
        ([10, 4, 10, 5], [10, 5, 10, 4], [10, 19]),
        ([4, 3], [0, 1], [7]),  # nothing to merge with
        ([20, 2, 3], [20, 1, 2], [25]),
    ],
)
def test_thin_bins_merge_in_their_order(
    before: list[int], now: list[int], expected: list[int]
) -> None:
    assert pooled(before, now)[0].tolist() == expected


def test_pooled_bin_full_on_one_side_is_kept() -> None:
    before, now = pooled([9990, 10], [80, 20])
    assert before.tolist() == [9990, 10]
    assert psi(before, now) > psi_threshold(10_000, 100, 2, 1e-5)
