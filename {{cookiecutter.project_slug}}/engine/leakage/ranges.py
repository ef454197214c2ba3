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
from engine.leakage.threshold_rules import FEWEST, THIN, thinness
from engine.problem.spec import Problem

# Ranges at most, and rows of each. Between the ranges of an id lie gaps, so it needs more ids, and
# most of all where each class has one range only, as a strong honest feature has.
MOST_RANGES, FEWEST_IN_RANGE, FEWEST_IDS, FEWEST_IDS_OF_ONE = 24, 20, 60, 200
# A number counts time if its ranks correlate with those of a time by so much.
COUNTS_TIME = 0.95


def in_ranges(
    problem: Problem, frame: pd.DataFrame, columns: Mapping[str, pd.Series], outcome: Outcome
) -> Iterator[Leak]:
    """Numbers of which a few ranges hold one class each; `frame` is in time order, if it has one.

    Rows of one unit are no more evidence than one of them.
    """
    if not outcome.classes:
        return
    rows = np.arange(len(frame))
    if problem.rows.unit:
        codes = pd.factorize(frame[problem.rows.unit], use_na_sentinel=False)[0]
        rows = np.sort(np.unique(codes, return_index=True)[1])
    dates = {name for name in columns if pd.api.types.is_datetime64_any_dtype(columns[name].dtype)}
    times = [as_numbers(columns[name])[rows] for name in dates]
    times += [rows.astype(np.float64)] if problem.rows.time else []
    for name in [name for name in columns if name not in dates]:
        for part, number in number_views(columns[name]):
            if borders := _borders(number[rows], outcome.take(rows), times):
                listed = ", ".join(f"{border:.6g}" for border in borders)
                yield Leak((name,), f"{part}its ranges hold one class each: it changes at {listed}")
                break


def _borders(values: Array, outcome: Outcome, times: Sequence[Array]) -> list[float] | None:
    """Where the class changes along a number, if few ranges hold one class each; else None."""
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


def _ranges(column: Array, target: Codes, most_wrong: int) -> list[Array] | None:
    """The values of each range, in order, without a few rows that are on the wrong side."""
    rows = len(target)
    # Single rows first: what they cut apart is one range.
    for fewest in (3, FEWEST_IN_RANGE):
        runs = np.concatenate([[0], np.cumsum(target[1:] != target[:-1])])
        large = (np.bincount(runs) >= fewest)[runs]
        column, target = column[large], target[large]
        if rows - len(target) > most_wrong:
            return None
    borders = np.flatnonzero(target[1:] != target[:-1]) + 1
    return np.split(column, borders) if len(borders) < MOST_RANGES else None


def _are_sharp(ranges: list[Array], classes: int) -> bool:
    """Whether rows lie as thick at the borders as behind them, on average over the borders."""
    # An id is a whole number; rows with the same one are no more evidence than one of them.
    ids = [np.unique(values) for values in ranges]
    fewest = FEWEST_IDS if len(ranges) > classes else FEWEST_IDS_OF_ONE
    are_ids = not any((one % 1).any() or len(one) < fewest for one in ids)
    if len(ranges) <= (1 if are_ids else classes):
        return False
    sides = pairwise(ids if are_ids else ranges)
    thin = [thinness(low, high, may_have_gap=are_ids) for low, high in sides]
    return bool(np.exp(np.mean(np.log(thin))) <= THIN)


def _counts(values: Array, time: Array) -> bool:
    """Whether a number rises, or falls, with a time."""
    filled = np.isfinite(values) & np.isfinite(time)
    if filled.sum() < FEWEST:
        return False
    return bool(abs(spearmanr(values[filled], time[filled]).statistic) >= COUNTS_TIME)
