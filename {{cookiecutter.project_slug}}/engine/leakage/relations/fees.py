"""A sum that lacks one of a few fixed fees, in all but a few rows."""

from dataclasses import dataclass

import numpy as np

from engine.leakage.fit import are_many, least_squares
from engine.leakage.outcome import Array, Outcome

# Fees at most, and the share of the rows in which each occurs and in which all of them do.
MOST, EACH, ALL = 8, 0.005, 0.95
# Where one fee occurs in so many rows, the sum is the outcome with a few wrong rows.
MOST_OF_ONE = 0.9
# Of the steps between the least and the greatest fee so many are none.
SPARSE = 0.5
# Rows for a quick test, and the share of the other values that a step must fit.
SAMPLE_SIZE, FITTING = 2_000, 0.9
HIGHEST, DECIMALS = 100, 4


@dataclass(frozen=True)
class Fees:
    """The share of the rows in which a sum lacks one of a few fees, its weights, and the fees."""

    share: float
    weights: Array
    extras: str

    @classmethod
    def of(cls, columns: Array, outcome: Outcome) -> "Fees | None":
        """The fees that the sum of `columns`, shape (n, k), lacks of the outcome; None if others.

        Fees are all of one sign: what a price was before is above and below what it is now. They
        leave out most of the steps that the numbers have: counts differ by any of them.
        """
        target = outcome.values
        rows = np.flatnonzero(np.isfinite(target) & np.isfinite(columns).all(axis=1))
        is_enough = np.zeros(len(target), bool)
        is_enough[rows] = True
        if outcome.late or not are_many(is_enough):
            return None
        for few in (rows[:: len(rows) // SAMPLE_SIZE + 1], rows):
            weights = np.round(least_squares(columns[few], target[few]))
            fees, share = _fees(target[few] - columns[few] @ weights)
            if not weights.all() or np.abs(weights).max() > HIGHEST or not share:
                return None
        step = min(usual_step(values) for values in (target[rows], *columns[rows].T))
        steps = np.ptp(fees) / step + 1 if step else np.inf
        if len(np.unique(target[rows])) <= 4 * MOST or len(fees) > SPARSE * steps:
            return None
        named = ", ".join(f"{fee:.6g}" for fee in fees)
        return cls(share, weights, f" and one of {named}, in {share:.0%} of the rows")


def _fees(rest: Array) -> tuple[Array, float]:
    """The few values that the rest has in nearly all rows, and the share of these; else 0."""
    values, counts = np.unique(np.round(rest, DECIMALS), return_counts=True)
    often = counts >= max(5, EACH * len(rest))
    fees, shares = values[often], counts[often] / len(rest)
    one_sided = len(fees) > 1 and (fees[0] >= 0 or fees[-1] <= 0)
    is_few = len(fees) <= MOST and shares.sum() >= ALL and shares.max() <= MOST_OF_ONE
    return fees, float(shares.sum()) if one_sided and is_few else 0.0


def usual_step(values: Array) -> float:
    """The largest usual step, such as 5, 0.25 or 0.01, that nearly all differences are made of."""
    apart = np.diff(values)
    apart = apart[apart != 0]
    for power in range(4, -DECIMALS - 1, -1):
        for part in (5.0, 2.5, 2.0, 1.0):
            step = part * 10.0**power
            off = np.abs(apart / step - np.round(apart / step)) * step
            if len(apart) and (off < 10.0**-DECIMALS / 10).mean() >= FITTING:
                return step
    return 0.0
