"""Compares live counts with the frozen reference: which columns drifted, which are unknown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle.reference import Counts, Histogram, count_frame, freeze, histogram_of
from engine.contract.column import Column
from engine.monitoring import thresholds
from engine.monitoring.result import Finding
from engine.monitoring.thresholds import ROWS_IN_BIN, pooled
from engine.pages.formatting import number, percent
from engine.problem.metrics import Array

# The probability of any false alarm in a whole run without drift. It is divided among the checks
# (Bonferroni), so that a hundred columns are as quiet as one.
FALSE_ALARM = 0.01

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
    return tuple(_finding(one, pair.name, few or _MEASURES[one](pair, risk)) for one, pair in plan)


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


def _distribution(pair: Pair, risk: float) -> Measured | str:
    before, now = pooled(pair.frozen.counts, pair.live.counts)
    if min(before.sum(), now.sum()) < 2 * ROWS_IN_BIN:
        return f"{now.sum():,} values against {before.sum():,} in the reference"
    threshold = thresholds.psi_threshold(before.sum(), now.sum(), len(before), risk)
    # The bin whose share changed most, with both shares.
    usual = np.array(pair.frozen.counts) / pair.frozen.present
    live = np.array(pair.live.counts) / pair.live.present
    most = int(np.argmax(np.abs(live - usual)))
    detail = f"most in {_bin(pair.bins, most)}: {percent(usual[most])} → {percent(live[most])}"
    return thresholds.psi(before, now), threshold, detail


def _missing(pair: Pair, risk: float) -> Measured | str:
    usual, rows = pair.frozen.missing, pair.rows_frozen
    threshold = thresholds.share_threshold(usual, rows, pair.rows_live, risk)
    detail = f"{percent(usual / rows)} in the reference"
    return pair.live.missing / pair.rows_live, threshold, detail


def _outside(pair: Pair, risk: float) -> Measured | str:
    """Numbers beyond the reference's range, and categories that are not in the reference."""
    before, now, live = pair.frozen.present, pair.live.present, pair.live
    if not before or not now:
        return "no values to compare"
    if "categories" in pair.bins:
        usual = pair.frozen.counts[-1]
        threshold = thresholds.share_threshold(usual, before, now, risk)
        return live.counts[-1] / now, threshold, f"{percent(usual / before)} in the reference"
    lowest, highest = number(pair.bins["minimum"]), number(pair.bins["maximum"])
    detail = f"{live.below:,} below {lowest}, {live.above:,} above {highest}"
    threshold = thresholds.range_threshold(before, now, risk)
    return (live.below + live.above) / now, threshold, detail


_MEASURES: dict[str, Callable[[Pair, float], Measured | str]] = {
    "score": _distribution,
    "distribution": _distribution,
    "missing": _missing,
    "range": _outside,
    "unseen": _outside,
}


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
