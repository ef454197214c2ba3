"""Classes that a border on a number parts sharply: a − b > k, an id from which on all are late.

A strong honest feature parts classes too, but its rows grow thin towards the border, or mix there.
Where a rule made the classes, rows lie as thick at the border as anywhere, and none is on the
wrong side. Both must hold, so neither an AUC of 0.9999 nor a wide gap is enough.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.leakage.categorical import allowed
from engine.leakage.fit import FILLED
from engine.leakage.outcome import Array, Codes, Outcome

Flags = NDArray[np.bool_]

# Fewer rows of a class could part by chance, where many columns and pairs are tried.
FEWEST = 100
# Of numbers that count rows fewer will do: they lie equally thick everywhere, whatever they count.
FEWEST_NUMBERED = 20
WRONG, WRONG_AT_BORDER = 0.01, 0.02
# A tenth of a class, at least so many rows, is nearest to the border. From there to the next tenth
# the two classes together may grow so many times as thick; tails of a bell do by 8 and more.
NEAREST, THIN, PILE = 10, 2.2, 0.8
# A border may be so many times as wide as the steps between values near it.
STEPS = 8


@dataclass(frozen=True)
class ThresholdRule:
    """Values from `at` on belong to the class `above`, those up to `below` to another."""

    below: float
    at: float
    above: int
    wrong: int


def borders(values: Array, outcome: Outcome) -> list[ThresholdRule] | None:
    """The borders that part all classes, one after the other, by a number; None if none do."""
    there = np.isfinite(values)
    target = outcome.codes[there]
    sizes = np.bincount(target, minlength=len(outcome.classes))
    fewest = FEWEST_NUMBERED if _is_numbering(values[there]) else FEWEST
    judged = np.flatnonzero(sizes >= fewest)
    if len(judged) < 2 or sizes[judged].sum() < (1 - WRONG) * len(target) or there.mean() < FILLED:
        return None
    column = values[there]
    order = judged[np.argsort([np.median(column[target == one]) for one in judged])]
    found = []
    for lower, upper in pairwise(order):
        border = _sharp(column[target == lower], column[target == upper], int(upper))
        if border is None:
            return None
        found.append(border)
    return found


def _is_numbering(values: Array) -> bool:
    known = np.unique(values)
    if (known % 1 != 0).any():
        return False
    return len(known) == len(values) > 1 and known[-1] - known[0] <= 1.5 * len(known)


def _sharp(low: Array, high: Array, above: int) -> ThresholdRule | None:
    low, high = np.sort(low), np.sort(high)
    if low[-1] >= high[0]:
        return _sharp_but_for_some(low, high, above)
    return _judge(low, high, above, 0)


def _sharp_but_for_some(low: Array, high: Array, above: int) -> ThresholdRule | None:
    """As `_sharp`, once the few rows that lie on the wrong side are left out."""
    both = np.concatenate([low, high])
    order = np.argsort(both, kind="stable")
    is_high, ranked = order >= len(low), both[order]
    wrong = np.cumsum(is_high)[:-1] + np.cumsum(~is_high[::-1])[::-1][1:]
    wrong = np.where(ranked[1:] == ranked[:-1], len(both), wrong)
    at = int(wrong.argmin()) + 1
    few = allowed(np.array([min(len(low), len(high))]), WRONG)[0]
    if wrong[at - 1] > few:
        return None
    near = max(10, int(0.1 * min(len(low), len(high))))
    first, last = max(0, at - near), min(len(both), at + near)
    if (is_high[first:last] != (np.arange(first, last) >= at)).sum() > WRONG_AT_BORDER * near:
        return None
    border = ranked[at]
    return _judge(low[low < border], high[high >= border], above, int(wrong[at - 1]))


def _judge(low: Array, high: Array, above: int, wrong: int) -> ThresholdRule | None:
    """Is it thick at the border, on both sides? `low` and `high` are sorted and apart."""
    gap, middle = high[0] - low[-1], (low[-1] + high[0]) / 2
    away = [middle - low[::-1], high - middle]
    steps = np.concatenate([np.diff(np.unique(side)[: 2 * STEPS]) for side in away])
    if not len(steps) or gap > max(STEPS * np.median(steps), 1.001 * steps.min()):
        return None
    if _thins(away[0], steps.min()) * _thins(away[1], steps.min()) > THIN:
        return None
    return ThresholdRule(float(low[-1]), float(high[0]), above, wrong)


def _thins(away: Array, step: float) -> float:
    """How many times as thin as behind them the nearest rows lie; `away` are sorted distances.

    Rows of one value, such as a whole number, are spread over the `step` that it stands for.
    """
    _, place, counts = np.unique(away, return_inverse=True, return_counts=True)
    rank = np.arange(len(away)) - (np.cumsum(counts) - counts)[place]
    spread = away + step * ((rank + 0.5) / counts[place] - 0.5)
    rows = min(max(NEAREST, len(away) // 10), len(away) // 2)
    near, next_to_it = spread[rows - 1], spread[2 * rows - 1] - spread[rows - 1]
    # A pile at the border must not make up for the other side, where rows grow thin.
    return max(PILE, float(near / next_to_it))


def candidates(table: Array, target: Codes) -> Flags:
    """Which columns of a table (rows, columns) of two classes a border may part: a quick look."""
    ends = []
    for side in (0, 1):
        ranked = np.sort(table[target == side], axis=0)  # missing ones come last
        known = np.isfinite(ranked).sum(axis=0)
        if not len(ranked):
            return np.zeros(table.shape[1], bool)
        places = [(share * np.maximum(known - 1, 0)).astype(int) for share in (0.03, 0.97)]
        ends.append([np.where(known >= 10, ranked[at, range(len(at))], np.nan) for at in places])
    (low, high), (other_low, other_high) = ends
    return np.asarray((high <= other_low) | (other_high <= low), dtype=bool)
