"""Several ranges of a number, each of one class: ids that were given out class by class.

An honest number mixes the classes, or its rows grow thin towards the border. States that last,
such as those of a machine, make ranges of every number that counts time: these are not evidence.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from engine.leakage.categorical import WRONG_OF_MANY, allowed
from engine.leakage.fit import FILLED
from engine.leakage.outcome import Array, Codes, Leak, Outcome, as_numbers, number_views
from engine.leakage.threshold_rules import FEWEST, THIN, thins, too_wide
from engine.problem.spec import Problem

# Ranges at most, and rows of each; between the ranges of an id lie gaps, so it needs more rows,
# and most of all where each class has one range only, as a strong honest feature has.
MOST_RANGES, FEWEST_IN_RANGE, FEWEST_OF_ID, FEWEST_OF_ONE = 24, 20, 60, 200
# A number counts time if its ranks correlate with those of a time by so much.
COUNTS_TIME = 0.95
# An id is whole, and so many of its values differ.
DISTINCT = 0.95


def in_ranges(
    problem: Problem, frame: pd.DataFrame, columns: Mapping[str, pd.Series], outcome: Outcome
) -> Iterator[Leak]:
    """Numbers of which a few ranges hold one class each; `frame` is in time order, if it has one.

    Rows of one unit are no more evidence than one of them.
    """
    is_date = pd.api.types.is_datetime64_any_dtype
    times = [as_numbers(values) for values in columns.values() if is_date(values.dtype)]
    times += [np.arange(len(frame), dtype=np.float64)] if problem.rows.time else []
    rows = np.arange(len(frame))
    if problem.rows.unit:
        rows = first_of_each(pd.factorize(frame[problem.rows.unit], use_na_sentinel=False)[0])
    times = [values[rows] for values in times]
    for name, values in columns.items():
        if not outcome.classes or is_date(values.dtype):
            continue
        for part, number in number_views(values):
            if borders := pure_ranges(number[rows], outcome.take(rows), times):
                listed = ", ".join(f"{border:.6g}" for border in borders)
                yield Leak((name,), f"{part}its ranges hold one class each: it changes at {listed}")
                break


def pure_ranges(values: Array, outcome: Outcome, times: Sequence[Array] = ()) -> list[float] | None:
    """Where the class changes along a number, if few ranges hold one class each; else None.

    `values` and `times` have the shape (n,); a number that counts one of the times is not named.
    """
    filled = np.flatnonzero(np.isfinite(values))
    column, target = values[filled], outcome.codes[filled]
    most_wrong = int(allowed(len(filled), WRONG_OF_MANY))
    order = np.lexsort((target, column))
    column, ranked = column[order], target[order]
    # At most so many changes, or it is a number like any other: the usual, quick end.
    if (ranked[1:] != ranked[:-1]).sum() > MOST_RANGES + 2 * most_wrong:
        return None
    sizes = np.bincount(target, minlength=len(outcome.classes))
    if len(filled) < FILLED * len(values) or (sizes >= FEWEST).sum() < 2:
        return None
    ranges = _ranges(column, ranked, most_wrong)
    if ranges is None or not _are_sharp(ranges, int((sizes > 0).sum())):
        return None
    if any(_counts(values, time) for time in times):
        return None
    return [float(upper[0]) for _, upper in pairwise(ranges)]


def first_of_each(groups: Codes) -> Codes:
    """The first row of each group: the others are no further evidence."""
    return np.sort(np.unique(groups, return_index=True)[1])


def _ranges(column: Array, target: Codes, most_wrong: int) -> list[Array] | None:
    """The values of each range, in order, without a few rows that are on the wrong side."""
    rows = len(target)
    # Single rows first: what they cut apart is one range.
    for fewest in (3, FEWEST_IN_RANGE):
        runs = np.concatenate([[0], np.cumsum(target[1:] != target[:-1])])
        kept = (np.bincount(runs) >= fewest)[runs]
        column, target = column[kept], target[kept]
        if rows - len(target) > most_wrong:
            return None
    borders = np.flatnonzero(target[1:] != target[:-1]) + 1
    return np.split(column, borders) if len(borders) < MOST_RANGES else None


def _are_sharp(ranges: list[Array], classes: int) -> bool:
    """Whether rows lie as thick at the borders as behind them, on average over the borders."""
    everything, smallest = np.concatenate(ranges), min(map(len, ranges))
    is_id = not (everything % 1).any() and (np.diff(everything) > 0).mean() >= DISTINCT
    fewest = FEWEST_OF_ID if len(ranges) > classes else FEWEST_OF_ONE
    may_have_gaps = is_id and smallest >= fewest
    if len(ranges) <= (1 if may_have_gaps else classes):
        return False
    thin = []
    for low, high in pairwise(ranges):
        # From the border to each row, the nearest first.
        middle = (low[-1] + high[0]) / 2
        away = [middle - low[::-1], high - middle]
        wide, step = too_wide(*away)
        if wide and not may_have_gaps:
            return False
        if wide:
            away = [side - side[0] + step for side in away]
        thin.append(thins(away[0], step) * thins(away[1], step))
    return bool(np.exp(np.mean(np.log(thin))) <= THIN)


def _counts(values: Array, time: Array) -> bool:
    filled = np.isfinite(values) & np.isfinite(time)
    if filled.sum() < FEWEST:
        return False
    return bool(abs(spearmanr(pd.Series(values[filled]), time[filled]).statistic) >= COUNTS_TIME)
