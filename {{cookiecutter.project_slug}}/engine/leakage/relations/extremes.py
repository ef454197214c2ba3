"""The few columns of which the greatest, or the least, is the outcome: the best of attempts."""

from collections.abc import Mapping

import numpy as np

from engine.leakage.fit import BROKEN, FEWEST_VALUES, are_many, step_of
from engine.leakage.outcome import Array, Outcome
from engine.leakage.threshold_rules import Flags

# The columns that it may be the greatest of, and the part of the rows in which each must be it.
MOST, FEWEST_TIMES = 4, 0.05


def extremes(numbers: Mapping[str, Array], outcome: Outcome) -> tuple[tuple[str, ...], str] | None:
    """Columns of which the greatest, or the least, is the outcome in each row: names and formula.

    None of them is ever beyond it, and in each row one of them is it. An honest column that often
    equals it, such as the value before, is beyond it now and then.
    """
    target = outcome.values
    known = target[np.isfinite(target)]
    if len(np.unique(known)) <= FEWEST_VALUES:
        return None
    near = min(step_of(known) / 2 * 1.001, 1e-3 * known.std()) + 1e-9 * np.abs(known).max()
    for said, sign in (("greatest", 1.0), ("least", -1.0)):
        beyond = {name: sign * (values - target) for name, values in numbers.items()}
        if names := _covering(beyond, near):
            return names, f"the {said} of {', '.join(names)}"
    return None


def _covering(beyond: Mapping[str, Array], near: float) -> tuple[str, ...]:
    """Columns that are nowhere more than `near` beyond 0, of which in each row one is near it."""
    is_it: dict[str, Flags] = {}
    for name, off in beyond.items():
        there = np.isfinite(off)
        if are_many(there) and (off[there] > near).mean() <= BROKEN:
            is_it[name] = np.isfinite(off) & (np.abs(off) <= near)
    chosen: list[str] = []
    # Where a column is missing it may have been the one: such a row says nothing.
    still = np.ones(len(next(iter(beyond.values()), ())), dtype=bool)
    rows = still.sum()
    while is_it and len(chosen) < MOST and still.sum() > BROKEN * rows:
        best = max(is_it, key=lambda name: int((is_it[name] & still).sum()))
        if (is_it[best] & still).sum() < FEWEST_TIMES * rows:
            return ()
        still &= ~is_it.pop(best) & np.isfinite(beyond[best])
        chosen.append(best)
    return tuple(sorted(chosen)) if len(chosen) > 1 and still.sum() <= BROKEN * rows else ()
