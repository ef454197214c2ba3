"""Checks a split of rows independently of the code that made it."""

import numpy as np
import pandas as pd

from engine.data.split import Rows, Split
from engine.problem.spec import Problem

SHOWN = 3  # examples in a message


def faults(problem: Problem, frame: pd.DataFrame, parts: Split) -> list[str]:
    """A message for each promise of `split` that a split of `frame` breaks.

    Checked: rows in both parts or in none; with time, a test row no later than a training row;
    else a unit or duplicates on both sides.
    """
    train, test = parts.train, parts.test
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
    keys = _keys(problem, frame)
    both = test[keys.iloc[test].isin(keys.iloc[train]).to_numpy() & (in_train[test] == 0)]
    if len(both):
        what = f"rows of one {problem.rows.unit}" if problem.rows.unit else "duplicates"
        messages.append(f"{what} on both sides: {_described(both)} of the test")
    return messages


def _keys(problem: Problem, frame: pd.DataFrame) -> pd.Series:
    """The key of each row that may be on one side only: its unit, or all of its inputs.

    Written independently of `_groups`, which `split` uses, so that a mistake in either is detected.
    """
    if problem.rows.unit:
        return frame[problem.rows.unit]
    inputs = [name for name in frame if name not in problem.kept_out]
    return frame.groupby(inputs, dropna=False, sort=False).ngroup()


def _described(numbers: Rows) -> str:
    """The number of rows, and the first of them (row 1 is the first of the frame)."""
    first = ", ".join(str(number + 1) for number in numbers[:SHOWN])
    more = ", …" if len(numbers) > SHOWN else ""
    return f"{len(numbers):,} {'row' if len(numbers) == 1 else 'rows'} ({first}{more})"
