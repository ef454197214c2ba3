"""A sum that lacks one of a few fixed fees, in all but a few rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from engine.leakage.fit import are_many, least_squares, spread_of
from engine.leakage.outcome import Array, Codes, Outcome, step_of

# Fees at most, and the share of the rows in which each occurs and in which all of them do.
MOST, EACH, ALL = 12, 0.005, 0.95
# A single column that lacks the same in so many rows is what the target was before.
MOST_OF_ONE = 0.9
# Of the steps between the least and the greatest fee so many are none; and fees lie so many times
# as far apart as rounding blurs them.
SPARSE, APART = 0.5, 20
# The highest weight; rows for a quick test, and the share of the other values that a step must fit.
HIGHEST, SAMPLE_SIZE, FITTING, DECIMALS = 100, 2_000, 0.9, 4
# Without whole weights, residuals are in groups: a gap is wider than this share of their range,
# and so many rows may be in none. The weights settle in a few rounds.
GAP, STRAY, ROUNDS = 0.03, 0.015, 8


@dataclass(frozen=True)
class Fees:
    """The share of the rows in which a sum lacks one of a few fees, its weights, and the fees."""

    share: float
    weights: Array
    description: str

    @classmethod
    def of(cls, columns: Array, outcome: Outcome) -> "Fees | None":
        """The fees that the sum of `columns`, shape (n, k), lacks of the outcome; None if others.

        Fees are all of one sign: what a price was before is above and below what it is now. They
        leave out most of the steps that the numbers have: counts differ by any of them.
        """
        rows = np.isfinite(outcome.values) & np.isfinite(columns).all(axis=1)
        if outcome.late or not are_many(rows):
            return None
        columns, target = columns[rows], outcome.values[rows]
        few = slice(None, None, len(target) // SAMPLE_SIZE + 1)
        if len(np.unique(target[few])) <= 4 * MOST:
            return None
        for weights_of in (_whole_weights, _weights_between_gaps):
            weights = weights_of(columns[few], target[few])
            if weights is None or not _fees(columns[few], target[few], weights)[1]:
                continue
            weights = weights_of(columns, target)
            if weights is None:
                continue
            fees, share = _fees(columns, target, weights)
            if share and _are_sparse(fees, columns, target):
                named = ", ".join(f"{fee:.6g}" for fee in fees)
                return cls(share, weights, f" and one of {named}, in {share:.0%} of the rows")
        return None


def _whole_weights(columns: Array, target: Array) -> Array | None:
    """Those of least squares, rounded: they hold where any rest is left in a few rows."""
    weights = np.round(least_squares(columns, target))
    return weights if weights.all() and np.abs(weights).max() <= HIGHEST else None


def _weights_between_gaps(columns: Array, target: Array) -> Array | None:
    """Weights fitted with a constant for each group of residuals, again until they stay."""
    weights = least_squares(columns, target)
    for _ in range(ROUNDS):
        residual = target - columns @ weights
        group = _grouped(residual, GAP * np.ptp(np.quantile(residual, (0.005, 0.995))))
        inside, previous = group >= 0, weights
        if (~inside).mean() > STRAY or not 2 <= group.max() + 1 <= MOST:
            return None
        table = pd.DataFrame(np.column_stack([columns, target])[inside])
        centred = (table - table.groupby(group[inside]).transform("mean")).to_numpy()
        weights = np.asarray(np.linalg.lstsq(centred[:, :-1], centred[:, -1])[0])
        if np.allclose(weights, previous, rtol=1e-9, atol=1e-12):
            break
    return weights


def _grouped(values: Array, gap: float) -> Codes:
    """The group of each value, from the least on: gaps lie between them; -1 is in no large one."""
    order = np.argsort(values)
    number = np.empty(len(values), dtype=np.intp)
    number[order] = np.cumsum(np.diff(values[order], prepend=values.min()) > gap)
    sizes = np.bincount(number)
    large = sizes >= max(5, EACH * len(values))
    return np.where(large, np.cumsum(large) - 1, -1)[number]


def _fees(columns: Array, target: Array, weights: Array) -> tuple[Array, float]:
    """The few values that the rest has in nearly all rows, and the share of these; else 0."""
    rest, step = target - columns @ weights, step_of(target)
    is_exact = (weights == np.round(weights)).all()
    near = 0.5 * 10.0**-DECIMALS if is_exact else 0.51 * step * (1 + len(weights))
    spread = spread_of(target)
    near = max(near, 1e-6 * spread)
    # A column that adds nothing only stood beside those that do.
    if (np.abs(weights) * columns.std(axis=0) <= max(near, 1e-4 * spread)).any():
        return np.empty(0), 0.0
    group = _grouped(rest, near)
    groups = [rest[group == number] for number in range(group.max() + 1)]
    fees = np.array([np.median(one) for one in groups])
    blurred = [np.quantile(np.abs(one - fee), 0.99) for one, fee in zip(groups, fees, strict=True)]
    shares = np.array([len(one) for one in groups]) / len(rest)
    of_one_sign = len(fees) > 1 and (fees[0] >= -near or fees[-1] <= near)
    if not of_one_sign or len(fees) > MOST or shares.sum() < ALL or max(blurred) > 2 * near:
        return fees, 0.0
    if (len(weights) == 1 and shares.max() > MOST_OF_ONE) or np.diff(fees).min() < APART * near:
        return fees, 0.0
    return np.round(fees / step) * step + 0.0 if step else fees, float(shares.sum())


def _are_sparse(fees: Array, columns: Array, target: Array) -> bool:
    """Whether most of the steps of the numbers between the fees are none."""
    step = min(usual_step(values) for values in (target, *columns.T))
    return bool(not step or len(fees) <= SPARSE * (np.ptp(fees) / step + 1))


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
