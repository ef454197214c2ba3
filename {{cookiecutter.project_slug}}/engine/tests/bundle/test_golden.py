"""Golden rows cover typical rows, those near another decision, and every edge of the contract."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.bundle import golden as room
from engine.bundle.golden import (
    MOST_EDGES,
    NEAR,
    TYPICAL,
    golden_answers,
    golden_rows,
)
from engine.contract.column import HIGHEST, LONGEST_CATEGORY, LOWEST, Column
from engine.data.columns import json_rows
from engine.data.edges import UNSEEN, WIDEST, WIDEST_INTEGER, all_edges, edges
from engine.problem.errors import BadInput
from engine.problem.spec import Task, read
from engine.tests.bundle.untrained import fitted
from engine.tests.gate.made import MODEL
from engine.tests.gate.untrained import write
from engine.training.dataset import gather
from engine.training.evaluate import predict

NUMBER = Column("n", "number", minimum=-2.5, maximum=7.5)
COLUMNS: list[tuple[Column, list[tuple[str, str, Any]]]] = [
    (NUMBER, [("extreme", "at its minimum", -2.5), ("extreme", "at its maximum", 7.5)]),
    (Column("n", "number", minimum=0), [("extreme", "at its minimum", 0)]),
    (Column("n", "number", maximum=9, nullable=True),
     [("missing", "missing", None), ("extreme", "at its maximum", 9)]),
    (Column("i", "integer", minimum=0.5, maximum=3.5),
     [("extreme", "at its minimum", 1), ("extreme", "at its maximum", 3)]),
    (Column("i", "integer", minimum=-1e30, maximum=1e30),
     [("extreme", "at its minimum", LOWEST), ("extreme", "at its maximum", HIGHEST)]),
    (Column("c", "category", categories=("a",)), [("unseen", "unseen", UNSEEN)]),
    (Column("c", "category", categories=("a",), closed=True), []),
    (Column("c", "category", nullable=True, closed=True), [("missing", "missing", None)]),
    (Column("b", "boolean"), []),
    (Column("d", "date", nullable=True), [("missing", "missing", None)]),
]  # fmt: skip
MORE: list[tuple[Column, dict[str, Any]]] = [
    (Column("b", "boolean"), {"true": True, "false": False}),
    (Column("d", "date"), {"long ago": "1970-01-01", "far ahead": "2100-12-31T23:59:59"}),
    (Column("c", "category", categories=("a", "b"), closed=True), {"= a": "a", "= b": "b"}),
    (Column("c", "category", categories=("a",)),
     {"= a": "a", "empty": "", "long": "x" * LONGEST_CATEGORY}),
    (NUMBER, {"near its minimum": np.nextafter(-2.5, 0), "near its maximum": np.nextafter(7.5, 0),
              "= 0": 0.0}),
    (Column("n", "number", minimum=1.0, maximum=2.0),
     {"near its minimum": np.nextafter(1, 2), "near its maximum": np.nextafter(2, 1)}),
    (Column("n", "number", minimum=0.0, maximum=2.0),
     {"near its minimum": np.nextafter(0, 2), "near its maximum": np.nextafter(2, 1), "= 0": 0.0}),
    (Column("n", "number", minimum=-2.0, maximum=0.0),
     {"near its minimum": np.nextafter(-2, 0), "near its maximum": np.nextafter(0, -1),
      "= 0": 0.0}),
    (Column("n", "number"),
     {"at its minimum": -WIDEST, "at its maximum": WIDEST,
      "near its minimum": np.nextafter(-WIDEST, 0), "near its maximum": np.nextafter(WIDEST, 0),
      "= 0": 0.0}),
    (Column("i", "integer", minimum=3),
     {"at its maximum": WIDEST_INTEGER, "near its minimum": 4,
      "near its maximum": WIDEST_INTEGER - 1}),
    (Column("i", "integer", maximum=3),
     {"at its minimum": -WIDEST_INTEGER, "near its minimum": 1 - WIDEST_INTEGER,
      "near its maximum": 2, "= 0": 0}),
]  # fmt: skip


@pytest.mark.parametrize(("column", "expected"), COLUMNS, ids=str)
def test_edges_are_those_that_the_contract_states(
    column: Column, expected: list[tuple[str, str, Any]]
) -> None:
    results = list(edges(column))
    assert [(one.kind, one.name, one.value) for one in results] == expected
    assert {one.column for one in results} <= {column.name}
    assert [*all_edges(column)][: len(results)] == results


@pytest.mark.parametrize(("column", "more"), MORE, ids=str)
def test_all_edges_hold_other_rare_values_too(column: Column, more: dict[str, Any]) -> None:
    results = [*all_edges(column)][len([*edges(column)]) :]
    assert {one.name: one.value for one in results} == more
    assert {(one.kind, one.column) for one in results} == {("extreme", column.name)}
    whole = column.type == "integer"
    assert not whole or all(type(one.value) is int for one in results)
    assert column.type != "number" or all(type(one.value) is float for one in results)


def test_golden_answers_decide_by_the_threshold_or_one_half() -> None:
    scores = np.array([0.2, 0.5, 0.7])
    by_half = golden_answers(scores, "binary", (False, True), None)
    assert [one["decision"] for one in by_half] == [False, True, True]
    by_threshold = golden_answers(scores, "binary", (False, True), 0.7)
    assert [one["decision"] for one in by_threshold] == [False, False, True]
    assert [one["score"] for one in by_half] == [0.2, 0.5, 0.7]
    assert golden_answers(scores, "regression", (), None) == [{"score": s} for s in (0.2, 0.5, 0.7)]
    shares = np.array([[0.1, 0.7, 0.2], [0.4, 0.3, 0.3]])
    assert golden_answers(shares, "multiclass", (1, 2, "c"), None) == [
        {"score": 0.7, "decision": 2, "scores": {"1": 0.1, "2": 0.7, "c": 0.2}},
        {"score": 0.4, "decision": 1, "scores": {"1": 0.4, "2": 0.3, "c": 0.3}},
    ]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("threshold", [None, 0.3])
def test_golden_rows_hold_the_predictions_of_the_model(
    empty: Path, task: Task, threshold: float | None
) -> None:
    write(task)
    dataset, model = fitted(task)
    test, classes = dataset.inputs(dataset.test), dataset.targets.classes
    scores = predict(model, test, task, classes)
    rows = golden_rows(dataset, model, scores, threshold)
    kinds = [one["kind"] for one in rows]
    near = 0 if task == "regression" else NEAR
    assert kinds[: TYPICAL + near] == ["typical"] * TYPICAL + ["near_threshold"] * near
    assert set(kinds[TYPICAL + near :]) == {"missing", "unseen", "extreme"}
    expected = [edge for column in dataset.columns for edge in edges(column)]
    assert kinds[TYPICAL + near :] == [edge.kind for edge in expected]
    # Each edge in the row in the middle, all else of which is as it was.
    middle = json_rows(test.iloc[[len(test) // 2]], dataset.columns)[0]
    for one, edge in zip(rows[TYPICAL + near :], expected, strict=True):
        assert one["row"] == middle | {edge.column: edge.value}
    # Typical rows are spread evenly from the first to the last.
    sent = json_rows(test, dataset.columns)
    picked = np.linspace(0, len(test) - 1, TYPICAL, dtype=int)
    assert [one["row"] for one in rows[:TYPICAL]] == [sent[at] for at in picked]
    answers = golden_answers(scores[picked], task, classes, threshold)
    assert [one["answer"] for one in rows[:TYPICAL]] == answers
    if near:
        ranked = np.sort(scores, axis=-1)
        gap = ranked[:, -1] - ranked[:, -2] if task == "multiclass" else np.abs(
            scores - (threshold or 0.5)
        )  # fmt: skip
        closest = np.argsort(gap, kind="stable")[:NEAR]
        assert [one["row"] for one in rows[TYPICAL : TYPICAL + NEAR]] == [
            sent[at] for at in closest
        ]


def test_golden_rows_of_many_edges_are_spread_over_all_columns(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("regression")
    dataset, model = fitted("regression")
    scores = predict(model, dataset.inputs(dataset.test), "regression", ())
    whole = golden_rows(dataset, model, scores, None)[TYPICAL:]
    assert 4 < len(whole) < MOST_EDGES
    monkeypatch.setattr(room, "MOST_EDGES", 4)
    few = golden_rows(dataset, model, scores, None)[TYPICAL:]
    picked = np.linspace(0, len(whole) - 1, 4, dtype=int)
    assert few == [whole[at] for at in picked]
    # A wide table has as many cells, in fewer rows, and never fewer than some.
    monkeypatch.setattr(room, "FEWEST_EDGES", 2)
    for cells, rows in ((3 * len(dataset.columns), 3), (1, 2)):
        monkeypatch.setattr(room, "MOST_CELLS", cells)
        assert len(golden_rows(dataset, model, scores, None)) == TYPICAL + rows


def test_golden_rows_of_few_test_rows_are_all_of_them(empty: Path) -> None:
    write("regression")
    dataset, model = fitted("regression")
    few = replace(dataset, split=replace(dataset.split, test=dataset.split.test[:7]))
    scores = predict(model, few.inputs(few.test), "regression", ())
    rows = golden_rows(few, model, scores, None)
    assert [one["kind"] for one in rows].count("typical") == 7
    assert gather(read(), MODEL.contract).digest == dataset.digest


def test_golden_rows_name_the_feature_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the library that could not use its value."""
    monkeypatch.chdir(tmp_path)
    write("regression")
    dataset, model = fitted("regression")

    def fails(*_: Any) -> None:
        raise BadInput("Input X contains infinity", code="candidate-failed")

    monkeypatch.setattr(room, "predict", fails)
    scores = np.zeros(len(dataset.test))
    for fault in (BadInput("Feature 'ratio'", code="feature-not-finite"), None):
        monkeypatch.setattr(room, "feature_fault", lambda *_, fault=fault: fault)
        with pytest.raises(BadInput) as error:
            golden_rows(dataset, model, scores, None)
        assert error.value.code == (fault.code if fault else "candidate-failed")
