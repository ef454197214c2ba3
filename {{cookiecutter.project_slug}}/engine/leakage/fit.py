"""Whether a number is a weighted sum of others, or the outcome on a scale or with noise on it."""

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression
from scipy.stats import kurtosis, rankdata

from engine.leakage.outcome import Array, Flags, Outcome, step_of

# Fewer rows, or fewer different values, could fall into line by chance.
FEWEST_ROWS, FEWEST_VALUES = 50, 12
# A relation is searched where all of its columns are filled: in so much of the rows at least.
FILLED = 0.04
# Rows that may break the relation: a few in a hundred were entered or measured wrongly.
BROKEN = 0.015
# What an exact relation may leave: this share of the target's spread, or what rounding leaves as
# long as that is small against the spread.
NOISE, ROUNDING = 2e-3, 0.05
# The same of a column known too late, to which honest ones come near.
NOISE_OF_LATE = 1e-6
# A few rows far out, such as a line of totals, count for at most so many times the others' spread:
# else every column that goes along would come near enough.
TAILS = 3.0
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


def exact(columns: Array, target: Array, *, late: bool = False) -> Array | None:
    """The weights with which `columns` add up to `target`, if they do in nearly all rows."""
    rows = np.isfinite(target) & np.isfinite(columns).all(axis=1)
    if not are_many(rows):
        return None
    columns, outcome = columns[rows], target[rows]
    fitted = np.ones(len(outcome), dtype=bool)
    # Twice: once to find the few rows that stand out, once without them.
    for share in (BROKEN, 0.0):
        weights = least_squares(columns[fitted], outcome[fitted])
        residual = outcome - columns @ weights
        residual = np.abs(residual - np.median(residual[fitted]))
        fitted &= residual <= np.quantile(residual[fitted], 1 - share)
    spread, noise = spread_of(outcome), NOISE_OF_LATE if late else NOISE
    rounding = min(step_of(outcome) / 2 * 1.001, ROUNDING * spread)
    return weights if residual[fitted].max() <= max(noise * spread, rounding) else None


def spread_of(values: Array) -> float:
    """The standard deviation, and little more than the others' where a few rows lie far out."""
    if not len(values):
        return 0.0
    low, high = np.quantile(values, (BROKEN / 2, 1 - BROKEN / 2))
    inside = values[(values >= low) & (values <= high)]
    # At the limits of floats, the quantiles are none, and nothing lies inside.
    inner = inside.std() if len(inside) else 0.0
    whole = values.std()
    return float(min(whole, TAILS * inner) if inner > 0 else whole)


def least_squares(columns: Array, outcome: Array) -> Array:
    """Weights of the columns; a constant beside them is fitted and left out."""
    centred = columns - columns.mean(axis=0)
    scale = np.where(centred.std(axis=0) > 0, centred.std(axis=0), 1.0)
    weights, *_ = np.linalg.lstsq(centred / scale, outcome - outcome.mean(), rcond=None)
    return np.asarray(weights / scale)


def finite(values: Array) -> Array:
    """The values, those that are not finite as NaN."""
    return np.where(np.isfinite(values), values, np.nan)


def without_float_noise(values: Array, *addends: Array) -> Array:
    """A sum rounded to what the largest addend is exact to: 0.1 + 0.2 is 0.3, once."""
    largest = max(float(np.nanmax(np.abs(one), initial=1e-300)) for one in addends)
    return np.round(values, 12 - int(np.ceil(np.log10(largest)))) if largest < np.inf else values


def means_and_spreads(table: Array) -> tuple[Array, Array]:
    """The mean and the standard deviation of each column's finite values; NaN if it has none."""
    columns = pd.DataFrame(finite(table))
    return columns.mean().to_numpy(), columns.std(ddof=0).to_numpy()


def are_many(rows: Flags) -> bool:
    """Whether these are enough rows for a conclusion."""
    return bool(rows.sum() >= max(FEWEST_ROWS, FILLED * len(rows)))


