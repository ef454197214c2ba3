"""Is a number what a few others add up to? Row by row, but for a few that were entered wrongly."""

import numpy as np
from numpy.typing import NDArray

from engine.leakage.outcome import Array

# Fewer rows, or fewer different values, could fall into line by chance.
FEWEST_ROWS, FEWEST_VALUES = 50, 12
# A relation is looked for where all of its columns are filled: in so much of the rows at least.
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


def exact(part: Array, target: Array, *, late: bool = False) -> Array | None:
    """The weights with which the columns of `part` add up to `target`, if they do in all rows."""
    rows = np.isfinite(target) & np.isfinite(part).all(axis=1)
    if not are_many(rows):
        return None
    columns, outcome = part[rows], target[rows]
    kept = np.ones(len(outcome), dtype=bool)
    # Twice: once to see which few rows stand out, once without them.
    for share in (BROKEN, 0.0):
        weights = least_squares(columns[kept], outcome[kept])
        rest = outcome - columns @ weights
        rest = np.abs(rest - np.median(rest[kept]))
        kept &= rest <= np.quantile(rest[kept], 1 - share)
    return weights if rest[kept].max() <= tolerance(outcome, late=late) else None


def with_extras(part: Array, target: Array) -> tuple[Array, list[float]] | None:
    """Weights with which the columns and one of a few fixed extras give `target`, and the extras.

    The rest of the rows is grouped where gaps part it, and fitted again with an extra a group,
    until the weights stay. Counts leave a rest of few values too; theirs leaves out no step between
    the least and the greatest.
    """
    rows = np.isfinite(target) & np.isfinite(part).all(axis=1)
    if not are_many(rows) or len(np.unique(target[rows])) <= 4 * MOST_EXTRAS:
        return None
    columns, outcome = part[rows], target[rows]
    weights = np.ones(1) if columns.shape[1] == 1 else _neat(least_squares(columns, outcome))
    for _ in range(8):
        rest = outcome - columns @ weights
        group, levels = _grouped(rest)
        if not len(levels):
            return None
        kept = group >= 0
        before = weights
        centred = np.column_stack([_within(column[kept], group[kept]) for column in columns.T])
        weights = np.asarray(np.linalg.lstsq(centred, _within(outcome[kept], group[kept]))[0])
        if np.allclose(weights, before, rtol=1e-9, atol=1e-12):
            break
    off = np.abs((outcome - columns @ weights)[kept] - levels[group[kept]])
    spread = np.diff(np.sort(levels)).min()
    step = step_of(outcome)
    limit = max(1e-6 * outcome.std(), min(step * 0.51 * (1 + part.shape[1]), spread / APART))
    if np.quantile(off, 0.99) > limit or limit > spread / APART:
        return None
    steps = (levels.max() - levels.min()) / step + 1 if step else np.inf
    if len(levels) > SPARSE * steps:
        return None
    written = np.round(levels / step) * step if step else levels
    return weights, sorted(written.tolist())


def _grouped(rest: Array) -> tuple[NDArray[np.intp], Array]:
    """Groups of the rest that gaps part, -1 for rows in none, and the middle of each group."""
    order = np.argsort(rest)
    ranked = rest[order]
    reach = np.quantile(ranked, 0.995) - np.quantile(ranked, 0.005)
    group = np.full(len(rest), -1)
    if not reach > 0:
        return group, np.empty(0)
    number = np.concatenate([[0], np.cumsum(np.diff(ranked) > 0.03 * reach)])
    sizes = np.bincount(number)
    large = np.flatnonzero(sizes >= max(5, FEWEST_WITH_EXTRA * len(rest)))
    if not 2 <= len(large) <= MOST_EXTRAS or sizes[large].sum() < (1 - BROKEN) * len(rest):
        return group, np.empty(0)
    place = np.full(len(sizes), -1)
    place[large] = np.arange(len(large))
    group[order] = place[number]
    return group, np.array([np.median(rest[group == one]) for one in range(len(large))])


def _within(values: Array, group: NDArray[np.intp]) -> Array:
    """Values from the mean of their group."""
    return np.asarray(values - (np.bincount(group, values) / np.bincount(group))[group])


def _neat(weights: Array) -> Array:
    """Weights as they are, but those that are nearly whole numbers."""
    whole = np.round(weights)
    return np.where((np.abs(weights - whole) < 0.1) & (whole != 0), whole, weights)


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


def step_of(values: Array) -> float:
    """What the values are rounded to: 1, 0.1, … 0.0001, or 0 where they are not."""
    for decimals in range(5):
        if np.allclose(values, values.round(decimals), rtol=0, atol=1e-9):
            return float(10.0**-decimals)
    return 0.0


def least_squares(columns: Array, outcome: Array) -> Array:
    """Weights of the columns; a constant beside them is fitted and left out."""
    centred = columns - columns.mean(axis=0)
    scale = np.where(centred.std(axis=0) > 0, centred.std(axis=0), 1.0)
    weights, *_ = np.linalg.lstsq(centred / scale, outcome - outcome.mean(), rcond=None)
    return np.asarray(weights / scale)


def means_and_spreads(table: Array) -> tuple[Array, Array]:
    """The mean and the standard deviation of each column, of what is known; NaN if nothing is."""
    there = np.isfinite(table)
    known = there.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(there, table, 0.0).sum(axis=0) / known
        squares = (np.where(there, table - means, 0.0) ** 2).sum(axis=0) / known
    return means, np.sqrt(squares)


def are_many(rows: NDArray[np.bool_]) -> bool:
    """Whether enough rows are known to say anything."""
    return bool(rows.sum() >= max(FEWEST_ROWS, FILLED * len(rows)))
