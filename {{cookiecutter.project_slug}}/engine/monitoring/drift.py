"""Judges live counts against the frozen reference: what drifted, and what nobody can know yet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from engine.bundle.counting import Counts, Histogram, count_frame
from engine.bundle.reference import freeze, histogram_of
from engine.contract.column import Column
from engine.monitoring.finding import Finding
from engine.monitoring.thresholds import (
    ROWS_IN_BIN,
    pooled,
    psi,
    psi_threshold,
    range_threshold,
    share_threshold,
)
from engine.pages.formatting import number, percent

# The probability of any false alarm in a whole run without drift. It is divided among the checks
# (Bonferroni), so that a hundred columns are as quiet as one.
FALSE_ALARM = 0.01

# What is checked by the type of column. Dates move on by themselves: only their gaps tell.
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
    "missing": "ask the column's owner why it is empty; the model knew it fuller",
    "range": "look for a changed unit or a broken source; the model never saw such values",
    "unseen": "ask which values are new; retrain once their rows have labels",
}
WAIT = "wait for more rows, or judge a longer window with --since"

# Rows and the score of each.
Scored = tuple[pd.DataFrame, np.ndarray]


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
    pairs = [
        Pair(one["name"], one, histogram_of(one), counted, reference["rows"], live.rows)
        for one, counted in [
            (score, live.score),
            *((one, live.features[one["name"]]) for one in reference["features"]),
        ]
    ]
    plan = [(check, pair) for pair in pairs for check in CHECKS[pair.bins["type"]]]
    if live.rows < minimum_rows:
        few = f"{live.rows:,} of at least {minimum_rows:,} rows"
        return tuple(_unknown(check, pair, few) for check, pair in plan)
    return tuple(JUDGES[check](check, pair, FALSE_ALARM / len(plan)) for check, pair in plan)


def drift_between(
    before: Scored, after: Scored, columns: Sequence[Column], minimum_rows: int
) -> tuple[Finding, ...]:
    """What the monitor would say of `after` with `before` as its reference.

    On two random parts of the same rows it must stay silent; on an earlier and a later part it
    names what already drifts over time.
    """
    reference = freeze(before[0], columns, before[1])
    return evaluate(reference, count_frame(*after, reference), minimum_rows)


def _distribution(check: str, pair: Pair, risk: float) -> Finding:
    before, now = pooled(pair.frozen.counts, pair.live.counts)
    if min(before.sum(), now.sum()) < 2 * ROWS_IN_BIN:
        values = f"{now.sum():,} values against {before.sum():,} in the reference"
        return _unknown(check, pair, values)
    threshold = psi_threshold(before.sum(), now.sum(), len(before), risk)
    return _held_against(check, pair, psi(before, now), threshold, _moved(pair))


def _missing(check: str, pair: Pair, risk: float) -> Finding:
    usual = pair.frozen.missing
    threshold = share_threshold(usual, pair.rows_frozen, pair.rows_live, risk)
    detail = f"{percent(usual / pair.rows_frozen)} in the reference"
    return _held_against(check, pair, pair.live.missing / pair.rows_live, threshold, detail)


def _unseen(check: str, pair: Pair, risk: float) -> Finding:
    before, now = pair.frozen.present, pair.live.present
    if not before or not now:
        return _unknown(check, pair, "no values to compare")
    usual = pair.frozen.counts[-1]
    threshold = share_threshold(usual, before, now, risk)
    detail = f"{percent(usual / before)} in the reference"
    return _held_against(check, pair, pair.live.counts[-1] / now, threshold, detail)


def _range(check: str, pair: Pair, risk: float) -> Finding:
    before, now = pair.frozen.present, pair.live.present
    if not before or not now:
        return _unknown(check, pair, "no values to compare")
    lowest, highest = number(pair.bins["minimum"]), number(pair.bins["maximum"])
    detail = f"{pair.live.below:,} below {lowest}, {pair.live.above:,} above {highest}"
    measured = (pair.live.below + pair.live.above) / now
    return _held_against(check, pair, measured, range_threshold(before, now, risk), detail)


JUDGES: dict[str, Callable[[str, Pair, float], Finding]] = {
    "score": _distribution,
    "distribution": _distribution,
    "missing": _missing,
    "range": _range,
    "unseen": _unseen,
}


def _held_against(
    check: str, pair: Pair, measured: float, threshold: float | None, detail: str
) -> Finding:
    if threshold is None:
        return _unknown(check, pair, f"{detail}; too few rows for any share to tell")
    if measured < threshold:
        return Finding(check, pair.name, measured, threshold, "ok", detail)
    return Finding(check, pair.name, measured, threshold, "drift", detail, ADVICE[check])


def _unknown(check: str, pair: Pair, why: str) -> Finding:
    return Finding(check, pair.name, None, None, "insufficient data", why, WAIT)


def _moved(pair: Pair) -> str:
    """The bin whose share changed most, in words."""
    before = np.array(pair.frozen.counts) / pair.frozen.present
    now = np.array(pair.live.counts) / pair.live.present
    most = int(np.argmax(np.abs(now - before)))
    return f"most in {_bin(pair.bins, most)}: {percent(before[most])} → {percent(now[most])}"


def _bin(bins: Mapping[str, Any], i: int) -> str:
    """What a bin holds: a category, or numbers up to its edge."""
    if "categories" in bins:
        return repr(bins["categories"][i]) if i < len(bins["categories"]) else "all other values"
    edges = [number(edge) for edge in bins["edges"]]
    if not edges:
        return "all values"
    if i == 0:
        return f"up to {edges[0]}"
    return f"above {edges[-1]}" if i == len(edges) else f"{edges[i - 1]} to {edges[i]}"
