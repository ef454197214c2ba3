"""Finds the few columns, among hundreds, that may explain all of a number.

How much a set of columns explains follows from correlations alone, for all sets at once. Only sets
that seem to explain everything are then tested row by row.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from engine.leakage.fit import FEWEST_ROWS, means_and_spreads
from engine.leakage.outcome import Array, Flags

# Rows that are searched, columns of which all threes are, and sets that are tested in full.
ROWS, COLUMNS, TRIED = 4_000, 300, 60
# Columns that a sum may have, and sets that are extended.
MOST, GROWN = 5, 12


def promising(between: Array, with_target: Array, least: float = 0.8) -> Iterator[list[int]]:
    """Sets of columns that seem to explain all of a target: all pairs, all threes of the strongest.

    Sets of four and five are grown, a column at a time, from the best smaller ones.
    """
    pairs = _by_two(between, with_target)
    yield from ([first, second] for _, first, second in _top(pairs, TRIED, least))
    # All threes of many hundred columns are too many: those that explain most in a pair are used.
    strongest = np.sort(np.argsort(-np.fmax(pairs, pairs.T).max(axis=1, initial=0.0))[:COLUMNS])
    threes: list[tuple[float, list[int]]] = []
    for position, first in enumerate(strongest[:-2]):
        rest = strongest[position + 1 :]
        # What is left of the others once the first column has explained its part.
        shared = between[first, rest]
        left = between[np.ix_(rest, rest)] - np.outer(shared, shared)
        left_of_target = with_target[rest] - with_target[first] * shared
        explained = with_target[first] ** 2 + _by_two(left, left_of_target)
        threes += [
            (share, [int(first), int(rest[one]), int(rest[other])])
            for share, one, other in _top(explained, 3, least=0.3)
        ]
    threes = sorted(threes, reverse=True)[:TRIED]
    yield from (chosen for share, chosen in threes if share > 0.8)
    starts = [chosen for _, chosen in threes[:GROWN]]
    starts += [[first, second] for _, first, second in _top(pairs, GROWN, least=0.0)]
    yield from _grown(between, with_target, starts)


def _grown(between: Array, with_target: Array, sets: list[list[int]]) -> Iterator[list[int]]:
    """Sets of four and five columns, grown from `sets` by orthogonal matching pursuit."""
    for start in sets:
        chosen = start
        while True:
            own = between[np.ix_(chosen, chosen)]
            weights = np.linalg.lstsq(own, with_target[chosen], rcond=None)[0]
            if len(chosen) > 3 and with_target[chosen] @ weights > 0.9:
                yield chosen
            if len(chosen) == min(MOST, len(with_target)):
                break
            left = np.abs(with_target - between[:, chosen] @ weights)
            left[chosen] = -1
            chosen = [*chosen, int(left.argmax())]


def _by_two(between: Array, with_target: Array) -> Array:
    """The share of the target that each two columns explain, by the normal equations of two.

    `between` are covariances of the columns, `with_target` those with a target of variance 1; the
    result is -inf below the diagonal and where two columns are the same.
    """
    own = np.diag(between)
    apart = np.outer(own, own) - between**2
    crossed = 2 * np.outer(with_target, with_target) * between
    squares = with_target**2
    share = (np.outer(squares, own) + np.outer(own, squares) - crossed) / apart
    valid = np.triu(apart > 1e-10 * np.outer(own, own), 1) & (own > 1e-10) & (own > 1e-10)[:, None]
    # More than all: the correlations are of different rows, and these two are nearly the same.
    return np.where(valid & (share < 1.05), share, -np.inf)


def _top(shares: Array, most: int, least: float) -> list[tuple[float, int, int]]:
    """The pairs that explain most, the best first; none that explains no more than `least`."""
    flat, width = shares.ravel(), shares.shape[1]
    best = np.argpartition(-flat, most)[:most] if len(flat) > most else np.arange(len(flat))
    pairs = [(float(flat[at]), *divmod(int(at), width)) for at in best if flat[at] > least]
    return sorted(pairs, reverse=True)


def correlations(table: Array, target: Array) -> tuple[Array, Array]:
    """Between columns, and with the target: over complete rows, else over those of each pair."""
    everything = np.column_stack([table, target])[np.isfinite(target)]
    complete = everything[np.isfinite(everything).all(axis=1)]
    used = complete if len(complete) >= FEWEST_ROWS else everything
    used = used[:: max(1, len(used) // ROWS)]
    filled = np.isfinite(used)
    means, spreads = means_and_spreads(used)
    scaled = np.nan_to_num(np.where(filled, (used - means) / spreads, 0.0))
    mask = filled.astype(np.float64)
    rows = mask.T @ mask
    means, squares = scaled.T @ mask / rows, (scaled**2).T @ mask / rows
    spread = np.sqrt(squares - means**2)
    result = (scaled.T @ scaled / rows - means * means.T) / (spread * spread.T)
    result = np.where(np.isfinite(result) & (rows >= FEWEST_ROWS), result, 0.0)
    return result[:-1, :-1], result[:-1, -1]


def cover(
    flags: Mapping[str, Flags],
    rows: Flags,
    *,
    most: int,
    fewest: float,
    enough: float,
    missing: Mapping[str, Flags] | None = None,
) -> tuple[list[str], int]:
    """Up to `most` columns whose flags cover the `rows`, greedily, each at least `fewest` more.

    A row where a chosen column is `missing` is no evidence, and not searched further. Returns the
    columns, and how many rows are left; the search stops where these are `enough`.
    """
    left, chosen, rest = rows.copy(), list[str](), dict(flags)
    while rest and len(chosen) < most and left.sum() > enough:
        best = max(rest, key=lambda name: int((rest[name] & left).sum()))
        if (rest[best] & left).sum() < fewest:
            break
        left &= ~rest.pop(best)
        if missing:
            left &= ~missing[best]
        chosen.append(best)
    return chosen, int(left.sum())
