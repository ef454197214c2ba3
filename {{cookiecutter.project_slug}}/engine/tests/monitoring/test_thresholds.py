"""A threshold is passed by chance as often as it says, and never by a trifle."""

from itertools import combinations

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


def test_pooled_bin_full_on_one_side_is_kept() -> None:
    before, now = pooled([9990, 10], [80, 20])
    assert before.tolist() == [9990, 10]
    assert psi(before, now) > psi_threshold(10_000, 100, 2, 1e-5)
