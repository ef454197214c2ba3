"""Tests whether a number is the weighted sum of a few others, but for a few wrong rows."""

import numpy as np
import pandas as pd

from engine.leakage.outcome import Array, Codes, Flags

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
# Fixed extras: at most so many, each in so many of the rows, far apart for what is left of them.
MOST_EXTRAS, FEWEST_WITH_EXTRA, APART = 8, 0.005, 20
# Of the steps between the least and the greatest extra so many are none.
SPARSE = 0.5


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
    return weights if residual[fitted].max() <= tolerance(outcome, late=late) else None


def with_extras(columns: Array, target: Array) -> tuple[Array, list[float]] | None:
    """Weights with which the columns and one of a few fixed extras give `target`, and the extras.

    The residuals are grouped where gaps separate them, and fitted again with an extra for each
    group, until the weights stay. Counts leave residuals of few values too, but at every step
    between the least and the greatest.
    """
    rows = np.isfinite(target) & np.isfinite(columns).all(axis=1)
    if not are_many(rows) or len(np.unique(target[rows])) <= 4 * MOST_EXTRAS:
        return None
    columns, outcome = columns[rows], target[rows]
    weights = np.ones(1) if columns.shape[1] == 1 else least_squares(columns, outcome)
    whole = np.round(weights)
    weights = np.where((np.abs(weights - whole) < 0.1) & (whole != 0), whole, weights)
    for _ in range(8):
        residual = outcome - columns @ weights
        group, levels = _grouped(residual)
        if not len(levels):
            return None
        inside = group >= 0
        previous = weights
        centred = np.column_stack([_within(column[inside], group[inside]) for column in columns.T])
        weights = np.asarray(np.linalg.lstsq(centred, _within(outcome[inside], group[inside]))[0])
        if np.allclose(weights, previous, rtol=1e-9, atol=1e-12):
            break
    off = np.abs((outcome - columns @ weights)[inside] - levels[group[inside]])
    spread = np.diff(np.sort(levels)).min()
    step = step_of(outcome)
    limit = max(1e-6 * outcome.std(), min(step * 0.51 * (1 + columns.shape[1]), spread / APART))
    if np.quantile(off, 0.99) > limit or limit > spread / APART:
        return None
    steps = (levels.max() - levels.min()) / step + 1 if step else np.inf
    if len(levels) > SPARSE * steps:
        return None
    rounded = np.round(levels / step) * step if step else levels
    return weights, sorted(rounded.tolist())


def _grouped(residual: Array) -> tuple[Codes, Array]:
    """Groups of residuals with gaps between, -1 for rows in none, and the middle of each group."""
    order = np.argsort(residual)
    ranked = residual[order]
    reach = np.quantile(ranked, 0.995) - np.quantile(ranked, 0.005)
    group = np.full(len(residual), -1)
    if not reach > 0:
        return group, np.empty(0)
    number = np.concatenate([[0], np.cumsum(np.diff(ranked) > 0.03 * reach)])
    sizes = np.bincount(number)
    large = np.flatnonzero(sizes >= max(5, FEWEST_WITH_EXTRA * len(residual)))
    if not 2 <= len(large) <= MOST_EXTRAS or sizes[large].sum() < (1 - BROKEN) * len(residual):
        return group, np.empty(0)
    position = np.full(len(sizes), -1)
    position[large] = np.arange(len(large))
    group[order] = position[number]
    return group, np.array([np.median(residual[group == one]) for one in range(len(large))])


def _within(values: Array, group: Codes) -> Array:
    """Differences from the mean of the group."""
    return np.asarray(values - (np.bincount(group, values) / np.bincount(group))[group])


def tolerance(outcome: Array, *, late: bool = False) -> float:
    """How far from a relation a row may be: what noise or rounding explains."""
    spread = spread_of(outcome)
    noise = NOISE_OF_LATE if late else NOISE
    return max(noise * spread, min(step_of(outcome) / 2 * 1.001, ROUNDING * spread))


def spread_of(values: Array) -> float:
    """The standard deviation, and little more than the others' where a few rows lie far out."""
    low, high = np.quantile(values, (BROKEN / 2, 1 - BROKEN / 2))
    whole, inner = values.std(), values[(values >= low) & (values <= high)].std()
    return float(min(whole, TAILS * inner) if inner > 0 else whole)


def step_of(values: Array, decimals: int = 4) -> float:
    """What the values are rounded to: 1, 0.1, … down to so many decimals; 0 if they are not."""
    for digits in range(decimals + 1):
        if np.allclose(values, values.round(digits), rtol=0, atol=1e-9):
            return float(10.0**-digits)
    return 0.0


def least_squares(columns: Array, outcome: Array) -> Array:
    """Weights of the columns; a constant beside them is fitted and left out."""
    centred = columns - columns.mean(axis=0)
    scale = np.where(centred.std(axis=0) > 0, centred.std(axis=0), 1.0)
    weights, *_ = np.linalg.lstsq(centred / scale, outcome - outcome.mean(), rcond=None)
    return np.asarray(weights / scale)


def finite(values: Array) -> Array:
    """The values, those that are not finite as NaN."""
    return np.where(np.isfinite(values), values, np.nan)


def means_and_spreads(table: Array) -> tuple[Array, Array]:
    """The mean and the standard deviation of each column's finite values; NaN if it has none."""
    columns = pd.DataFrame(finite(table))
    return columns.mean().to_numpy(), columns.std(ddof=0).to_numpy()


def are_many(rows: Flags) -> bool:
    """Whether these are enough rows for a conclusion."""
    return bool(rows.sum() >= max(FEWEST_ROWS, FILLED * len(rows)))
