"""Malformed rows have one fault each; scores are compared alone, in a batch and in reverse."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from engine.bundle.archive import RELATIVE_TOLERANCE
from engine.contract.column import LONGEST_CATEGORY, Column
from engine.gate.checks.runs_the_same import ALONE, Row, edge_rows, malformed, score_faults
from engine.problem.metrics import Array

NUMBER = Column("n", "number", minimum=0.0, maximum=40.0)
LARGE = Column("l", "number", minimum=-4e9, maximum=8e9)
INTEGER = Column("i", "integer", nullable=True, minimum=1)
OPEN = Column("o", "category", categories=("a",), nullable=True)
CLOSED = Column("c", "category", categories=("a",), closed=True)
FLAG = Column("f", "boolean")
DATE = Column("d", "date", nullable=True)
ROW: Row = {"n": 1.0, "l": 1.0, "i": 2, "o": "a", "c": "a", "f": True, "d": "2026-01-01"}
FAULTS: list[tuple[Column, dict[str, Any]]] = [
    (NUMBER, {"as a list": [1], "missing": None, "below its range": -1, "above its range": 41.0,
              "as a word": "wrong"}),
    (LARGE, {"as a list": [1], "missing": None, "below its range": -4e9 - 4e3,
             "above its range": 8e9 + 8e3, "as a word": "wrong"}),
    (INTEGER, {"as a list": [1], "below its range": 0, "as a word": "wrong"}),
    (OPEN, {"as a list": [1], "as a text that is too long": "x" * (LONGEST_CATEGORY + 1),
            "as a number": 1.5}),
    (CLOSED, {"as a list": [1], "missing": None, "with an unknown value": "(no such value)",
              "as a text that is too long": "x" * (LONGEST_CATEGORY + 1), "as a number": 1.5}),
    (FLAG, {"as a list": [1], "missing": None, "as a word": "wrong"}),
    (DATE, {"as a list": [1], "as a word": "wrong", "as a number": 1.5}),
]  # fmt: skip


@pytest.mark.parametrize(("column", "faults"), FAULTS, ids=str)
def test_malformed_rows_have_one_fault_each(column: Column, faults: dict[str, Any]) -> None:
    cases = malformed((column,))
    assert cases.pop("as an unknown field") == {"no such field": 1}
    assert cases.pop("absent") == ({} if column.nullable else {column.name: None})
    assert cases == {fault: {column.name: value} for fault, value in faults.items()}


def test_edge_rows_change_one_value_and_once_all_that_may_be_missing() -> None:
    cases = dict(edge_rows(ROW, (INTEGER, OPEN, FLAG, DATE)))
    assert cases.pop("all nullable inputs missing") == {**ROW, "i": None, "o": None, "d": None}
    for name, row in cases.items():
        column, _, edge = name.partition(" ")
        assert {key for key in ROW if row[key] != ROW[key]} <= {column}, edge
    assert not [name for name, _ in edge_rows(ROW, (FLAG,)) if "nullable" in name]


CASES = [(f"row {number}", {"x": float(number)}) for number in range(300)]


def values(rows: Sequence[Row]) -> Array:
    return np.array([row["x"] for row in rows])


def test_score_faults_of_equal_scores_are_none() -> None:
    assert score_faults(values, CASES, "regression") == []
    shares = lambda rows: np.column_stack([values(rows) / 300, 1 - values(rows) / 300])  # noqa: E731
    assert score_faults(shares, CASES, "binary") == []


def test_score_faults_of_one_row_that_crashes_name_it_alone() -> None:
    def crash(rows: Sequence[Row]) -> Array:
        if 7.0 in values(rows):
            raise ValueError("seven" + "!" * 500)
        return values(rows)

    [fault] = score_faults(crash, CASES, "regression")
    assert fault.startswith("row 7 fails: ValueError('seven!")
    assert len(fault) < 200


def test_score_faults_of_a_batch_that_crashes_name_its_size() -> None:
    def crash(rows: Sequence[Row]) -> Array:
        if len(rows) > 1:
            raise MemoryError("too many")
        return values(rows)

    many = CASES * 5
    assert score_faults(crash, many, "regression") == [
        "a batch of 1,500 rows fails: MemoryError('too many')"
    ]


BAD: list[tuple[str, Any, str, str]] = [
    ("regression", np.nan, "", "not finite"),
    ("regression", -np.inf, "", "not finite"),
    ("regression", -5.0, "", ""),
    ("binary", [1.0, 0.0], "", ""),
    ("binary", [1.5, -0.5], "", "outside 0 to 1"),
    ("binary", [-0.001, 1.001], "", "outside 0 to 1"),
    ("binary", [0.5, 0.5001], "", "do not sum to 1"),
    ("multiclass", [0.2, 0.2, 0.6 + 1e-9], "", ""),
    ("multiclass", [0.2, 0.2, 0.5], "", "do not sum to 1"),
    ("multiclass", [np.nan, 0.5, 0.5], "", "not finite"),
]


@pytest.mark.parametrize(("task", "score", "_", "words"), BAD)
def test_score_faults_name_the_row_and_its_score(task: str, score: Any, _: str, words: str) -> None:
    usual = score if not words else {"regression": 0.0}.get(task, np.eye(np.size(score))[0])

    def scores(rows: Sequence[Row]) -> Array:
        return np.array([score if row["x"] == 7 else usual for row in rows])

    faults = score_faults(scores, CASES, task)
    assert faults == [] if not words else len(faults) == 1
    assert all(fault.startswith("row 7: ") and words in fault for fault in faults)


def test_score_faults_that_depend_on_the_order_or_the_batch_are_named() -> None:
    def by_place(rows: Sequence[Row]) -> Array:
        return values(rows) + 1e-3 * np.arange(len(rows)) * (len(rows) > 1)

    faults = score_faults(by_place, CASES[:5], "regression")
    assert "row 0 has another score in a batch of another order" in faults
    assert "row 1 has another score alone" in faults
    assert "row 0 has another score alone" not in faults

    def by_size(rows: Sequence[Row]) -> Array:
        return values(rows) + (len(rows) > 1)

    alone = score_faults(by_size, CASES, "regression")
    assert alone[0] == "row 0 has another score alone"
    assert alone[-1] == "row 299 has another score alone"
    assert len(alone) == ALONE


def test_score_faults_within_the_tolerance_are_none() -> None:
    """Sums of floats in another order differ in their last digits."""

    def nearly(rows: Sequence[Row]) -> Array:
        return values(rows) * (1 + 1e-8 * (len(rows) == 1))

    assert score_faults(nearly, CASES, "regression") == []
    assert RELATIVE_TOLERANCE == 1e-6
