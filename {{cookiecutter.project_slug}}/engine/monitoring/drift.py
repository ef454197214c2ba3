"""Compares live counts with the frozen reference: which columns drifted, which are unknown.

Each threshold is the larger of two: the value that chance alone reaches with probability `risk`,
and the least value that matters. The first shrinks with more rows, so few rows raise no false
alarm; the second stays, so many rows do not turn a trifle into an alarm.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2, hypergeom

from engine.bundle.reference import Counts, Histogram, count_frame, freeze, histogram_of
from engine.contract.column import Column
from engine.monitoring.result import Finding
from engine.pages.formatting import number, percent
from engine.problem.metrics import Array

# The probability of any false alarm in a whole run without drift. It is divided among the checks
# (Bonferroni), so that a hundred columns are as quiet as one.
FALSE_ALARM = 0.01
# A population stability index under 0.1 is by long convention no shift worth an action.
PRACTICAL_PSI = 0.1
# Two rows in a hundred: missing, unseen or out of range, beyond what the reference had.
PRACTICAL_SHARE = 0.02
# A bin with fewer rows on both sides together is counted with its neighbour.
ROWS_IN_BIN = 10

# A thousand columns mostly have the same few: so many are kept, each for its numbers of rows.
THRESHOLDS = 4_096
# The checks by type of column. Dates always move on: only their missing values are compared.
CHECKS: dict[str, tuple[str, ...]] = {
    "score": ("score",),
    "number": ("distribution", "missing", "range"),
    "integer": ("distribution", "missing", "range"),
    "category": ("distribution", "missing", "unseen"),
    "boolean": ("distribution", "missing"),
    "date": ("missing",),
}
ADVICE = {
    "score": "look for the input that drifted; with none, compare served answers with the PoC's",
    "distribution": "ask the column's owner what changed; retrain if it stays",
    "missing": "ask the column's owner why values are missing; the training data had more",
    "range": "look for a changed unit or a broken source; the training data had no such values",
    "unseen": "ask which values are new; retrain once their rows have labels",
}
WAIT = "wait for more rows, or check a longer window with --since"

# Rows and the score of each.
Scored = tuple[pd.DataFrame, Array]
# The measured value, its threshold if the rows are enough for one, and a detail.
Measured = tuple[float, float | None, str]


@dataclass(frozen=True)
class Pair:
    """A column of the reference beside the same column live; the score has no name."""

    name: str
    bins: Mapping[str, Any]
    frozen: Histogram
    live: Histogram
    rows_frozen: int
    rows_live: int


def evaluate(reference: Mapping[str, Any], live: Counts, minimum_rows: int) -> tuple[Finding, ...]:
    """Every check of the score and of every feature; below `minimum_rows` none is 'ok'."""
    score = {"name": "", "type": "score", **reference["score"]}
    features = [(one, live.features[one["name"]]) for one in reference["features"]]
    plan = [
        (check, Pair(one["name"], one, histogram_of(one), counted, reference["rows"], live.rows))
        for one, counted in [(score, live.score), *features]
        for check in CHECKS[one["type"]]
    ]
    few = f"{live.rows:,} of at least {minimum_rows:,} rows" if live.rows < minimum_rows else ""
    risk = FALSE_ALARM / len(plan)
    return tuple(_finding(one, pair.name, few or _measure(one, pair, risk)) for one, pair in plan)


def drift_between(
    before: Scored, after: Scored, columns: Sequence[Column], minimum_rows: int
) -> tuple[Finding, ...]:
    """The monitor's findings on `after` with `before` as its reference."""
    reference = freeze(before[0], columns, before[1])
    return evaluate(reference, count_frame(*after, reference), minimum_rows)


