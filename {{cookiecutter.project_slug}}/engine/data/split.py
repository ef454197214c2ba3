"""Which rows a model learns from, and which it is judged on once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.pages.formatting import percent
from engine.problem.errors import BadInput
from engine.problem.spec import Problem

PARTS = 5  # the test is one part of so many, and so is each fold of the rest
SMALLEST, LARGEST = 0.05, 0.5  # a smaller test says little, a larger one leaves little to learn
SHOWN = 3  # how many examples a fault names
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Row numbers of a frame, apart; `how` says in words what kept them apart."""

    train: Rows
    test: Rows
    how: str


def split(problem: Problem, frame: pd.DataFrame, seed: int = 0) -> Split:
    """A fifth of the rows for the test: the latest where there is time, else at random.

    Never on both sides: a moment where there is time; else a unit, or rows that are the same in
    every input. Without time each side gets its share of each class. With time a unit may come
    back in the test, as it does in production: `how` says how often, and no model reads its name.

    Raises:
        BadInput: the rows cannot be parted so, the test would be far from a fifth, or a side would
            lack a class.
    """
    if problem.rows.time:
        train, test = next(_by_time(frame[problem.rows.time], [1 - 1 / PARTS]))
    else:
        train, test = next(_at_random(problem, frame, seed))
    share = len(test) / len(frame)
    if not SMALLEST <= share <= LARGEST:
        raise BadInput(
            f"the test would hold {percent(share)} of the rows instead of a fifth, since "
            f"{_bond(problem)} stay together; add rows, or split otherwise (rows.time, rows.unit "
            "in problem.toml)"
        )
    how = _how(problem, frame, train, test)
    if not _holds_classes(problem, frame, train, test, every=not problem.rows.time):
        raise BadInput(
            f"a model cannot be judged on these rows: {how}, and then one side lacks a class of "
            f"'{problem.target.column}'; add rows of it, join it with another class, or split "
            "otherwise (rows.time, rows.unit in problem.toml)"
        )
    return Split(train, test, how)


def faults(problem: Problem, frame: pd.DataFrame, parts: Split) -> list[str]:
    """What is wrong with a split of `frame`, in words; nothing if it keeps what `split` promises.

    Looked for: rows in both parts or in none, a test row no later than a training row where there
    is time, and else a unit, or rows that are the same in every input, on both sides.
    """
    train, test = parts.train, parts.test
    learnt, judged = (np.bincount(side, minlength=len(frame)) for side in (train, test))
    rows = {
        "in both parts": (learnt > 0) & (judged > 0),
        "in no part": (learnt == 0) & (judged == 0),
        "twice in one part": (learnt > 1) | (judged > 1),
    }
    found = [f"{_rows(np.flatnonzero(odd))} {what}" for what, odd in rows.items() if odd.any()]
    if not len(train) or not len(test):
        return [*found, "a side without rows"]
    if problem.rows.time:
        moments = frame[problem.rows.time]
        last = moments.iloc[train].max()
        if len(early := test[(moments.iloc[test] <= last).to_numpy()]):
            found.append(f"{_rows(early)} of the test not later than the last learnt from, {last}")
        return found
    keys = _alike(problem, frame)
    both = test[keys.iloc[test].isin(keys.iloc[train]).to_numpy() & (learnt[test] == 0)]
    if len(both):
        what = f"rows of one {problem.rows.unit}" if problem.rows.unit else "duplicates"
        found.append(f"{what} on both sides: {_rows(both)} of the test")
    return found


def _alike(problem: Problem, frame: pd.DataFrame) -> pd.Series:
    """What tells rows apart that may not stand on two sides: their unit, or all of their inputs.

    Written apart from `_groups`, by which rows are dealt out: whoever changes the one by mistake
    is told by the other.
    """
    if problem.rows.unit:
        return frame[problem.rows.unit]
    inputs = [name for name in frame if name not in problem.kept_out]
    return frame.groupby(inputs, dropna=False, sort=False).ngroup()


def _rows(numbers: Rows) -> str:
    """How many rows, and the first of them (row 1 is the first of the frame)."""
    first = ", ".join(str(number + 1) for number in numbers[:SHOWN])
    more = ", …" if len(numbers) > SHOWN else ""
    return f"{len(numbers):,} {'row' if len(numbers) == 1 else 'rows'} ({first}{more})"


def _how(problem: Problem, frame: pd.DataFrame, train: Rows, test: Rows) -> str:
    """A description of the split, for people."""
    share = percent(len(test) / len(frame))
    if not problem.rows.time:
        kind = "random" if problem.target.task == "regression" else "stratified"
        return f"test set: a {kind} {share} of the rows; {_bond(problem)} stay together"
    how = f"test set: the latest {share} by {problem.rows.time}"
    if not problem.rows.unit:
        return how
    units = _groups(problem, frame)
    back = float(np.isin(units[test], units[train]).mean())
    return f"{how}; {percent(back)} of its rows have a {problem.rows.unit} of the training rows"


def _bond(problem: Problem) -> str:
    """What keeps rows together."""
    if problem.rows.time:
        return f"rows of one moment of {problem.rows.time}"
    return f"rows of one {problem.rows.unit}" if problem.rows.unit else "duplicates"


