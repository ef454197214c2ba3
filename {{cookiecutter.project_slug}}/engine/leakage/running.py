"""Statistics of the other rows of a group, or of the rows up to and with the row itself.

Both give the row's own outcome away to whoever knows the other rows: a mean of the others is lower
where the outcome is high, a total so far has just grown by it. The total before the row is honest.
"""

import numpy as np

from engine.leakage.fit import FEWEST_ROWS
from engine.leakage.outcome import Array, Codes, Outcome
from engine.leakage.statistics import OFF, Groups, rounding_of, targets

# Rows for a quick test, of whole groups and of the first ones, that only such a statistic passes;
# and how near one must be, in spreads.
SAMPLE_SIZE, START, NEAR = 400, 1_000, 0.02
# Rows in which the outcome is another than that of the row before: only there a total so far
# differs from the total before.
FEWEST_CHANGES = 20


def leaving_one_out(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which mean of the outcome over the other rows of a row's group the column is, or None."""
    sizes = np.bincount(groups.codes)
    few = np.flatnonzero(groups.codes <= np.searchsorted(np.cumsum(sizes), SAMPLE_SIZE))
    if _leaving_one_out(values, groups, few, sizes, outcome):
        return _leaving_one_out(values, groups, np.arange(len(groups.codes)), sizes, outcome)
    return None


def _leaving_one_out(
    values: Array, groups: Groups, rows: Codes, sizes: Codes, outcome: Outcome
) -> str | None:
    codes, column = groups.codes[rows], values[groups.rows[rows]]
    others = (sizes[codes] > 1) & np.isfinite(column)
    if others.sum() < min(FEWEST_ROWS, 0.5 * len(rows)) or len(sizes) < 2:
        return None
    for label, target in targets(outcome.values[groups.rows[rows]], outcome):
        sums = np.bincount(codes, target, minlength=len(sizes))[codes]
        means = (sums - target)[others] / (sizes[codes][others] - 1)
        off, spread = np.abs(means - column[others]), means.std()
        if np.median(off) <= NEAR * spread and _is_exact(off, spread, column[others]):
            return f"the mean of {label}"
    return None


def _is_exact(off: Array, spread: float, values: Array) -> bool:
    rounding = rounding_of(values)
    near = 1e-6 * spread + rounding
    return bool(np.quantile(off, 1 - OFF) <= near and rounding < NEAR * spread)


def running(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which statistic of the outcome up to the row's own the column is, or None.

    The rows of `groups` are in time order.
    """
    if len(groups.rows) >= FEWEST_ROWS and _so_far(values, groups, outcome, START, 1):
        return _so_far(values, groups, outcome, len(groups.rows), FEWEST_CHANGES)
    return None


def _so_far(values: Array, groups: Groups, outcome: Outcome, rows: int, fewest: int) -> str | None:
    """As `running`, in the first `rows`; at `fewest` of them the outcome must change."""
    codes, column = groups.codes[:rows], values[groups.rows[:rows]]
    follows = np.append(False, codes[1:] == codes[:-1])
    position = np.arange(len(codes))
    number = position - np.maximum.accumulate(np.where(follows, 0, position)) + 1
    for label, target in targets(outcome.values[groups.rows[:rows]], outcome):
        for name, total, times in (
            ("total", column, np.ones(len(codes))),
            ("mean", column * number, number.astype(np.float64)),
        ):
            wrong = np.abs(np.diff(total, prepend=0) - target)
            if not follows.any() or _tenth(wrong[follows]) > NEAR * target.std():
                continue
            off = times * _rounding(column, target, is_total=name == "total")
            tested = follows & (off < NEAR * target.std())
            changes = tested & (target != np.roll(target, 1))
            far = ~(wrong <= 2 * off + 1e-6 * target.std() + 1e-9 * np.abs(total))
            # Of two classes, the total before is right of the other one where they change.
            if changes.sum() >= fewest and max(far[changes].mean(), far[tested].mean()) <= OFF:
                return f"the {name} of {label}"
    return None


def _tenth(wrong: Array) -> float:
    """The greatest of the smallest tenth, for a quick test."""
    return float(np.partition(wrong, len(wrong) // 10)[len(wrong) // 10])


def _rounding(column: Array, target: Array, *, is_total: bool) -> float:
    """Half of what the column is rounded to; sums of what is rounded alike are exact."""
    rounding = rounding_of(column[np.isfinite(column)])
    return 0.0 if is_total and rounding <= rounding_of(target) else rounding
