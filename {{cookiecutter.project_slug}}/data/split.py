"""Which rows a model learns from, and which it is judged on once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    StratifiedGroupKFold,
    TimeSeriesSplit,
)

from problem.spec import Problem

TEST_SHARE = 0.2
FOLDS = 5
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """Row numbers of a frame, apart; `how` says in words what kept them apart."""

    train: Rows
    test: Rows
    how: str


def split(problem: Problem, frame: pd.DataFrame, seed: int = 0) -> Split:
    """A fifth of the rows for the test: the latest where there is time, else at random.

    Rows that must not be parted (the same unit, exact duplicates) fall on one side together, and
    where the target has classes each side gets its share of them.
    """
    if problem.rows.time:
        moments = frame[problem.rows.time]
        # Cut between two moments, so that no moment is on both sides.
        cut = moments.sort_values().iloc[int(len(frame) * (1 - TEST_SHARE))]
        later = (moments >= cut).to_numpy()
        how = f"the latest fifth by {problem.rows.time} is the test"
        return Split(np.flatnonzero(~later), np.flatnonzero(later), how)
    groups = _groups(problem, frame)
    kept = f"rows of one {problem.rows.unit}" if problem.rows.unit else "duplicates"
    if problem.target.task == "regression":
        parts = GroupShuffleSplit(1, test_size=TEST_SHARE, random_state=seed)
        train, test = next(parts.split(frame, groups=groups))
        return Split(train, test, f"a random fifth is the test, {kept} kept together")
    folds = StratifiedGroupKFold(round(1 / TEST_SHARE), shuffle=True, random_state=seed)
    train, test = next(folds.split(frame, frame[problem.target.column].astype(str), groups))
    return Split(train, test, f"a stratified fifth is the test, {kept} kept together")


def folds(problem: Problem, frame: pd.DataFrame, seed: int = 0) -> Iterator[tuple[Rows, Rows]]:
    """Cross-validation within the training rows, apart by the same rule as `split`."""
    if problem.rows.time:
        yield from TimeSeriesSplit(FOLDS).split(frame)
        return
    groups = _groups(problem, frame)
    if problem.target.task == "regression":
        yield from GroupKFold(FOLDS, shuffle=True, random_state=seed).split(frame, groups=groups)
        return
    parts = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    yield from parts.split(frame, frame[problem.target.column].astype(str), groups)


def _groups(problem: Problem, frame: pd.DataFrame) -> NDArray[np.int64]:
    """A number for each row; rows with the same number stay together."""
    if problem.rows.unit:
        return frame[problem.rows.unit].astype(str).factorize()[0].astype(np.int64)
    apart = [name for name in (problem.rows.id, problem.target.column) if name]
    same = pd.util.hash_pandas_object(frame.drop(columns=apart), index=False)
    return same.factorize()[0].astype(np.int64)
