"""What is judged was never learnt from: not the row, its twin, its unit or its moment."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.split import PARTS, Rows, faults, folds, split
from engine.pages.formatting import percent
from engine.problem.errors import BadInput
from engine.problem.spec import Problem
from engine.tests.data.made import problem_of

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
    split_rows = split(problem, rows)
    yield split_rows.train, split_rows.test
    yield from folds(problem, rows)


TASKS = [("rare", "binary"), ("kind", "multiclass"), ("amount", "regression")]


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_by_time_nothing_is_learnt_from_the_moment_that_is_judged_or_later(
    target: str, task: str
) -> None:
    rows = frame()
    for learn, validation in pairs(problem_of(target, task, time="at"), rows):
        assert rows["at"].iloc[learn].max() < rows["at"].iloc[validation].min()
    split_rows = split(problem_of(target, task, time="at"), rows)
    assert len(split_rows.train) + len(split_rows.test) == N
    assert abs(len(split_rows.test) / N - 1 / PARTS) < 0.02
    assert (
        split_rows.description == f"test set: the latest {percent(len(split_rows.test) / N)} by at"
    )


def test_folds_by_time_are_judged_on_what_follows_and_end_with_the_last_row() -> None:
    rows = frame()
    result = list(folds(problem_of("amount", "regression", time="at"), rows))
    assert len(result) == PARTS
    for (learn, validation), (after, _) in pairwise(result):
        assert set(after) == set(learn) | set(validation)
    assert {*result[-1][0], *result[-1][1]} == set(range(N))


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_units_stay_together(target: str, task: str) -> None:
    rows = frame()
    for learn, validation in pairs(problem_of(target, task, unit="who"), rows):
        assert not set(rows["who"].iloc[learn]) & set(rows["who"].iloc[validation])


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_exact_duplicates_stay_together_whatever_their_id_and_outcome(
    target: str, task: str
) -> None:
    rows = frame()[["number", "x", "y", target]]
    for learn, validation in pairs(problem_of(target, task, id="number"), rows):
        seen = pd.MultiIndex.from_frame(rows[["x", "y"]])
        assert seen.duplicated().sum() > N / 4
        assert not set(seen[learn]) & set(seen[validation])


@pytest.mark.parametrize(("target", "task"), TASKS)
@pytest.mark.parametrize("roles", [{}, {"unit": "who"}])
def test_each_row_is_judged_once_and_each_side_gets_its_share(
    target: str, task: str, roles: dict[str, str]
) -> None:
    rows = frame()
    result = list(folds(problem_of(target, task, **roles), rows))
    assert sorted(np.concatenate([validation for _, validation in result])) == list(range(N))
    for learn, validation in result:
        assert not set(learn) & set(validation)
        assert abs(len(validation) / N - 1 / PARTS) < 0.02
        if task != "regression":
            shares = rows[target].value_counts(normalize=True)
            evaluated = rows[target].iloc[validation].value_counts(normalize=True)
            # Units hold several classes, so with them shares are kept on average only.
            assert (shares - evaluated).abs().max() < (0.04 if roles else 0.002)


def test_the_same_seed_parts_the_rows_in_the_same_way() -> None:
    problem, rows = problem_of("rare", "binary"), frame()
    assert (split(problem, rows).test == split(problem, rows).test).all()
    assert set(split(problem, rows).test) != set(split(problem, rows, seed=1).test)


def test_missing_units_belong_together() -> None:
    rows = frame()
    rows.loc[rows.index < 50, "who"] = None
    split_rows = split(problem_of("rare", "binary", unit="who"), rows)
    assert set(range(50)) <= set(split_rows.train) or set(range(50)) <= set(split_rows.test)


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


@pytest.mark.parametrize(("rare", "enough"), [(1, False), (2, True), (3, True), (6, True)])
def test_at_random_both_sides_hold_every_class_or_the_rows_are_refused(
    rare: int, enough: bool
) -> None:
    problem = problem_of("kind", "multiclass", id="number")
    rows = frame().assign(kind=lambda rows: rows["kind"].where(rows.index >= rare, "rare"))
    if not enough:
        with pytest.raises(BadInput) as error:
            split(problem, rows)
        assert error.value.code == "missing-class"
        return
    split_rows = split(problem, rows)
    assert set(rows["kind"].iloc[split_rows.train]) == set(rows["kind"].iloc[split_rows.test])


def test_folds_that_lack_a_class_are_left_out_and_one_alone_is_refused() -> None:
    problem = problem_of("rare", "binary", time="at")
    late = frame().assign(rare=lambda rows: (rows["at"] > "2026-02-20") & (rows["x"] > 100))
    assert 2 <= len(list(folds(problem, late))) < PARTS
    later = frame().assign(rare=lambda rows: (rows["at"] > "2026-03-20") & (rows["x"] > 100))
    with pytest.raises(BadInput) as error:
        list(folds(problem, later))
    assert error.value.code == "missing-class"


def test_with_time_a_unit_may_come_back_and_it_is_said_how_often() -> None:
    problem, rows = problem_of("rare", "binary", time="at", unit="who"), frame()
    split_rows = split(problem, rows)
    assert rows["at"].iloc[split_rows.train].max() < rows["at"].iloc[split_rows.test].min()
    back = rows["who"].iloc[split_rows.test].isin(rows["who"].iloc[split_rows.train]).mean()
    assert f"; {percent(back)} of its rows have a who" in split_rows.description
    assert faults(problem, rows, split_rows) == []


def test_with_time_test_rows_that_repeat_training_rows_are_counted() -> None:
    """A table exported twice: its second copy is later, and a model has learnt it by heart."""
    problem, rows = problem_of("kind", "multiclass", time="at", id="number"), frame()
    rows["x"], hours = np.arange(N), pd.to_timedelta(np.arange(N), "h")
    assert "repeat" not in split(problem, rows).description
    twice = pd.concat([rows.iloc[: -N // 10], rows.iloc[: N // 10]], ignore_index=True)
    rows = twice.assign(at=pd.Timestamp("2026-01-01") + hours, number=np.arange(N))
    description = split(problem, rows).description
    assert description.startswith("test set: the latest 20 % by at")
    assert "; 50 % of its rows repeat a training row" in description


@pytest.mark.parametrize(
    ("moments", "latest"),
    [
        ([1] * 1700 + [2] * 300, 300),  # just one cut, below a fifth
        ([1] * 1300 + [2] * 700, 700),
        ([*range(1200), *[1200] * 800], 800),  # the last moment reaches beyond a fifth
        ([*range(1450), *[1450] * 200, *range(1451, 1801)], 350),  # the nearer end of a moment
    ],
)
def test_a_moment_is_never_parted_even_if_the_test_is_no_fifth(
    moments: list[int], latest: int
) -> None:
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta(moments, "h")
    problem, rows = problem_of("rare", "binary", time="at"), frame().assign(at=at)
    split_rows = split(problem, rows)
    assert len(split_rows.test) == latest
    assert split_rows.description == f"test set: the latest {percent(latest / N)} by at"
    assert faults(problem, rows, split_rows) == []


@pytest.mark.parametrize(("last", "share"), [(40, "2 %"), (1100, "55 %")])
def test_a_test_far_from_a_fifth_is_refused(last: int, share: str) -> None:
    at = pd.Timestamp("2026-01-01") + pd.to_timedelta([1] * (N - last) + [2] * last, "h")
    with pytest.raises(BadInput, match=f"{share} of the rows instead of 20 %"):
        split(problem_of("amount", "regression", time="at"), frame().assign(at=at))


@pytest.mark.parametrize(("target", "task"), TASKS)
@pytest.mark.parametrize("large", [0.3, 0.5, 0.7])
def test_a_large_unit_stays_whole_and_no_part_is_empty(
    large: float, target: str, task: str
) -> None:
    rows = frame().assign(who=lambda rows: rows["who"].where(rows.index >= large * N, "large"))
    problem = problem_of(target, task, unit="who")
    split_rows = split(problem, rows)
    assert faults(problem, rows, split_rows) == []
    assert 0.05 <= len(split_rows.test) / N <= 0.5
    result = list(folds(problem, rows))
    assert all(len(validation) for _, validation in result)
    assert sorted(np.concatenate([validation for _, validation in result])) == list(range(N))


@pytest.mark.parametrize("groups", [10, 13])
def test_few_units_are_shared_out(groups: int) -> None:
    rows = frame().assign(who=lambda rows: (rows.index % groups).astype("str"))
    split_rows = split(problem_of("amount", "regression", unit="who"), rows)
    assert 0.1 <= len(split_rows.test) / N <= 0.3


def test_duplicates_stay_together_where_few_different_rows_make_up_the_table() -> None:
    """Titanic and many like it: the id tells rows apart, and nothing else does."""
    rows = frame()[["number", "x", "y", "rare"]].assign(x=lambda rows: rows["x"] % 8)
    problem = problem_of("rare", "binary", id="number")
    split_rows = split(problem, rows)
    seen = pd.MultiIndex.from_frame(rows[["x", "y"]])
    assert not set(seen[split_rows.train]) & set(seen[split_rows.test])
    assert faults(problem, rows, split_rows) == []


def test_half_a_million_rows_keep_every_promise() -> None:
    rng = np.random.default_rng(0)
    many = 500_000
    rows = pd.DataFrame(
        {
            "x": rng.integers(0, 100_000, many),
            "y": rng.normal(size=many).round(1),
            "who": rng.integers(0, 90_000, many),
            "at": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 9000, many), "h"),
            "rare": rng.random(many) < 0.001,
        }
    )
    for roles in ({}, {"unit": "who"}, {"time": "at"}):
        problem = problem_of("rare", "binary", **roles)
        split_rows = split(problem, rows)
        assert faults(problem, rows, split_rows) == []
        assert abs(len(split_rows.test) / many - 1 / PARTS) < 0.01
        shares = [rows["rare"].iloc[side].mean() for side in (split_rows.train, split_rows.test)]
        assert abs(shares[0] - shares[1]) < 0.0003
