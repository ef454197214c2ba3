"""Each fault of a split is named: a row on both sides, in no part, or not later than the past."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.data.split import Split, faults, split
from engine.tests.data.made import problem_of
from engine.tests.data.test_split import N, frame


def swapped(split_rows: Split) -> Split:
    """The split with the first training row and the first test row in each other's place."""
    train, test = split_rows.train.copy(), split_rows.test.copy()
    train[0], test[0] = test[0], train[0]
    return replace(split_rows, train=train, test=test)


def test_a_test_row_that_is_not_later_is_named() -> None:
    problem, rows = problem_of("rare", "binary", time="at"), frame()
    [fault] = faults(problem, rows, swapped(split(problem, rows)))
    assert "of the test not later than the last training row, 2026-03-" in fault
    ties = Split(np.flatnonzero(rows["at"] <= rows["at"].median()),
                 np.flatnonzero(rows["at"] >= rows["at"].median()), "ties")  # fmt: skip
    assert any("not later" in fault for fault in faults(problem, rows, ties))


def test_each_fault_of_a_split_is_named() -> None:
    rows, by_unit = frame(), problem_of("rare", "binary", unit="who")
    grouped = split(by_unit, rows)
    [fault] = faults(by_unit, rows, swapped(grouped))
    assert "rows of one who on both sides" in fault
    twice = replace(grouped, train=np.append(grouped.train, grouped.test[:2]))
    both = f"2 rows ({grouped.test[0] + 1}, {grouped.test[1] + 1}) in both parts"
    assert both in faults(by_unit, rows, twice)
    left = replace(grouped, train=grouped.train[1:])
    assert faults(by_unit, rows, left) == [f"1 row ({grouped.train[0] + 1}) in no part"]
    again = replace(grouped, test=np.append(grouped.test, grouped.test[:1]))
    assert faults(by_unit, rows, again) == [f"1 row ({grouped.test[0] + 1}) twice in one part"]
    again = replace(grouped, train=np.append(grouped.train, grouped.train[:1]))
    assert faults(by_unit, rows, again) == [f"1 row ({grouped.train[0] + 1}) twice in one part"]
    empty = replace(grouped, train=np.arange(N), test=np.array([], np.intp))
    assert faults(by_unit, rows, empty) == ["a side without rows"]


def test_duplicates_split_apart_are_named_whatever_their_id_and_outcome() -> None:
    problem = problem_of("rare", "binary", id="number")
    rows = frame()[["number", "x", "y", "rare"]].drop_duplicates(["x", "y"]).reset_index(drop=True)
    rows = pd.concat([rows, rows.assign(number=lambda rows: rows["number"] + N)])
    half = len(rows) // 2
    apart = Split(np.arange(half), np.arange(half, 2 * half), "half and half")
    [fault] = faults(problem, rows, apart)
    assert fault.startswith(f"duplicates on both sides: {half:,} rows ({half + 1}, {half + 2},")
    assert faults(problem, rows, split(problem, rows)) == []


def test_a_split_that_forgets_what_belongs_together_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows are dealt out by one function and held against another, so a slip in the one shows."""
    rows = frame()
    monkeypatch.setattr("engine.data.split._groups", lambda problem, frame: np.arange(len(frame)))
    cases = {
        "rows of one who": (problem_of("rare", "binary", unit="who"), rows),
        "duplicates": (problem_of("kind", "multiclass"), rows[["x", "y", "kind"]]),
    }
    for what, (problem, table) in cases.items():
        [fault] = faults(problem, table, split(problem, table))
        assert fault.startswith(f"{what} on both sides")