def is_transform(values: Array, outcome: Outcome) -> bool:
    """Whether the column rises (or falls) wherever the target does; rounding makes steps."""
    filled = np.isfinite(values) & np.isfinite(outcome.values)
    column, target = values[filled], outcome.values[filled]
    fewest = min(len(np.unique(column)), len(np.unique(target)))
    if not are_many(filled) or fewest <= FEWEST_VALUES:
        return False
    few = slice(None, None, len(column) // SAMPLE_SIZE + 1)
    correlation = np.corrcoef(rankdata(column[few]), rankdata(target[few]))[0, 1]
    if not abs(correlation) > 0.8:
        return False
    noise = NOISE_OF_LATE if outcome.late else NOISE
    spread = spread_of(column)
    # Near the limits of a float nothing can be compared.
    return bool(np.isfinite(spread)) and any(
        _off_from_rising(sign * column, target) <= noise * spread for sign in (1, -1)
    )


def _off_from_rising(column: Array, target: Array) -> float:
    """How far off a column is at most that rises with the target, but for a few rows."""
    # Where the outcome is rounded, the column may be in any order among equals.
    ranked = column[np.lexsort((column, target))]
    off = np.abs(ranked - isotonic_regression(ranked).x)
    inside = ranked[off <= np.quantile(off, 1 - BROKEN)]
    return float(np.abs(inside - isotonic_regression(inside).x).max())


def is_near_copy(values: Array, target: Array) -> bool:
    """Whether the column is the target with a little noise on it: same units, same zero."""
    filled = np.isfinite(values) & np.isfinite(target)
    if not are_many(filled) or len(np.unique(target)) <= FEWEST_VALUES:
        return False
    column, outcome = values[filled], target[filled]
    off, spread = column - outcome, spread_of(outcome)
    inside = np.abs(off) <= np.quantile(np.abs(off), 1 - BROKEN)
    if not 0 < spread < np.inf or abs(np.median(off)) > SAME_UNITS * spread:
        return False
    slope = np.polyfit(outcome[inside], column[inside], 1)[0]
    return bool(off[inside].std() <= NEAR_COPY * spread and abs(slope - 1) <= SAME_UNITS)


def is_jittered(values: Array, target: Array) -> bool:
    """Whether the column is the target, each value times 1 and a little chance.

    `target` is in time order: a quantity that changes slowly is as near to what it was before. A
    good instrument is off by as much wherever it measures, and so by less of a large value; where
    it is not, it is off by more than this.
    """
    off = np.log(values / target)
    filled = np.isfinite(off)
    if not are_many(filled) or filled.sum() < FEWEST_JITTERED:
        return False
    off, sizes = off[filled], np.abs(target[filled])
    inside = np.abs(off) <= np.quantile(np.abs(off), 1 - BROKEN)
    off, sizes = off[inside], sizes[inside]
    spread = float(off.std())
    if not 0 < spread <= JITTER or abs(off.mean()) > 4 * spread / np.sqrt(len(off)):
        return False
    small, large = sizes <= np.quantile(sizes, 0.25), sizes >= np.quantile(sizes, 0.75)
    ends = off[small].std(), off[large].std()
    apart = sizes[large].mean() / sizes[small].mean()
    if max(ends) > ALIKE * min(ends) or apart < ENDS or kurtosis(off) + 3 > TAIL:
        return False
    return bool(np.median(np.abs(np.diff(np.log(sizes)))) > NEIGHBOURS * spread)


def is_class_with_noise(values: Array, outcome: Outcome) -> bool:
    """Whether the column is a number for each class, with the same small noise for all of them.

    A measurement differs in its spread from class to class, or its classes lie closer together.
    """
    filled = np.isfinite(values)
    column, codes = values[filled], outcome.codes[filled]
    sizes = np.bincount(codes, minlength=len(outcome.classes))
    large = np.flatnonzero(sizes >= FEWEST_OF_CLASS)
    covered = sizes[large].sum() >= (1 - BROKEN) * len(codes)
    if filled.mean() < FILLED or len(large) < 2 or not covered:
        return False
    members = [column[codes == one] for one in large]
    middles = np.array([np.median(one) for one in members])
    apart = np.diff(np.sort(middles)).min()
    # The spread of all but the last few rows on either side, as of a normal distribution.
    noises = np.array([np.ptp(np.quantile(one, (0.025, 0.975))) for one in members]) / 3.92
    if noises.min() <= 0 or noises.max() > 1.6 * noises.min() or apart < CLEAR * noises.max():
        return False
    near = [one[np.abs(one - middle) <= apart / 2]
            for one, middle in zip(members, middles, strict=True)]  # fmt: skip
    if sizes[large].sum() - sum(map(len, near)) > BROKEN * len(codes):
        return False
    if apart >= FAR * noises.max():
        return True
    # Numbers for classes count in ones, or in tens or hundredths, and the noise is small to that.
    unit = 10.0 ** np.floor(np.log10(1.02 * apart))
    if unit < CLEAR * noises.max():
        return False
    # Where they stand, without the few that strayed; a mean is off by its standard error.
    middles = np.array([one.mean() for one in near])
    limit = min(0.03 * apart, 3.2 * float((noises / np.sqrt(sizes[large])).max()))
    at_zero = np.abs(middles).min() <= limit
    whole = np.abs(middles / unit - np.round(middles / unit)).max() * unit <= limit
    return bool(at_zero and whole)
