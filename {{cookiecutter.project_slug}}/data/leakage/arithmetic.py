"""Finds the few columns, among hundreds, that a number is computed from: sums, products, ratios.

Least squares over every set of two or three columns, done for all sets at once: how much a set
explains follows from correlations alone. Only the sets that seem to explain everything are then
looked at row by row.
"""

from collections.abc import Iterable, Iterator, Mapping, Set

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

Array = NDArray[np.float64]
Found = tuple[tuple[str, ...], str]

# Fewer rows, or fewer different values, could fall into line by chance.
FEWEST_ROWS, FEWEST_VALUES = 50, 12
# Rows that may break the relation: a few in a hundred were entered or measured wrongly.
BROKEN = 0.01
# What an exact relation may leave: this share of the target's spread, or what rounding leaves as
# long as that is small against the spread.
NOISE, ROUNDING = 2e-3, 0.05
# Rows that are searched, columns of which all threes are, and sets that are looked at in full.
ROWS, COLUMNS, TRIED = 4_000, 300, 60


def is_transform(values: Array, target: Array) -> bool:
    """Does the column rise (or fall) wherever the target does? Rounding makes steps, not waves."""
    there = np.isfinite(values) & np.isfinite(target)
    column, outcome = values[there], target[there]
    if not _are_many(there) or min(map(_different, (column, outcome))) <= FEWEST_VALUES:
        return False
    return any(_rises(sign * column, outcome) for sign in (1, -1))


def _rises(column: Array, outcome: Array) -> bool:
    # Where the outcome is rounded, the column may be in any order among equals.
    ranked = column[np.lexsort((column, outcome))]
    off = np.abs(ranked - isotonic_regression(ranked).x)
    kept = ranked[off <= np.quantile(off, 1 - BROKEN)]
    return bool(np.abs(kept - isotonic_regression(kept).x).max() <= NOISE * column.std())


def combinations(numbers: Mapping[str, Array], dates: Set[str], target: Array) -> Iterator[Found]:
    """Two or three columns whose sum, difference, product or ratio is `target`, with the formula.

    A column is named once. `dates` are in days: two of them may have a difference, no product.
    """
    if _different(target) <= FEWEST_VALUES:
        return
    left = dict(numbers)
    while found := _sum(left, target) or _product(left, dates, target):
        names, formula = found
        yield names, f"together they give the target: {formula}"
        for name in names:
            del left[name]


def _sum(numbers: Mapping[str, Array], target: Array) -> Found | None:
    names, table = list(numbers), _table(numbers.values(), target)
    for chosen in _promising(table, target):
        weights = _exact(table[:, chosen], target)
        if weights is not None:
            terms = (f"{w:+.4g} × {names[n]}" for n, w in zip(chosen, weights, strict=True))
            return tuple(names[number] for number in chosen), " ".join(terms)
    return None


def _product(numbers: Mapping[str, Array], dates: Set[str], target: Array) -> Found | None:
    """A product is a sum of logarithms; what the logarithms propose is held against the numbers."""
    names = [name for name in numbers if name not in dates]
    table = _table((numbers[name] for name in names), target)
    logs, log_target = _logarithms(table), _logarithms(target)
    for chosen in _promising(logs, log_target):
        powers = _powers(logs[:, chosen], log_target)
        if powers is None:
            continue
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            product = np.prod(table[:, chosen] ** powers, axis=1)
        if _exact(product[:, None], target) is not None:
            parts = (_power(names[n], p) for n, p in zip(chosen, powers, strict=True))
            return tuple(names[number] for number in chosen), " × ".join(parts)
    return None


def _power(name: str, power: float) -> str:
    return name if power == 1 else f"{name}^{power:g}"


def _table(columns: Iterable[Array], target: Array) -> Array:
    return np.column_stack([np.empty((len(target), 0)), *columns])


def _logarithms(numbers: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(numbers))
    return np.where(np.isfinite(logs), logs, np.nan)


def _powers(logs: Array, target: Array) -> Array | None:
    """Whole or half powers of each column, if these are what the logarithms say."""
    rows = np.isfinite(logs).all(axis=1) & np.isfinite(target)
    if not _are_many(rows):
        return None
    weights = np.round(2 * _least_squares(logs[rows], target[rows])) / 2
    return weights if (weights != 0).all() and (np.abs(weights) <= 3).all() else None


