"""Splits rows into training and test rows, and training rows into folds; checks a split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from engine.data.equal_parts import equal_parts
from engine.pages.formatting import count, percent
from engine.problem.errors import BadInput
from engine.problem.spec import Problem

PARTS = 5  # the test set is one part of so many, and so is each fold of the rest
SMALLEST, LARGEST = 0.05, 0.5  # shares of the test set
SHOWN = 3  # rows in a message
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Row numbers of a frame, and a description of the split for people."""

    train: Rows
    test: Rows
    description: str


def split(problem: Problem, frame: pd.DataFrame, seed: int = 0) -> Split:
    """A fifth of the rows as the test set: the latest where there is time, else at random.

    Rows that are never on both sides: those of one time where there is time; else those of one
    unit, or duplicates in every input. Without time the split is stratified by class. With time a
    unit can be on both sides, as in production; the description has the share.

    Raises:
        BadInput: such a split is impossible, the test set would be far from a fifth, or a side
            would lack a class.
    """
    if problem.rows.time:
        train, test = next(_by_time(frame[problem.rows.time], [1 - 1 / PARTS]))
    else:
        train, test = next(_at_random(problem, frame, seed))
    share = len(test) / len(frame)
    if not SMALLEST <= share <= LARGEST:
        raise BadInput(
            f"the test set would have {percent(share)} of the rows instead of 20 %, because "
            f"{_kept_together(problem)} stay together; add rows, or split otherwise "
            "(rows.time, rows.unit in problem.toml)",
            code="bad-split",
        )
    text = _describe(problem, frame, train, test)
    if not _holds_classes(problem, frame, train, test, every=not problem.rows.time):
        raise BadInput(
            f"a model cannot be evaluated on these rows: {text}; one side lacks a class of "
            f"'{problem.target.column}'; add rows of it, merge it with another class, or split "
            "otherwise (rows.time, rows.unit in problem.toml)",
            code="missing-class",
        )
    return Split(train, test, text)


def _describe(problem: Problem, frame: pd.DataFrame, train: Rows, test: Rows) -> str:
    """A description of the split, for people."""
    share = percent(len(test) / len(frame))
    if not problem.rows.time:
        kind = "random" if problem.target.task == "regression" else "stratified"
        return f"test set: a {kind} {share} of the rows; {_kept_together(problem)} stay together"
    text = f"test set: the latest {share} by {problem.rows.time}"
    if unit := problem.rows.unit:
        text += (
            f"; {_again(_groups(problem, frame), train, test)} have a {unit} of the training rows"
        )
    inputs = _same_inputs(problem, frame)
    # A model knows such rows by heart: of a table that was exported twice it looks too good.
    if np.isin(inputs[test], inputs[train]).any():
        text += f"; {_again(inputs, train, test)} repeat a training row in every input but the time"
    return text


def _again(numbers: NDArray[np.intp], train: Rows, test: Rows) -> str:
    """The share of the test rows whose number a training row has."""
    return f"{percent(float(np.isin(numbers[test], numbers[train]).mean()))} of its rows"


def _kept_together(problem: Problem) -> str:
    """The rows that stay together."""
    if problem.rows.time:
        return f"rows of one time of {problem.rows.time}"
    return f"rows of one {problem.rows.unit}" if problem.rows.unit else "duplicates"


