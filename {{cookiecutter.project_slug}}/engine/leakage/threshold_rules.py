"""Thresholds on a number that separate classes sharply, and categories that cut a number up.

A strong honest feature separates classes too, but its rows grow thin towards the border, or mix
there. Where a rule made the classes, rows lie as thick there as anywhere, none on the wrong side.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from engine.leakage import categorical
from engine.leakage.categorical import MOST_CATEGORIES, MOST_NUMBERS, Categories, allowed
from engine.leakage.fit import FEWEST_ROWS, FILLED
from engine.leakage.outcome import Array, Codes, Flags, Outcome

# Fewer rows of a class could separate by chance, where many columns and pairs are tried.
FEWEST = 100
# Of numbers that count rows fewer will do: they lie equally thick everywhere, whatever they count.
FEWEST_NUMBERED = 20
WRONG, WRONG_AT_BORDER = 0.01, 0.02
# A tenth of a class, at least so many rows, is nearest to the border. From there to the next tenth
# the two classes together may grow so many times as thick; tails of a bell do by 8 and more.
NEAREST, THIN, PILE = 10, 2.2, 0.8
# A border may be so many times as wide as the steps between values near it; one between two ranges
# of a quantity so many times.
STEPS, WIDEST = 8, 12
# Ranges of a few rows each, such as those far out, may hold the rest.
MOST_IN_RANGES = 0.95


@dataclass(frozen=True)
class ThresholdRule:
    """Values from `at` on belong to the class `above`, those up to `below` to another."""

    below: float
    at: float
    above: int
    wrong: int


@dataclass(frozen=True)
class Split:
    """Values of two groups in order, which are of the second, and the first above the border."""

    ranked: Array
    is_high: Flags
    at: int
    wrong: int

    @classmethod
    def of(cls, low: Array, high: Array) -> "Split | None":
        """The split of two groups; None if all values are equal, which have no border."""
        both = np.concatenate([low, high])
        order = np.argsort(both, kind="stable")
        is_high, ranked = order >= len(low), both[order]
        wrong = np.cumsum(is_high)[:-1] + np.cumsum(~is_high[::-1])[::-1][1:]
        wrong = np.where(ranked[1:] == ranked[:-1], len(both), wrong)
        at = int(wrong.argmin()) + 1
        fewest = int(wrong[at - 1])
        return cls(ranked, is_high, at, fewest) if fewest < len(both) else None

    def wrong_within(self, near: int) -> int:
        """The rows on the wrong side among the nearest to the border, so many on each side."""
        first, last = max(0, self.at - near), min(len(self.ranked), self.at + near)
        return int((self.is_high[first:last] != (np.arange(first, last) >= self.at)).sum())


def threshold_rules(values: Array, outcome: Outcome) -> list[ThresholdRule] | None:
    """The borders that separate all classes, one after the other; None if none do."""
    filled = np.isfinite(values)
    column, target = values[filled], outcome.codes[filled]
    sizes, unique = np.bincount(target, minlength=len(outcome.classes)), np.unique(column)
    are_whole = not (unique % 1).any() and len(unique) == len(column) > 1
    counts_rows = are_whole and np.ptp(unique) <= 1.5 * len(unique)
    large = np.flatnonzero(sizes >= (FEWEST_NUMBERED if counts_rows else FEWEST))
    if len(large) < 2 or sizes[large].sum() < (1 - WRONG) * len(target) or filled.mean() < FILLED:
        return None
    order = large[np.argsort([np.median(column[target == one]) for one in large])]
    rules = list[ThresholdRule]()
    for lower, upper in pairwise(order):
        if not (rule := _rule(column[target == lower], column[target == upper], int(upper))):
            return None
        rules.append(rule)
    return rules


def _rule(low: Array, high: Array, above: int) -> ThresholdRule | None:
    """The rule that separates two classes, but for a few rows, if both lie thick at its border."""
    split, smaller = Split.of(low, high), min(len(low), len(high))
    near = max(10, int(0.1 * smaller))
    if (
        split is None
        or split.wrong > allowed(smaller, WRONG)
        or split.wrong_within(near) > WRONG_AT_BORDER * near
    ):
        return None
    border = split.ranked[split.at]
    low, high = np.sort(low[low < border]), np.sort(high[high >= border])
    if thinness(low, high) > THIN:
        return None
    return ThresholdRule(float(low[-1]), float(high[0]), above, split.wrong)


def thinness(low: Array, high: Array, *, may_have_gap: bool = False) -> float:
    """How many times as thin as behind them rows lie at the border of two sorted sides.

    Infinite where the border is a gap, compared to the steps between values near it.
    """
    middle = (low[-1] + high[0]) / 2
    away = [middle - low[::-1], high - middle]
    steps = np.concatenate([np.diff(np.unique(side)[: 2 * STEPS]) for side in away])
    if not len(steps):
        return np.inf
    step = float(steps.min())
    if high[0] - low[-1] > max(STEPS * float(np.median(steps)), 1.001 * step):
        if not may_have_gap:
            return np.inf
        away = [side - side[0] + step for side in away]
    return _thins(away[0], step) * _thins(away[1], step)


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
    """Which columns of a table (rows, columns) may separate two classes: a quick test."""
    ends = []
    for side in (0, 1):
        ranked = np.sort(table[target == side], axis=0)  # missing ones come last
        filled = np.isfinite(ranked).sum(axis=0)
        if not len(ranked):
            return np.zeros(table.shape[1], bool)
        rows = [(share * np.maximum(filled - 1, 0)).astype(int) for share in (0.03, 0.97)]
        ends.append([np.where(filled >= 10, ranked[at, range(len(at))], np.nan) for at in rows])
    (low, high), (other_low, other_high) = ends
    return np.asarray((high <= other_low) | (other_high <= low), dtype=bool)


def cuts_quantity(categories: Categories, values: Array) -> bool:
    """Whether the categories cut a quantity into ranges, as bins do; missing may be one too.

    Honest categories mix near the border of two ranges, or a gap lies there.
    """
    filled, rows = categories.filled()
    has_blanks = len(values) > len(rows) >= max(FEWEST_ROWS, FILLED * len(values))
    return _is_cut(categories, values) or (has_blanks and _is_cut(filled, values[rows]))


def _is_cut(categories: Categories, values: Array) -> bool:
    sizes = np.bincount(categories.codes, minlength=len(categories.labels))
    large = sizes >= categorical.FEWEST
    if not 1 < large.sum() <= MOST_CATEGORIES or len(np.unique(values)) <= MOST_NUMBERS:
        return False
    if sizes[large].sum() < MOST_IN_RANGES * len(values):
        return False
    middle = pd.Series(values).groupby(categories.codes).median()
    inside = [code for code in middle.sort_values().index if large[code]]
    wrong = 0
    for lower, upper in pairwise(inside):
        split = Split.of(values[categories.codes == lower], values[categories.codes == upper])
        if split is None or not _is_sharp(split, min(sizes[lower], sizes[upper])):
            return False
        wrong += split.wrong
    return bool(wrong <= allowed(len(values), categorical.WRONG))


def _is_sharp(split: Split, smaller: int) -> bool:
    """Whether hardly a row near the border is on the wrong side, and no gap lies there."""
    near, at, ranked = max(5, int(0.05 * smaller)), split.at, split.ranked
    around = min(len(ranked), at + near) - max(0, at - near)
    steps = np.diff(np.unique(ranked[max(0, at - 4 * near) : at + 4 * near]))
    if split.wrong_within(near) > 0.04 * around or len(steps) < 4:
        return False
    return bool(ranked[at] - ranked[at - 1] <= WIDEST * np.median(steps))
