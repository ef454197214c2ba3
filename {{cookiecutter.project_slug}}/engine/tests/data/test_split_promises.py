"""A split is the same for the same seed, fair to small groups, and describes itself."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.data.split import PARTS, SHOWN, Split, faults, folds, split
from engine.pages.formatting import percent
from engine.problem.errors import BadInput
from engine.tests.data.made import problem_of
from engine.tests.data.test_split import TASKS, N, frame

ROLES: list[dict[str, str]] = [{}, {"unit": "who"}, {"time": "at"}]


@pytest.mark.parametrize("roles", ROLES)
def test_split_and_folds_are_the_same_for_the_same_seed(roles: dict[str, str]) -> None:
    problem, rows = problem_of("kind", "multiclass", **roles), frame()
    for seed in (0, 7):
        once, again = (split(problem, rows, seed) for _ in range(2))
        assert np.array_equal(once.test, again.test)
        assert np.array_equal(once.train, again.train)
        pairs = zip(folds(problem, rows, seed), folds(problem, rows, seed), strict=True)
        assert all(np.array_equal(a[1], b[1]) for a, b in pairs)
    assert np.array_equal(split(problem, rows).test, split(problem, rows, 0).test)
    default, first = next(folds(problem, rows)), next(folds(problem, rows, 0))
    assert np.array_equal(default[1], first[1])
    # Rows of the latest time are the test set, whatever the seed.
    other = split(problem, rows, 7)
    assert np.array_equal(other.test, split(problem, rows).test) == ("time" in roles)


@pytest.mark.parametrize(("target", "task"), TASKS)
def test_split_description_names_the_method_and_what_stays_together(target: str, task: str) -> None:
    rows, kind = frame(), "random" if task == "regression" else "stratified"
    for roles, what in (({}, "duplicates"), ({"unit": "who"}, "rows of one who")):
        result = split(problem_of(target, task, **roles), rows)
        share = percent(len(result.test) / N)
        text = f"test set: a {kind} {share} of the rows; {what} stay together"
        assert result.description == text
    result = split(problem_of(target, task, time="at", unit="who"), rows)
    back = rows["who"].iloc[result.test].isin(rows["who"].iloc[result.train]).mean()
    assert result.description.startswith("test set: the latest ")
    words = f"by at; {percent(back)} of its rows have a who of the training rows"
    assert result.description.endswith(words)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("target", "task"), TASKS[:2])
def test_split_at_random_needs_every_class_on_both_sides(seed: int, target: str, task: str) -> None:
    """One row of a class is on one side only, by whichever seed."""
    rows = frame().assign(kind=lambda rows: rows["kind"].where(rows.index != 11, "rare"))
    rows["rare"] = rows.index == 11
    with pytest.raises(BadInput, match=f"lacks a class of '{target}'") as refused:
        split(problem_of(target, task), rows, seed)
    assert refused.value.code == "missing-class"


@pytest.mark.parametrize("seed", range(4))
def test_split_of_units_with_several_classes_needs_every_class_in_the_test(seed: int) -> None:
    """A class that is in one unit only, beside others, can be on one side only."""
    rows = pd.DataFrame({"who": [f"u{unit}" for unit in range(20) for _ in range(5)]})
    rows["kind"] = np.resize(["a", "b"], len(rows))
    rows.loc[17, "kind"] = "c"
    with pytest.raises(BadInput) as refused:
        split(problem_of("kind", "multiclass", unit="who"), rows, seed)
    assert refused.value.code == "missing-class"
    # In all units it is on both sides.
    rows.loc[rows.index % 5 == 2, "kind"] = "c"
    assert len(split(problem_of("kind", "multiclass", unit="who"), rows, seed).test) == 20


@pytest.mark.parametrize(
    ("late", "code"),
    [
        (["a", "b"], None),  # a class need not come again
        (["a"], "missing-class"),  # but two are needed to evaluate anything
        (["a", "b", "new"], "missing-class"),  # and none may be new
    ],
)
def test_split_by_time_needs_two_known_classes_in_the_test(
    late: list[str], code: str | None
) -> None:
    rows = frame()
    latest = rows["at"] >= rows["at"].quantile(0.7)
    rows.loc[latest, "kind"] = np.resize(late, latest.sum())
    rows.loc[latest & (rows["at"] < rows["at"].quantile(0.85)), "kind"] = "a"
    problem = problem_of("kind", "multiclass", time="at")
    if code is None:
        assert set(rows["kind"].iloc[split(problem, rows).test]) == set(late)
        return
    with pytest.raises(BadInput) as refused:
        split(problem, rows)
    assert refused.value.code == code


def test_folds_by_time_begin_after_a_sixth_and_have_equal_parts() -> None:
    rows = frame().assign(
        at=lambda rows: pd.Timestamp("2026-01-01") + rows.index * pd.Timedelta("1h")
    )
    result = list(folds(problem_of("amount", "regression", time="at"), rows))
    sizes = [(len(train), len(validation)) for train, validation in result]
    sixth = N / (PARTS + 1)
    for number, (train, validation) in enumerate(sizes, start=1):
        assert train == pytest.approx(number * sixth, abs=1)
        assert validation == pytest.approx(sixth, abs=2)


def test_folds_of_one_time_are_refused() -> None:
    rows = frame().assign(at=pd.Timestamp("2026-01-01"))
    for made in (split, lambda *given: list(folds(*given))):
        with pytest.raises(BadInput, match=r"rows\.time") as refused:
            made(problem_of("amount", "regression", time="at"), rows)
        assert refused.value.code == "bad-split"


def test_folds_deal_units_of_equal_size_in_turn() -> None:
    """Beside a unit that is larger than a part, whatever sorts the sizes on another machine."""
    groups, large = 200, 90
    who = [f"u{number}" for number in range(groups)] + ["u7"] * large
    rows = pd.DataFrame({"who": who, "amount": np.arange(len(who), dtype=float)})
    shuffled = np.random.default_rng(0).permutation(groups)
    others = [f"u{number}" for number in shuffled if number != 7]
    result = [
        set(rows["who"].iloc[validation])
        for _, validation in folds(problem_of("amount", "regression", unit="who"), rows)
    ]
    [alone] = [one for one in result if "u7" in one]
    rest = [one for one in result if one is not alone]
    assert len(rest) == PARTS - 1
    # The large unit's part takes others again once the rest have as many rows.
    before = others[: 4 * (groups // 4 - 1)] if alone != {"u7"} else others
    for part in range(4):
        assert any(set(before[part::4]) <= one for one in rest)


def test_split_of_a_class_with_two_units_tests_the_smaller() -> None:
    """Of eight rows and one, one is nearer to a fifth of nine."""
    who = [f"u{number}" for number in range(20) for _ in range(5)] + ["large"] * 8 + ["small"]
    for order in (1, -1):
        rows = pd.DataFrame({"who": who, "rare": [False] * 100 + [True] * 9})[::order]
        result = split(problem_of("rare", "binary", unit="who"), rows.reset_index(drop=True))
        tested = rows["who"].reset_index(drop=True).iloc[result.test]
        assert "small" in set(tested)
        assert "large" not in set(tested)


def test_split_rows_with_missing_inputs_are_duplicates_if_all_else_is_equal() -> None:
    rows = frame()[["x", "y", "rare"]].astype({"x": float})
    rows.loc[rows.index % 3 == 0, "x"] = np.nan
    problem = problem_of("rare", "binary")
    result = split(problem, rows)
    assert faults(problem, rows, result) == []
    # Equal rows without a value are found, and different ones are not taken for equal.
    table = pd.DataFrame(
        {"x": [np.nan, np.nan, np.nan, 1.0], "y": [1, 2, 1, 1], "rare": [True] * 4}
    )
    assert faults(problem, table, Split(np.array([0, 3]), np.array([1]), ""))[1:] == []
    results = faults(problem, table, Split(np.array([0, 3]), np.array([1, 2]), ""))
    assert results == ["duplicates on both sides: 1 row (3) of the test"]


@pytest.mark.parametrize("number", [1, SHOWN, SHOWN + 1])
def test_faults_show_the_first_rows_and_count_all(number: int) -> None:
    problem, rows = problem_of("rare", "binary", unit="who"), frame()
    result = split(problem, rows)
    left = replace(result, train=result.train[number:])
    numbers = [str(row + 1) for row in result.train[:number]]
    shown = ", ".join(numbers[:SHOWN]) + (", …" if number > SHOWN else "")
    noun = "row" if number == 1 else "rows"
    assert faults(problem, rows, left) == [f"{number} {noun} ({shown}) in no part"]


@pytest.mark.parametrize("roles", ROLES)
def test_faults_of_a_row_in_both_parts_are_told_once(roles: dict[str, str]) -> None:
    """A unit that is on both sides only because its row is, is no second fault."""
    rows = frame().drop_duplicates("who").drop_duplicates(["x", "y"]).reset_index(drop=True)
    problem = problem_of("amount", "regression", **roles)
    result = split(problem, rows)
    twice = replace(result, train=np.append(result.train, result.test[-1]))
    results = faults(problem, rows, twice)
    assert results[0] == f"1 row ({result.test[-1] + 1}) in both parts"
    assert len(results) == 1 + ("time" in roles)


@pytest.mark.parametrize("side", ["train", "test"])
def test_faults_of_a_side_without_rows_are_named(side: str) -> None:
    problem, rows = problem_of("rare", "binary", time="at"), frame()
    whole, nothing = np.arange(N), np.array([], np.intp)
    sides = {"train": whole, "test": whole} | {side: nothing}
    results = faults(problem, rows, Split(sides["train"], sides["test"], ""))
    assert results == ["a side without rows"]