def _finding(check: str, name: str, measured: Measured | str) -> Finding:
    """The finding of a measured value, or of the reason why there is none."""
    if isinstance(measured, str):
        return Finding(check, name, None, None, "insufficient data", measured, WAIT)
    value, threshold, detail = measured
    if threshold is None:
        return _finding(check, name, f"{detail}; too few rows for any share to be significant")
    if value < threshold:
        return Finding(check, name, value, threshold, "ok", detail)
    return Finding(check, name, value, threshold, "drift", detail, ADVICE[check])


def _measure(check: str, pair: Pair, risk: float) -> Measured | str:
    """The measured value, or the reason why there is none."""
    if check == "missing":
        usual, rows = pair.frozen.missing, pair.rows_frozen
        threshold = share_threshold(usual, rows, pair.rows_live, risk)
        detail = f"{percent(usual / rows)} in the reference"
        return pair.live.missing / pair.rows_live, threshold, detail
    return _outside(pair, risk) if check in ("range", "unseen") else _distribution(pair, risk)


def _distribution(pair: Pair, risk: float) -> Measured | str:
    before, now = pooled(pair.frozen.counts, pair.live.counts)
    if min(before.sum(), now.sum()) < 2 * ROWS_IN_BIN:
        return f"{now.sum():,} values against {before.sum():,} in the reference"
    threshold = psi_threshold(before.sum(), now.sum(), len(before), risk)
    # The bin whose share changed most, with both shares.
    usual = np.array(pair.frozen.counts) / pair.frozen.present
    live = np.array(pair.live.counts) / pair.live.present
    most = int(np.argmax(np.abs(live - usual)))
    detail = f"most in {_bin(pair.bins, most)}: {percent(usual[most])} → {percent(live[most])}"
    return psi(before, now), threshold, detail


def _outside(pair: Pair, risk: float) -> Measured | str:
    """Numbers beyond the reference's range, and categories that are not in the reference."""
    before, now, live = pair.frozen.present, pair.live.present, pair.live
    if not before or not now:
        return "no values to compare"
    if "categories" in pair.bins:
        usual = pair.frozen.counts[-1]
        threshold = share_threshold(usual, before, now, risk)
        return live.counts[-1] / now, threshold, f"{percent(usual / before)} in the reference"
    lowest, highest = number(pair.bins["minimum"]), number(pair.bins["maximum"])
    detail = f"{live.below:,} below {lowest}, {live.above:,} above {highest}"
    threshold = range_threshold(before, now, risk)
    return (live.below + live.above) / now, threshold, detail


def _bin(bins: Mapping[str, Any], i: int) -> str:
    """The content of a bin: a category, or numbers up to its edge."""
    if "categories" in bins:
        return repr(bins["categories"][i]) if i < len(bins["categories"]) else "all other values"
    edges = [number(edge) for edge in bins["edges"]]
    if not edges:
        return "all values"
    if i == 0:
        return f"up to {edges[0]}"
    return f"above {edges[-1]}" if i == len(edges) else f"{edges[i - 1]} to {edges[i]}"


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


@lru_cache(THRESHOLDS)
def psi_threshold(before: int, now: int, bins: int, risk: float) -> float:
    """The PSI on `bins` bins that is drift between `before` and `now` rows.

    Without drift, PSI / (1/before + 1/now) follows chi-square with bins - 1 degrees of freedom
    (Yurdakul 2018, Statistical properties of the population stability index).
    """
    chance = chi2.isf(risk, max(bins - 1, 1)) * (1 / before + 1 / now)
    return float(max(PRACTICAL_PSI, chance))


@lru_cache(THRESHOLDS)
def share_threshold(hits: int, before: int, now: int, risk: float) -> float | None:
    """The share of `now` rows that is more than `hits` of `before` rows explain.

    Exact: given all hits together, the number among the later rows is hypergeometric (Fisher
    1935). None if there are too few rows for any share.
    """
    return _threshold(
        lambda k: hypergeom.sf(k - 1, before + now, hits + k, now), now, risk, hits / before
    )


@lru_cache(THRESHOLDS)
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