def folds(problem: Problem, frame: pd.DataFrame, seed: int = 0) -> Iterator[tuple[Rows, Rows]]:
    """Cross-validation within the training rows, apart by the same rule as `split`.

    By time: a fold learns from all that came before the rows it is judged on. Folds in which a
    side would lack a class are left out.

    Raises:
        BadInput: fewer than two folds are left.
    """
    if problem.rows.time:
        shares = [part / (PARTS + 1) for part in range(1, PARTS + 1)]
        pairs = _by_time(frame[problem.rows.time], shares)
    else:
        pairs = _at_random(problem, frame, seed)
    whole = [
        (learn, judge) for learn, judge in pairs if _holds_classes(problem, frame, learn, judge)
    ]
    if len(whole) < 2:
        raise BadInput(
            f"cross-validation needs each class of '{problem.target.column}' in what a fold "
            "learns from and two in what it is judged on; add rows of the rare classes, join "
            "these with others, or split otherwise (rows.time, rows.unit in problem.toml)"
        )
    yield from whole


def _by_time(moments: pd.Series, shares: Sequence[float]) -> Iterator[tuple[Rows, Rows]]:
    """What came before each share of the rows, and what came from there to the next share."""
    ordered = np.sort(moments.to_numpy())
    last = len(ordered)
    cuts = sorted({_between_moments(ordered, share) for share in shares})
    for start, end in zip(cuts, [*cuts[1:], last], strict=True):
        before = (moments < ordered[start]).to_numpy()
        until = np.ones(last, bool) if end == last else (moments < ordered[end]).to_numpy()
        yield np.flatnonzero(before), np.flatnonzero(until & ~before)


def _between_moments(ordered: NDArray[np.generic], share: float) -> int:
    """Where to cut, as near to `share` as can be without parting rows of the same moment."""
    at = int(len(ordered) * share)
    ends = [int(np.searchsorted(ordered, ordered[at], side)) for side in ("left", "right")]
    inside = [cut for cut in ends if 0 < cut < len(ordered)]
    if not inside:
        raise BadInput(
            "all rows have the same time, so none can be kept for later; leave rows.time out of "
            "problem.toml"
        )
    return min(inside, key=lambda cut: abs(cut - at))


def _at_random(problem: Problem, frame: pd.DataFrame, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """Each part in turn against the others.

    Groups of rows that stay together are dealt out in random order, class by class (a group's
    class is that of its first row): the running count of rows says which part a group falls into.
    """
    groups = _groups(problem, frame)
    sizes = np.bincount(groups)
    if len(sizes) < 2 * PARTS:
        what = f"values of rows.unit '{problem.rows.unit}'" if problem.rows.unit else "rows"
        raise BadInput(
            f"there are {len(sizes)} different {what}, too few to keep some apart for a test; "
            f"expected at least {2 * PARTS}: add rows or inputs, or another unit"
        )
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    strata = np.zeros(len(sizes), np.intp)
    if problem.target.task != "regression":
        first = np.unique(groups, return_index=True)[1]
        strata = frame[problem.target.column].factorize()[0][first]
    part = np.empty(len(sizes), np.intp)
    for stratum in np.unique(strata):
        chosen = shuffled[strata[shuffled] == stratum]
        part[chosen] = _dealt(sizes[chosen])
    of_row = part[groups]
    for one in range(PARTS):
        yield np.flatnonzero(of_row != one), np.flatnonzero(of_row == one)


def _dealt(sizes: Rows) -> Rows:
    """A part for each group, so that parts come out about equal in rows.

    The running count of rows says which part a group falls into. A group as large as a part would
    leave others empty: with one of these, the largest go first, each to the part that has least,
    and the test is the part that is nearest to a fair share.
    """
    upto = np.cumsum(sizes)
    if sizes.max() * PARTS <= upto[-1]:
        running: Rows = ((upto - sizes / 2) * PARTS / upto[-1]).astype(np.intp)
        return running
    part, filled = np.empty(len(sizes), np.intp), np.zeros(PARTS, np.intp)
    for group in np.argsort(-sizes, kind="stable"):
        part[group] = np.argmin(filled)
        filled[part[group]] += sizes[group]
    unfair = np.where(filled > 0, np.abs(filled - upto[-1] / PARTS), np.inf)
    labels = np.arange(PARTS)
    labels[[0, int(np.argmin(unfair))]] = labels[[int(np.argmin(unfair)), 0]]
    return labels[part]


def _groups(problem: Problem, frame: pd.DataFrame) -> NDArray[np.intp]:
    """A number for each row; rows with the same number stay together."""
    if problem.rows.unit:
        return frame[problem.rows.unit].factorize(use_na_sentinel=False)[0]
    inputs = frame.drop(columns=[name for name in frame if name in problem.kept_out])
    return pd.util.hash_pandas_object(inputs, index=False).factorize()[0]


def _holds_classes(
    problem: Problem, frame: pd.DataFrame, learn: Rows, judge: Rows, *, every: bool = False
) -> bool:
    """Is each class in `learn`, and in `judge` two to tell apart, or `every` one?"""
    if not len(learn) or not len(judge):
        return False
    if problem.target.task == "regression":
        return True
    outcome = frame[problem.target.column]
    known, judged = outcome.nunique(), outcome.iloc[judge].nunique()
    return outcome.iloc[learn].nunique() == known and judged >= max(2, known if every else 2)
