"""One number that is the outcome in other units, on another scale, or with a little noise on it."""

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.stats import kurtosis

from engine.leakage.fit import (
    BROKEN,
    FEWEST_VALUES,
    FILLED,
    NOISE,
    NOISE_OF_LATE,
    are_many,
    spread_of,
)
from engine.leakage.outcome import Array, Outcome

# A copy in the same units may be off by so much of the target's spread. A measurement that is as
# good would still have to be in the same units, at the same zero.
NEAR_COPY, SAME_UNITS = 0.0105, 0.005
# Or by a share of itself, where that is nothing but noise: so small, no larger at one end of the
# target than at the other, with no tail, and far less than a row differs from its neighbours.
JITTER, FEWEST_JITTERED, ALIKE, ENDS, TAIL, NEIGHBOURS = 0.0055, 300, 1.15, 1.4, 3.0, 8
# Of a class that is written as a number with noise: how many times the noise lies between classes.
# With less, a good measurement looks the same; with less than FAR, the classes must stand at whole
# numbers from 0 on, as a copy's do.
CLEAR, FAR = 8.0, 40.0
FEWEST_OF_CLASS = 20
SAMPLE_SIZE = 1_000


def is_transform(values: Array, outcome: Outcome) -> bool:
    """Does the column rise (or fall) wherever the target does? Rounding makes steps, not waves."""
    there = np.isfinite(values) & np.isfinite(outcome.values)
    column, target = values[there], outcome.values[there]
    if not are_many(there) or min(len(np.unique(column)), len(np.unique(target))) <= FEWEST_VALUES:
        return False
    if not _goes_along(
        column[:: len(column) // SAMPLE_SIZE + 1], target[:: len(column) // SAMPLE_SIZE + 1]
    ):
        return False
    noise = NOISE_OF_LATE if outcome.late else NOISE
    return any(_rises(sign * column, target, noise) for sign in (1, -1))


def _goes_along(column: Array, target: Array) -> bool:
    """A quick look: are the two in nearly the same order, or in the opposite one?"""
    one, other = (np.argsort(np.argsort(values)).astype(float) for values in (column, target))
    return bool(abs(np.corrcoef(one, other)[0, 1]) > 0.8)


def _rises(column: Array, target: Array, noise: float) -> bool:
    spread = spread_of(column)
    if not np.isfinite(spread):  # values near the limits of a float: nothing can be compared
        return False
    # Where the outcome is rounded, the column may be in any order among equals.
    ranked = column[np.lexsort((column, target))]
    off = np.abs(ranked - isotonic_regression(ranked).x)
    kept = ranked[off <= np.quantile(off, 1 - BROKEN)]
    return bool(np.abs(kept - isotonic_regression(kept).x).max() <= noise * spread)


def is_near_copy(values: Array, target: Array) -> bool:
    """Is the column the target itself with a little noise on it: same units, same zero?"""
    there = np.isfinite(values) & np.isfinite(target)
    if not are_many(there) or len(np.unique(target)) <= FEWEST_VALUES:
        return False
    column, outcome = values[there], target[there]
    off, spread = column - outcome, spread_of(outcome)
    kept = np.abs(off) <= np.quantile(np.abs(off), 1 - BROKEN)
    if not 0 < spread < np.inf or abs(np.median(off)) > SAME_UNITS * spread:
        return False
    slope = np.polyfit(outcome[kept], column[kept], 1)[0]
    return bool(off[kept].std() <= NEAR_COPY * spread and abs(slope - 1) <= SAME_UNITS)


def is_jittered(values: Array, target: Array) -> bool:
    """Is the column the target itself, each value times 1 and a little chance?

    `target` is in the order of time: a quantity that changes slowly is as near to what it was
    before. A good instrument is off by as much wherever it measures, and so by less of a large
    value; where it is not, it is off by more than this.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.log(values / target)
    there = np.isfinite(off)
    if not are_many(there) or there.sum() < FEWEST_JITTERED:
        return False
    off, sizes = off[there], np.abs(target[there])
    kept = np.abs(off) <= np.quantile(np.abs(off), 1 - BROKEN)
    off, sizes = off[kept], sizes[kept]
    spread = float(off.std())
    if not 0 < spread <= JITTER or abs(off.mean()) > 4 * spread / np.sqrt(len(off)):
        return False
    low, high = np.quantile(sizes, (0.25, 0.75))
    ends = off[sizes <= low].std(), off[sizes >= high].std()
    apart = sizes[sizes >= high].mean() / sizes[sizes <= low].mean()
    if max(ends) > ALIKE * min(ends) or apart < ENDS or kurtosis(off) + 3 > TAIL:
        return False
    return bool(np.median(np.abs(np.diff(np.log(sizes)))) > NEIGHBOURS * spread)


def is_class_with_noise(values: Array, outcome: Outcome) -> bool:
    """Is the column a number for each class with the same small noise on it, whatever the class?

    A measurement differs in its spread from class to class, or its classes lie closer together.
    """
    there = np.isfinite(values)
    column, codes = values[there], outcome.codes[there]
    sizes = np.bincount(codes, minlength=len(outcome.classes))
    judged = np.flatnonzero(sizes >= FEWEST_OF_CLASS)
    if there.mean() < FILLED or len(judged) < 2 or sizes[judged].sum() < (1 - BROKEN) * len(codes):
        return False
    parts = [column[codes == one] for one in judged]
    middles = np.array([np.median(part) for part in parts])
    noises = np.array([_noise(part) for part in parts])
    apart = np.diff(np.sort(middles)).min()
    errors = np.array(
        [np.abs(part - middle).max() for part, middle in zip(parts, middles, strict=True)]
    )
    if noises.min() <= 0 or noises.max() > 1.6 * noises.min() or apart < CLEAR * noises.max():
        return False
    if errors.max() > apart / 2 and _strays(parts, middles, apart) > BROKEN * len(codes):
        return False
    if apart >= FAR * noises.max():
        return True
    # Numbers for classes count in ones, or in tens or hundredths, and the noise is small to that.
    unit = 10.0 ** np.floor(np.log10(1.02 * apart))
    if unit < CLEAR * noises.max():
        return False
    # Where they stand, without the few that strayed; a mean is off by its standard error.
    middles = np.array([part[np.abs(part - middle) <= apart / 2].mean()
                        for part, middle in zip(parts, middles, strict=True)])  # fmt: skip
    limit = min(0.03 * apart, 3.2 * float((noises / np.sqrt(sizes[judged])).max()))
    at_zero = np.abs(middles).min() <= limit
    whole = np.abs(middles / unit - np.round(middles / unit)).max() * unit <= limit
    return bool(at_zero and whole)


def _noise(part: Array) -> float:
    """The spread of all but the last few rows on either side."""
    low, high = np.quantile(part, (0.025, 0.975))
    return float(high - low) / 3.92


def _strays(parts: list[Array], middles: Array, apart: float) -> int:
    return sum(
        int((np.abs(part - middle) > apart / 2).sum())
        for part, middle in zip(parts, middles, strict=True)
    )
