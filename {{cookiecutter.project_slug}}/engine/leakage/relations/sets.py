"""Finds the few columns, among hundreds, that may explain all of a number.

Least squares over every set of two or three columns, done for all sets at once: how much a set
explains follows from correlations alone. Only sets that seem to explain everything need then be
looked at row by row.
"""

from collections.abc import Iterator

import numpy as np

from engine.leakage.fit import FEWEST_ROWS, means_and_spreads
from engine.leakage.outcome import Array

# Rows that are searched, columns of which all threes are, and sets that are looked at in full.
ROWS, COLUMNS, TRIED = 4_000, 300, 60
# Columns that a sum may have, and sets that are kept while they grow.
MOST, GROWN = 5, 12


def promising(table: Array, target: Array, least: float = 0.8) -> Iterator[list[int]]:
    """Sets of two columns that seem to explain all of `target`, then of three, then of more.

    Of two all sets are judged, of three all of the most telling columns. Of four and five only
    those that grow, a column at a time, from the best ones that are smaller.
    """
    between, with_target = correlations(table, target)
    pairs = _by_two(between, with_target)
    yield from ([first, second] for _, first, second in _top(pairs, TRIED, least))
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
            for share, one, other in _top(explained, 3, least=0.3)
        ]
    threes = sorted(threes, reverse=True)[:TRIED]
    yield from (chosen for share, chosen in threes if share > 0.8)
    starts = [chosen for _, chosen in threes[:GROWN]]
    starts += [[first, second] for _, first, second in _top(pairs, GROWN, least=0.0)]
    yield from _grown(between, with_target, starts)


def _grown(between: Array, told: Array, starts: list[list[int]]) -> Iterator[list[int]]:
    """Sets of up to `MOST` columns, each with the column that explains most of what is left."""
    seen = {tuple(sorted(start)) for start in starts}
    sets = starts
    while sets := [chosen for chosen in sets if len(chosen) < MOST]:
        grown: list[tuple[float, list[int]]] = []
        for chosen in sets:
            share, larger = _add_best(between, told, chosen)
            if larger and tuple(sorted(larger)) not in seen:
                seen.add(tuple(sorted(larger)))
                grown.append((share, larger))
        grown.sort(reverse=True)
        yield from (larger for share, larger in grown if share > 0.9 and len(larger) > 3)
        sets = [larger for _, larger in grown[:GROWN]]


def _add_best(between: Array, told: Array, chosen: list[int]) -> tuple[float, list[int]]:
    """The set with one column more, and the share it explains."""
    own = between[np.ix_(chosen, chosen)]
    solved = np.linalg.lstsq(own, np.column_stack([told[chosen], between[chosen]]), rcond=None)[0]
    left = told - between[:, chosen] @ solved[:, 0]
    spread = np.diag(between) - np.einsum("ij,ji->i", between[:, chosen], solved[:, 1:])
    spread[chosen] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(spread > 1e-9, left**2 / spread, -np.inf)
    best = int(gain.argmax())
    if not np.isfinite(gain[best]):
        return 0.0, []
    return float(told[chosen] @ solved[:, 0] + gain[best]), [*chosen, best]


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


def _top(shares: Array, most: int, least: float = 0.8) -> list[tuple[float, int, int]]:
    """The pairs that explain most, the best first; none that explains no more than `least`."""
    flat = shares.ravel()
    best = np.argpartition(-flat, most)[:most] if len(flat) > most else np.arange(len(flat))
    found = [
        (float(flat[at]), int(at) // shares.shape[1], int(at) % shares.shape[1]) for at in best
    ]
    return sorted((one for one in found if one[0] > least), reverse=True)


def correlations(table: Array, target: Array) -> tuple[Array, Array]:
    """Between columns, and with the target: over complete rows, else over those of each pair."""
    everything = np.column_stack([table, target])[np.isfinite(target)]
    complete = everything[np.isfinite(everything).all(axis=1)]
    used = complete if len(complete) >= FEWEST_ROWS else everything
    used = used[:: max(1, len(used) // ROWS)]
    there = np.isfinite(used)
    means, spreads = means_and_spreads(used)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.where(there, (used - means) / spreads, 0.0)
        scaled, mask = np.nan_to_num(scaled), there.astype(np.float64)
        rows = mask.T @ mask
        means, squares = scaled.T @ mask / rows, (scaled**2).T @ mask / rows
        spread = np.sqrt(squares - means**2)
        found = (scaled.T @ scaled / rows - means * means.T) / (spread * spread.T)
    found = np.where(np.isfinite(found) & (rows >= FEWEST_ROWS), found, 0.0)
    return found[:-1, :-1], found[:-1, -1]