def folds(problem: Problem, frame: pd.DataFrame, seed: int = 0) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of training and validation rows for cross-validation, by the same rule as `split`.

    With time, a fold trains on all rows before its validation rows. Folds in which a side would
    lack a class are skipped.

    Raises:
        BadInput: fewer than two folds are left.
    """
    if problem.rows.time:
        shares = [part / (PARTS + 1) for part in range(1, PARTS + 1)]
        pairs = _by_time(frame[problem.rows.time], shares)
    else:
        pairs = _at_random(problem, frame, seed)
    whole = [
        (train, validation)
        for train, validation in pairs
        if _holds_classes(problem, frame, train, validation)
    ]
    if len(whole) < 2:
        raise BadInput(
            f"cross-validation needs each class of '{problem.target.column}' in the training rows "
            "of a fold, and two in its validation rows; add rows of the rare classes, merge "
            "these with others, or split otherwise (rows.time, rows.unit in problem.toml)",
            code="missing-class",
        )
    yield from whole


def _by_time(times: pd.Series, shares: Sequence[float]) -> Iterator[tuple[Rows, Rows]]:
    """The rows before each share of the rows, and those from there to the next share."""
    ordered = np.sort(times.to_numpy())
    last = len(ordered)
    borders = sorted({_between_times(ordered, share) for share in shares})
    for start, end in zip(borders, [*borders[1:], last], strict=True):
        before = (times < ordered[start]).to_numpy()
        until = np.ones(last, bool) if end == last else (times < ordered[end]).to_numpy()
        yield np.flatnonzero(before), np.flatnonzero(until & ~before)


def _between_times(ordered: NDArray[np.generic], share: float) -> int:
    """The border nearest to `share` that does not separate rows of the same time."""
    at = int(len(ordered) * share)
    ends = [int(np.searchsorted(ordered, ordered[at], side)) for side in ("left", "right")]
    inside = [cut for cut in ends if 0 < cut < len(ordered)]
    if not inside:
        raise BadInput(
            "all rows have the same time, so a split by time is impossible; remove rows.time from "
            "problem.toml",
            code="bad-split",
        )
    return min(inside, key=lambda cut: abs(cut - at))


def _at_random(problem: Problem, frame: pd.DataFrame, seed: int) -> Iterator[tuple[Rows, Rows]]:
    """The other parts and each part in turn.

    Groups of rows are assigned in random order, class by class; a group's class is that of its
    first row.
    """
    groups = _groups(problem, frame)
    sizes = np.bincount(groups)
    if len(sizes) < 2 * PARTS:
        what = f"values of rows.unit '{problem.rows.unit}'" if problem.rows.unit else "rows"
        raise BadInput(
            f"there are {len(sizes)} different {what}, too few for a test set; "
            f"expected at least {2 * PARTS}: add rows or inputs, or another unit",
            code="too-few-rows",
        )
    shuffled = np.random.default_rng(seed).permutation(len(sizes))
    strata = np.zeros(len(sizes), np.intp)
    if problem.target.task != "regression":
        first = np.unique(groups, return_index=True)[1]
        strata = frame[problem.target.column].factorize()[0][first]
    part = np.empty(len(sizes), np.intp)
    for stratum in np.unique(strata):
        chosen = shuffled[strata[shuffled] == stratum]
        part[chosen] = equal_parts(sizes[chosen], PARTS)
    of_row = part[groups]
    for one in range(PARTS):
        yield np.flatnonzero(of_row != one), np.flatnonzero(of_row == one)


def _groups(problem: Problem, frame: pd.DataFrame) -> NDArray[np.intp]:
    """A number for each row; rows with the same number stay together."""
    if problem.rows.unit:
        return frame[problem.rows.unit].factorize(use_na_sentinel=False)[0]
    return _same_inputs(problem, frame)


def _same_inputs(problem: Problem, frame: pd.DataFrame) -> NDArray[np.intp]:
    """A number for each row; rows that are equal in every input but the time have the same."""
    left_out = problem.kept_out | {problem.rows.time}
    inputs = frame.drop(columns=[name for name in frame if name in left_out])
    if inputs.columns.empty:
        return np.arange(len(frame))
    return pd.util.hash_pandas_object(inputs, index=False).factorize()[0]


def _holds_classes(
    problem: Problem, frame: pd.DataFrame, train: Rows, validation: Rows, *, every: bool = False
) -> bool:
    """Whether `train` has each class, and `validation` two of them, or `every` one."""
    if not len(train) or not len(validation):
        return False
    if problem.target.task == "regression":
        return True
    outcome = frame[problem.target.column]
    classes, in_test = outcome.nunique(), outcome.iloc[validation].nunique()
    return outcome.iloc[train].nunique() == classes and in_test >= max(2, classes if every else 2)


def faults(problem: Problem, frame: pd.DataFrame, result: Split) -> list[str]:
    """A message for each promise of `split` that a split of `frame` breaks.

    Checked: rows in both parts or in none; with time, a test row no later than a training row;
    else a unit or duplicates on both sides.
    """
    train, test = result.train, result.test
    in_train, in_test = (np.bincount(side, minlength=len(frame)) for side in (train, test))
    rows = {
        "in both parts": (in_train > 0) & (in_test > 0),
        "in no part": (in_train == 0) & (in_test == 0),
        "twice in one part": (in_train > 1) | (in_test > 1),
    }
    messages = [
        f"{_described(np.flatnonzero(wrong))} {what}" for what, wrong in rows.items() if wrong.any()
    ]
    if not len(train) or not len(test):
        return [*messages, "a side without rows"]
    if problem.rows.time:
        times = frame[problem.rows.time]
        last = times.iloc[train].max()
        if len(early := test[(times.iloc[test] <= last).to_numpy()]):
            messages.append(
                f"{_described(early)} of the test not later than the last training row, {last}"
            )
        return messages
    # Independent of `_groups`, which `split` uses, so that a mistake in either is detected.
    inputs = [name for name in frame if name not in problem.kept_out]
    unit = problem.rows.unit
    keys = frame[unit] if unit else frame.groupby(inputs, dropna=False, sort=False).ngroup()
    both = test[keys.iloc[test].isin(keys.iloc[train]).to_numpy() & (in_train[test] == 0)]
    if len(both):
        what = f"rows of one {unit}" if unit else "duplicates"
        messages.append(f"{what} on both sides: {_described(both)} of the test")
    return messages


def _described(numbers: Rows) -> str:
    """The number of rows, and the first of them (row 1 is the first of the frame)."""
    first = ", ".join(str(number + 1) for number in numbers[:SHOWN])
    return f"{count(len(numbers), 'row')} ({first}{', …' if len(numbers) > SHOWN else ''})"