def _promising(table: Array, target: Array) -> Iterator[list[int]]:
    """Sets of two, then of three columns that seem to explain all of `target`, the best first."""
    between, with_target = _correlations(table, target)
    pairs = _by_two(between, with_target)
    yield from ([first, second] for _, first, second in _top(pairs, TRIED))
    # All threes of many hundred columns are too many: those that say most in a pair are kept.
    kept = np.sort(np.argsort(-np.fmax(pairs, pairs.T).max(axis=1, initial=0.0))[:COLUMNS])
    threes: list[tuple[float, list[int]]] = []
    for position, first in enumerate(kept[:-2]):
        rest = kept[position + 1 :]
        # What is left of the others once the first column has explained its part.
        part = between[first, rest]
        left = between[np.ix_(rest, rest)] - np.outer(part, part)
        told = with_target[rest] - with_target[first] * part
        explained = with_target[first] ** 2 + _by_two(left, told)
        threes += [
            (share, [int(first), int(rest[one]), int(rest[other])])
            for share, one, other in _top(explained, 3)
        ]
    yield from (chosen for _, chosen in sorted(threes, reverse=True)[:TRIED])


def _by_two(between: Array, told: Array) -> Array:
    """The share of the target that each two columns explain, by the normal equations of two.

    `between` are covariances of the columns, `told` their covariances with a target of variance 1;
    -inf below the diagonal and where two columns are the same.
    """
    own = np.diag(between)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = np.outer(own, own) - between**2
        crossed = 2 * np.outer(told, told) * between
        share = (np.outer(told**2, own) + np.outer(own, told**2) - crossed) / apart
    valid = np.triu(apart > 1e-10 * np.outer(own, own), 1) & (own > 1e-10) & (own > 1e-10)[:, None]
    # More than all: the correlations are of different rows, and these two are nearly the same.
    return np.where(valid & (share < 1.05), share, -np.inf)


def _top(shares: Array, most: int) -> list[tuple[float, int, int]]:
    """The pairs that explain most, the best first; none that leaves a good part open."""
    flat = shares.ravel()
    best = np.argpartition(-flat, most)[:most] if len(flat) > most else np.arange(len(flat))
    found = [
        (float(flat[at]), int(at) // shares.shape[1], int(at) % shares.shape[1]) for at in best
    ]
    return sorted((one for one in found if one[0] > 0.8), reverse=True)


def _correlations(table: Array, target: Array) -> tuple[Array, Array]:
    """Between columns, and with the target: over complete rows, else over those of each pair."""
    everything = np.column_stack([table, target])[np.isfinite(target)]
    complete = everything[np.isfinite(everything).all(axis=1)]
    used = complete if len(complete) >= FEWEST_ROWS else everything
    used = used[:: max(1, len(used) // ROWS)]
    there = np.isfinite(used)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = used - np.nanmean(used, axis=0)
        scaled = np.where(there, scaled / np.nanstd(used, axis=0), 0.0)
        scaled, mask = np.nan_to_num(scaled), there.astype(np.float64)
        rows = mask.T @ mask
        means, squares = scaled.T @ mask / rows, (scaled**2).T @ mask / rows
        spread = np.sqrt(squares - means**2)
        found = (scaled.T @ scaled / rows - means * means.T) / (spread * spread.T)
    found = np.where(np.isfinite(found) & (rows >= FEWEST_ROWS), found, 0.0)
    return found[:-1, :-1], found[:-1, -1]


def _exact(part: Array, target: Array) -> Array | None:
    """The weights with which the columns of `part` add up to `target`, if they do in all rows."""
    rows = np.isfinite(target) & np.isfinite(part).all(axis=1)
    if not _are_many(rows):
        return None
    columns, outcome = part[rows], target[rows]
    allowed = _allowed(columns, outcome)
    kept = np.ones(len(outcome), dtype=bool)
    # Twice: once to see which few rows stand out, once without them.
    for share in (BROKEN, 0.0):
        weights = _least_squares(columns[kept], outcome[kept])
        rest = outcome - columns @ weights
        rest = np.abs(rest - np.median(rest[kept]))
        kept &= rest <= np.quantile(rest[kept], 1 - share)
    return weights if rest[kept].max() <= allowed else None


def _allowed(columns: Array, outcome: Array) -> float:
    spread = float(outcome.std())
    return max(NOISE * spread, min(_step(outcome) / 2, ROUNDING * spread))


def _step(values: Array) -> float:
    """What the values are rounded to: 1, 0.1, … 0.0001, or 0 where they are not."""
    for decimals in range(5):
        if np.allclose(values, values.round(decimals), rtol=0, atol=1e-9):
            return float(10.0**-decimals)
    return 0.0


def _least_squares(columns: Array, outcome: Array) -> Array:
    """Weights of the columns; a constant beside them is fitted and left out."""
    centred = columns - columns.mean(axis=0)
    scale = np.where(centred.std(axis=0) > 0, centred.std(axis=0), 1.0)
    weights, *_ = np.linalg.lstsq(centred / scale, outcome - outcome.mean(), rcond=None)
    return np.asarray(weights / scale)


def _are_many(rows: NDArray[np.bool_]) -> bool:
    return bool(rows.sum() >= max(FEWEST_ROWS, len(rows) / 5))


def _different(values: Array) -> int:
    return len(np.unique(values[np.isfinite(values)]))
