"""What is judged was never learnt from: not the row, its twin, its unit or its moment."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.split import PARTS, Rows, folds, split
from problem.errors import BadInput
from problem.spec import Problem
from tests.data.made import problem_of

N = 2000


def frame(seed: int = 0) -> pd.DataFrame:
    """Rows in no order of time, many of the same moment; units and exact duplicates repeat."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            "number": np.arange(N),
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, N), "D"),
            "who": [f"u{unit}" for unit in rng.integers(0, 300, N)],
            "x": rng.integers(0, 400, N),
            "y": rng.integers(0, 4, N),
            "rare": rng.random(N) < 0.04,
            "kind": rng.choice(["a", "b", "c"], N, p=[0.7, 0.2, 0.1]),
            "amount": rng.normal(size=N),
        }
    )
    return made.astype({"who": "str", "kind": "str"})


def pairs(problem: Problem, rows: pd.DataFrame) -> Iterator[tuple[Rows, Rows]]:
    """The split and all folds: (learn, judge)."""
    parts = split(problem, rows)
    yield parts.train, parts.test
    yield from folds(problem, rows)


TASKS = [("rare", "binary"), ("kind", "multiclass"), ("amount", "regression")]


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_by_time_nothing_is_learnt_from_the_moment_that_is_judged_or_later(
    target: str, task: str
) -> None:
    rows = frame()
    for learn, judge in pairs(problem_of(target, task, time="at"), rows):
        assert rows["at"].iloc[learn].max() < rows["at"].iloc[judge].min()
    parts = split(problem_of(target, task, time="at"), rows)
    assert len(parts.train) + len(parts.test) == N
    assert abs(len(parts.test) / N - 1 / PARTS) < 0.02
    assert parts.how == "the latest fifth by at is the test"


def test_folds_by_time_are_judged_on_what_follows_and_end_with_the_last_row() -> None:
    rows = frame()
    found = list(folds(problem_of("amount", "regression", time="at"), rows))
    assert len(found) == PARTS
    for (learn, judge), (after, _) in pairwise(found):
        assert set(after) == set(learn) | set(judge)
    assert {*found[-1][0], *found[-1][1]} == set(range(N))


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_units_stay_together(target: str, task: str) -> None:
    rows = frame()
    for learn, judge in pairs(problem_of(target, task, unit="who"), rows):
        assert not set(rows["who"].iloc[learn]) & set(rows["who"].iloc[judge])


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_exact_duplicates_stay_together_whatever_their_id_and_outcome(
    target: str, task: str
) -> None:
    rows = frame()[["number", "x", "y", target]]
    for learn, judge in pairs(problem_of(target, task, id="number"), rows):
        seen = pd.MultiIndex.from_frame(rows[["x", "y"]])
        assert seen.duplicated().sum() > N / 4
        assert not set(seen[learn]) & set(seen[judge])


@pytest.mark.parametrize(("target", "task"), TASKS)
@pytest.mark.parametrize("roles", [{}, {"unit": "who"}])
def test_each_row_is_judged_once_and_each_side_gets_its_share(
    target: str, task: str, roles: dict[str, str]
) -> None:
    rows = frame()
    found = list(folds(problem_of(target, task, **roles), rows))
    assert sorted(np.concatenate([judge for _, judge in found])) == list(range(N))
    for learn, judge in found:
        assert not set(learn) & set(judge)
        assert abs(len(judge) / N - 1 / PARTS) < 0.02
        if task != "regression":
            shares = rows[target].value_counts(normalize=True)
            judged = rows[target].iloc[judge].value_counts(normalize=True)
            # Units hold several classes, so with them shares are kept on average only.
            assert (shares - judged).abs().max() < (0.04 if roles else 0.002)


def test_the_same_seed_parts_the_rows_in_the_same_way() -> None:
    problem, rows = problem_of("rare", "binary"), frame()
    assert (split(problem, rows).test == split(problem, rows).test).all()
    assert set(split(problem, rows).test) != set(split(problem, rows, seed=1).test)


def test_missing_units_belong_together() -> None:
    rows = frame()
    rows.loc[rows.index < 50, "who"] = None
    parts = split(problem_of("rare", "binary", unit="who"), rows)
    assert set(range(50)) <= set(parts.train) or set(range(50)) <= set(parts.test)


@pytest.mark.parametrize(
    ("problem", "change", "what"),
    [
        (problem_of("rare", "binary", time="at"), {"at": pd.Timestamp("2026-01-01")}, "same time"),
        (problem_of("rare", "binary", unit="who"), {"who": "one"}, "1 different values"),
        (problem_of("amount", "regression"),
         {"x": 1, "y": 1, "number": 1, "who": "", "at": pd.NaT, "rare": False, "kind": "a"},
         "1 different rows"),
        (problem_of("rare", "binary", time="at"), {"rare": lambda rows: rows["at"] < "2026-02-01"},
         "one side lacks a class of 'rare'"),
    ],
)  # fmt: skip
def test_rows_that_cannot_be_parted_are_refused(
    problem: Problem, change: dict[str, Any], what: str
) -> None:
    with pytest.raises(BadInput, match=what):
        split(problem, frame().assign(**change))


@pytest.mark.parametrize(("rare", "enough"), [(1, False), (2, False), (3, True), (6, True)])
def test_at_random_both_sides_hold_every_class_or_the_rows_are_refused(
    rare: int, enough: bool
) -> None:
    problem = problem_of("kind", "multiclass", id="number")
    rows = frame().assign(kind=lambda rows: rows["kind"].where(rows.index >= rare, "rare"))
    if not enough:
        with pytest.raises(BadInput, match="one side lacks a class of 'kind'"):
            split(problem, rows)
        return
    parts = split(problem, rows)
    assert set(rows["kind"].iloc[parts.train]) == set(rows["kind"].iloc[parts.test])


def test_folds_that_lack_a_class_are_left_out_and_one_alone_is_refused() -> None:
    problem = problem_of("rare", "binary", time="at")
    late = frame().assign(rare=lambda rows: (rows["at"] > "2026-02-20") & (rows["x"] > 100))
    assert 2 <= len(list(folds(problem, late))) < PARTS
    later = frame().assign(rare=lambda rows: (rows["at"] > "2026-03-20") & (rows["x"] > 100))
    with pytest.raises(BadInput, match="cross-validation needs each class of 'rare'"):
        list(folds(problem, later))
