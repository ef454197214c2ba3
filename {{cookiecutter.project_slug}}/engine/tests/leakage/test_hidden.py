"""The target hidden in a part of a column, behind noise, or in two columns together.

Each planted column has a similar honest one, which must pass.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.tests.leakage.tables import find, named, noise

Rng = np.random.Generator
Made = dict[str, Any]


def times(rng: Rng, rows: int, cut: str) -> "pd.Series[Any]":
    start = pd.Timestamp("2026-01-01")
    return pd.Series(start + pd.to_timedelta(rng.integers(0, 10**7, rows), "s")).dt.floor(cut)


def first_flag(rng: Rng, rows: int) -> Any:
    return rng.random(rows) < 0.5


def with_gaps(rng: Rng, missing: Any) -> "pd.Series[Any]":
    return pd.Series(rng.normal(size=len(missing))).mask(missing)


def either_missing(rng: Rng, late: Any) -> Made:
    one = first_flag(rng, len(late))
    return {"leak": with_gaps(rng, late & one), "more": with_gaps(rng, late & ~one)}


def one_not_both(rng: Rng, late: Any) -> Made:
    one = first_flag(rng, len(late))
    return {"leak": one, "more": one ^ late}


def numbered(late: Any) -> "np.ndarray[Any, Any]":
    """Numbers from 1 on, first of all rows that are in time."""
    number = np.empty(len(late), int)
    number[np.argsort(late, kind="stable")] = np.arange(1, len(late) + 1)
    return number


def sure(rng: Rng, late: Any, share: float) -> Any:
    """Whether a row is late, wrong in `share` of rows."""
    return late ^ (rng.random(len(late)) < share)


def tags(rng: Rng, late: Any) -> list[tuple[bool, int]]:
    """Whether each row is late, and any number."""
    return list(zip(late.tolist(), rng.integers(0, 10**6, len(late)).tolist(), strict=True))


# What is planted, and an honest column: columns made of (rng, whether a row is late).
PLANTED: dict[str, tuple[Callable[[Rng, Any], Made], Callable[[Rng, Any], Made]]] = {
    "a copy, one row in a hundred wrong": (
        lambda rng, late: {"leak": sure(rng, late, 0.01)},
        lambda rng, late: {"test": sure(rng, late, 0.05)},
    ),
    "a number with a little noise": (
        lambda rng, late: {"leak": late + rng.normal(0, 0.05, len(late))},
        lambda rng, late: {"measured": 5 * late + rng.normal(size=len(late))},  # AUC 0.9998
    ),
    "the start of a code": (
        lambda rng, late: {"leak": [f"{'lost' if yes else 'ok'}{n}" for yes, n in tags(rng, late)]},
        lambda rng, late: {"code": [f"{rng.choice(['a', 'b'])}-{n}" for _, n in tags(rng, late)]},
    ),
    "the end of a code": (
        lambda rng, late: {"leak": [f"{n}-{'L' if yes else 'O'}" for yes, n in tags(rng, late)]},
        lambda rng, late: {"code": [f"{n}-{rng.choice(['L', 'O'])}" for _, n in tags(rng, late)]},
    ),
    "the middle of a code": (
        lambda rng, late: {
            "leak": [f"{n % 97}-{'L' if yes else 'O'}-{n}" for yes, n in tags(rng, late)]
        },
        lambda rng, late: {
            "code": [f"{n % 97}-{rng.choice(['L', 'O'])}-{n}" for _, n in tags(rng, late)]
        },
    ),
    "a date without a time": (
        lambda rng, late: {
            "leak": times(rng, len(late), "D")
            + pd.to_timedelta(rng.integers(1, 86_400, len(late)) * late, "s")
        },
        lambda rng, late: {
            "at": times(rng, len(late), "D")
            + pd.to_timedelta(rng.integers(1, 86_400, len(late)) * sure(rng, late, 0.1), "s")
        },
    ),
    "a status of many words": (
        lambda rng, late: {
            "leak": [f"{rng.integers(20)} {'closed' if yes else 'open'}" for yes in late]
        },
        lambda rng, late: {
            "status": [f"{rng.integers(20)} {'closed' if yes else 'open'}"
                       for yes in sure(rng, late, 0.1)]
        },
    ),
    "a number that counts rows": (
        lambda rng, late: {"leak": numbered(late)},
        lambda rng, late: {"number": rng.permutation(len(late))},
    ),
    "a number in a name": (
        lambda rng, late: {"leak": [f"r{number:05d}" for number in numbered(late)]},
        lambda rng, late: {"name": [f"r{number:05d}" for number in rng.permutation(len(late))]},
    ),
    "the second of a date": (
        lambda rng, late: {"leak": times(rng, len(late), "min") + pd.to_timedelta(late * 1, "s")},
        lambda rng, late: {"at": times(rng, len(late), "s")},
    ),
    "the half of an hour": (
        lambda rng, late: {
            "leak": times(rng, len(late), "h")
            + pd.to_timedelta(rng.integers(0, 30, len(late)) + 30 * late, "min")
        },
        lambda rng, late: {"at": times(rng, len(late), "min")},
    ),
    "from a day on": (
        lambda rng, late: {
            "leak": pd.Timestamp("2026-03-01")
            + pd.to_timedelta(np.where(late, 1, -1) * rng.random(len(late)) * 60, "D")
        },
        lambda rng, late: {  # later on, but with weeks of both
            "at": pd.Timestamp("2026-03-01")
            + pd.to_timedelta(np.where(late, 60, -60) + rng.normal(0, 30, len(late)), "D")
        },
    ),
    "the last digit": (
        lambda rng, late: {"leak": rng.integers(1, 999, len(late)) * 10 + np.where(late, 7, 3)},
        lambda rng, late: {"price": rng.integers(1, 9999, len(late))},
    ),
    "odd or even": (
        lambda rng, late: {"leak": rng.integers(1, 9999, len(late)) * 2 + late},
        lambda rng, late: {"price": rng.integers(1, 9999, len(late)) * 2},
    ),
    "the sign": (
        lambda rng, late: {"leak": np.abs(rng.normal(size=len(late))) * np.where(late, 1, -1)},
        lambda rng, late: {"balance": rng.normal(size=len(late)) + np.where(late, 2, -2)},
    ),
    "one of two, not both": (
        one_not_both,
        lambda rng, late: {"one": sure(rng, late, 0.1), "two": sure(rng, late, 0.1)},
    ),
    "one of two is missing": (
        either_missing,
        lambda rng, late: {
            "one": with_gaps(rng, late & first_flag(rng, len(late))),
            "two": with_gaps(rng, first_flag(rng, len(late))),
        },
    ),
    "a mean that knows its row": (
        lambda rng, late: {
            "leak": pd.Series(late * 1.0).groupby(np.arange(len(late)) % 40).transform("mean")
        },
        lambda rng, late: {  # of other rows
            "rate": pd.Series(late * 1.0).sample(frac=1, random_state=1).reset_index(drop=True)
            .groupby(np.arange(len(late)) % 40).transform("mean")
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", PLANTED)
@pytest.mark.parametrize("share", [0.4, 0.15])
def test_find_hidden_target_is_named(case: str, share: float) -> None:
    """The planted column is named; a similar honest one is not."""
    rng = np.random.default_rng(1)
    late = rng.random(1200) < share
    frame, (planted, honest) = noise(rng, 1200, 4), PLANTED[case]
    made = planted(rng, late)
    leaks = find(frame.assign(**made), pd.Series(late))
    assert named(leaks) == set(made), leaks
    assert find(frame.assign(**honest(rng, late)), pd.Series(late)) == []


# --- one number against another ------------------------------------------------------------------

LINES: dict[str, Callable[[Any, Any], Any]] = {
    "by so much more": lambda a, b: a - b > 10,
    "twice as much": lambda a, b: a > 2 * b,
    "more together": lambda a, b: a + b > 70,
    "a larger product": lambda a, b: a * b > 1000,
    "any line": lambda a, b: a > 1.5 * b + 8,
}


@pytest.mark.parametrize("case", LINES)
def test_find_rule_on_two_numbers_is_named(case: str) -> None:
    """A rule is named; columns that only make it likely are not."""
    rng = np.random.default_rng(0)
    a, b = rng.gamma(3, 10, 2000), rng.gamma(3, 12, 2000)
    frame = noise(rng, 2000, 4)
    leaks = find(frame.assign(leak=a, more=b), pd.Series(LINES[case](a, b)))
    assert named(leaks) == {"leak", "more"}, leaks
    # What is known is near to what decides, and no more.
    near, by = a + rng.normal(0, 1.5, 2000), b + rng.normal(0, 1.5, 2000)
    assert find(frame.assign(near=near, by=by), pd.Series(LINES[case](a, b))) == []
