"""The thresholds of drift, given the number of rows and the risk of a false alarm.

Each threshold is the larger of two: the value that chance alone reaches with probability `risk`,
and the least value that matters. The first shrinks with more rows, so few rows raise no false
alarm; the second stays, so many rows do not turn a trifle into an alarm.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import chi2, hypergeom

# A population stability index under 0.1 is by long convention no shift worth an action.
PRACTICAL_PSI = 0.1
# Two rows in a hundred: missing, unseen or out of range, beyond what the reference had.
PRACTICAL_SHARE = 0.02
# A bin with fewer rows on both sides together is counted with its neighbour.
ROWS_IN_BIN = 10


def pooled(before: Sequence[int], now: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The counts with thin bins merged into their neighbours, in the order they have.

    Whether bins merge depends on both sides' sum, so that neither side is favoured.
    """
    groups, group, rows = [], 0, 0
    for both in np.add(before, now):
        groups.append(group)
        rows += both
        if rows >= ROWS_IN_BIN:
            group, rows = group + 1, 0
    if group:  # the last group never filled: it joins the one before
        groups = [min(one, group - 1) for one in groups]
    return np.bincount(groups, before).astype(int), np.bincount(groups, now).astype(int)


def psi(before: np.ndarray, now: np.ndarray) -> float:
    """Population stability index of two rows of counts over the same bins.

    One row is added to each bin, so that an empty bin does not make it infinite.
    """
    p = (before + 1) / (before.sum() + len(before))
    q = (now + 1) / (now.sum() + len(now))
    return float(np.sum((p - q) * np.log(p / q)))


def psi_threshold(before: int, now: int, bins: int, risk: float) -> float:
    """The PSI on `bins` bins that is drift between `before` and `now` rows.

    Without drift, PSI / (1/before + 1/now) follows chi-square with bins - 1 degrees of freedom
    (Yurdakul 2018, Statistical properties of the population stability index).
    """
    chance = chi2.isf(risk, max(bins - 1, 1)) * (1 / before + 1 / now)
    return float(max(PRACTICAL_PSI, chance))


def share_threshold(hits: int, before: int, now: int, risk: float) -> float | None:
    """The share of `now` rows that is more than `hits` of `before` rows explain.

    Exact: given all hits together, the number among the later rows is hypergeometric (Fisher
    1935). None if there are too few rows for any share.
    """
    return _threshold(
        lambda k: hypergeom.sf(k - 1, before + now, hits + k, now), now, risk, hits / before
    )


def range_threshold(before: int, now: int, risk: float) -> float | None:
    """The share of `now` rows outside the range of `before` rows that is more than chance.

    Exact for any distribution: without drift every order of all rows is equally likely, so k or
    more later rows lie outside exactly when the k + 1 outermost rows hold at most one earlier
    row. None if there are too few rows for any share.
    """
    return _threshold(lambda k: hypergeom.cdf(1, before + now, before, k + 1), now, risk, 0.0)


def _threshold(chance: Callable[[int], float], now: int, risk: float, usual: float) -> float | None:
    """The least share of `now` rows that matters and has a chance of at most `risk`."""
    if usual + PRACTICAL_SHARE > 1:
        return usual + PRACTICAL_SHARE  # out of reach: nearly every row is a hit already
    least = bisect_left(range(now + 1), True, key=lambda k: chance(k) <= risk)
    return None if least > now else max(least / now, usual + PRACTICAL_SHARE)
