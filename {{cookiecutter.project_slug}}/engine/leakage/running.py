"""Statistics that a row's own outcome was taken out of, or that it was the last to be added to.

Both give it away to whoever knows the other rows of the group: a mean of the others is lower where
the row's own outcome is high, a total so far has just grown by it. The total before the row, which
grows by the outcome of the row before, is honest.
"""

from collections.abc import Iterator

import numpy as np

from engine.leakage.outcome import Array, Codes, Outcome
from engine.leakage.statistics import FEWEST_ROWS, OFF, Groups, rounding_of, targets

# Rows for a quick look, of whole groups and of the first ones, that only such a statistic passes;
# and how near one must be, in spreads.
SAMPLE_SIZE, START, NEAR = 400, 1_000, 0.02
# Rows in which the outcome is another than that of the row before: there alone a total so far
# differs from the total before.
FEWEST_CHANGES = 20


def leaving_one_out(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which mean of the outcome over the other rows of a row's group the column is, or None."""
    sizes = np.bincount(groups.codes)
    glance = groups.codes <= np.searchsorted(np.cumsum(sizes), SAMPLE_SIZE)
    for rows in (np.flatnonzero(glance), np.arange(len(groups.codes))):
        said = _leaving_one_out(values[groups.rows[rows]], groups, rows, sizes, outcome)
        if said is None:
            return None
    return said


def _leaving_one_out(
    values: Array, groups: Groups, rows: Codes, sizes: Codes, outcome: Outcome
) -> str | None:
    codes = groups.codes[rows]
    others = (sizes[codes] > 1) & np.isfinite(values)
    if others.sum() < min(FEWEST_ROWS, 0.5 * len(rows)) or len(sizes) < 2:
        return None
    for said, target in targets(outcome.values[groups.rows[rows]], outcome):
        sums = np.bincount(codes, target, minlength=len(sizes))[codes]
        means = (sums - target)[others] / (sizes[codes][others] - 1)
        off, spread = np.abs(means - values[others]), means.std()
        if np.median(off) <= NEAR * spread and _is_exact(off, spread, values[others]):
            return f"the mean of {said}"
    return None


def _is_exact(off: Array, spread: float, values: Array) -> bool:
    rounding = rounding_of(values)
    near = 1e-6 * spread + rounding
    return bool(np.quantile(off, 1 - OFF) <= near and rounding < NEAR * spread)


def running(values: Array, groups: Groups, outcome: Outcome) -> str | None:
    """Which statistic of the outcome up to the row's own the column is, or None.

    The rows of `groups` are in the order in which they came.
    """
    if len(groups.rows) < FEWEST_ROWS:
        return None
    for few, changes in ((slice(0, START), 1), (slice(None), FEWEST_CHANGES)):
        column, seen = values[groups.rows[few]], outcome.values[groups.rows[few]]
        said = next(_so_far(column, seen, groups.codes[few], outcome, changes), None)
        if said is None:
            return None
    return said


def _so_far(
    column: Array, seen: Array, codes: Codes, outcome: Outcome, changes: int
) -> Iterator[str]:
    follows = np.append(False, codes[1:] == codes[:-1])
    place = np.arange(len(codes))
    number = place - np.maximum.accumulate(np.where(follows, 0, place)) + 1
    for said, target in targets(seen, outcome):
        for name, total, times in (
            ("total", column, np.ones(len(codes))),
            ("mean", column * number, number.astype(np.float64)),
        ):
            wrong = np.abs(np.diff(total, prepend=0) - target)
            if follows.any() and _least(wrong[follows]) <= NEAR * target.std():
                off = times * _rounding(column, target, is_total=name == "total")
                asked = follows & (off < NEAR * target.std())
                told = asked & (target != np.roll(target, 1))
                far = ~(wrong <= 2 * off + 1e-6 * target.std() + 1e-9 * np.abs(total))
                # Of two classes, the total before is right of the other one where they change.
                if told.sum() >= changes and max(far[told].mean(), far[asked].mean()) <= OFF:
                    yield f"the {name} of {said}"


def _least(wrong: Array) -> float:
    """The tenth that is nearest is so near: a quick look."""
    return float(np.partition(wrong, len(wrong) // 10)[len(wrong) // 10])


def _rounding(column: Array, target: Array, *, is_total: bool) -> float:
    """Half of what the column is rounded to; sums of what is rounded alike are exact."""
    rounding = rounding_of(column[np.isfinite(column)])
    return 0.0 if is_total and rounding <= rounding_of(target) else rounding
