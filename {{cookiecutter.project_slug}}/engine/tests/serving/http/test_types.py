"""The types of requests and answers are those of the contract."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from engine.bundle.bundle import Contract
from engine.contract.column import Column
from engine.problem.spec import Task
from engine.serving.http.schema import Limits, Schema, schema_of
from engine.tests.serving.made import CLASSES, COLUMNS, ROW

ID, BUNDLE = "0" * 32, "b" * 64
LABEL = {"prediction_id": ID, "label": True}
ANSWERS: dict[str, dict[str, Any]] = {
    "binary": {"score": 0.25, "decision": True},
    "multiclass": {
        "score": 0.5,
        "decision": "low",
        "scores": {"high": 0.25, "low": 0.5, "middle": 0.25},
    },
    "regression": {"score": -1234.5},
}


def of(task: Task = "binary", *columns: Column) -> Schema:
    outputs = ({"name": "score", "meaning": "how sure"}, {"name": "decision", "meaning": "late"})
    return schema_of(Contract(task, CLASSES[task], columns or COLUMNS, outputs), Limits(rows=3))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return of()


def fits(schema: Schema, kind: str, value: Any) -> bool:
    try:
        schema.adapters[kind].validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_answer_has_what_its_task_gives(task: Task) -> None:
    schema, answer = of(task), {"prediction_id": ID, "bundle": BUNDLE, **ANSWERS[task]}
    assert fits(schema, "Answer", answer)
    assert fits(schema, "Answer", answer | {"rehearsal": True})
    assert not fits(schema, "Answer", answer | {"rehearsal": False})
    reason = {"input": "items", "value": 3, "typical": None, "difference": -0.5}
    assert fits(schema, "Answer", answer | {"reasons": [reason, reason]})
    shap = {"input": "items", "value": 3, "contribution": -0.5}
    assert fits(schema, "Answer", answer | {"reasons": [shap]})
    for name in ("input", "value"):
        less = {key: value for key, value in reason.items() if key != name}
        assert not fits(schema, "Answer", answer | {"reasons": [less]})
    assert not fits(schema, "Answer", answer | {"reasons": [reason | {"difference": "much"}]})
    for name in answer:
        assert not fits(schema, "Answer", {k: v for k, v in answer.items() if k != name})
    for more in ({"other": 1}, {"prediction_id": "1"}, {"bundle": 1}, {"score": "high"}):
        assert not fits(schema, "Answer", answer | more)
    assert fits(schema, "Answer", answer | {"score": 1.5}) == (task == "regression")
    assert fits(schema, "Answers", {"predictions": [answer]})
    assert not fits(schema, "Answers", {"predictions": []})
    if task == "multiclass":
        assert not fits(schema, "Answer", answer | {"decision": "lower"})
        assert not fits(schema, "Answer", answer | {"scores": {"low": "much"}})
    if task == "binary":
        assert not fits(schema, "Answer", answer | {"decision": "true"})


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_types_are_described_for_people(task: Task) -> None:
    types = of(task).components()
    names = ["Row", "Answer", "Label", "Rows", "Answers", "Labels", "Problem"]
    assert set(types) == {*names, "Reason", "Explanation"}
    assert [types[name]["title"] for name in names] == names
    answer = types["Answer"]["properties"]
    described = {"bundle", "rehearsal", "reasons", "score", "prediction_id"}
    for name in described | ({"decision"} & set(answer)):
        assert answer[name]["description"], name
    assert answer["score"]["description"] == "how sure"
    if task != "regression":
        assert answer["decision"]["description"] == "late"
        assert (answer["score"]["minimum"], answer["score"]["maximum"]) == (0, 1)
    for name in ("contribution", "difference"):
        assert types["Reason"]["properties"][name]["description"]
    label = types["Label"]["properties"]
    assert label["label"]["description"]
    assert label["known_at"]["examples"] == ["2026-03-01T09:30:00Z"]
    for name, key in (("Rows", "rows"), ("Answers", "predictions"), ("Labels", "labels")):
        many = types[name]["properties"][key]
        assert (many["minItems"], many["maxItems"]) == (1, 3)
        assert types[name]["required"] == [key]
        assert many["items"]["$ref"] == f"#/components/schemas/{name[:-1]}"


def test_input_is_described_by_its_column() -> None:
    columns = (
        replace(COLUMNS[0], meaning="The size.", example=None),
        Column("days", "integer", nullable=True, meaning="", example=4),
        Column("weeks", "integer", nullable=True),
    )
    row = of("binary", *columns).components()["Row"]
    size, days, weeks = row["properties"].values()
    assert [one["title"] for one in (size, days, weeks)] == [one.name for one in columns]
    assert size["description"] == "The size. A number from 0 to 50."
    assert days["description"] == "A whole number or null."
    assert (size.get("examples", []), days["examples"], weeks["examples"]) == ([], [4], [None])
    assert row["required"] == ["mean radius (mm)"]


INT64 = 2**63


@pytest.mark.parametrize(
    ("column", "fitting", "others"),
    [
        (Column("x", "number", minimum=0.5, maximum=2), [0.5, 1, 2.0], [0.49, 2.01, "1", True]),
        (Column("x", "number"), [-1e300, 0], ["NaN", None]),
        (Column("x", "integer", minimum=0.5, maximum=2.5), [1, 2.0], [0, 3, 1.5, True, "1"]),
        (Column("x", "integer"), [-INT64, INT64 - 1, 1e3], [-INT64 - 1, INT64, 1e19]),
        (Column("x", "integer", nullable=True), [None, 7], ["7"]),
        (Column("x", "boolean"), [True, False], [0, 1, "true", None]),
        (Column("x", "category"), ["a", "x" * 200], ["x" * 201, "", " ", 1, None]),
        (Column("x", "category", nullable=True), ["", " ", None], [1]),
        (Column("x", "category", categories=("a", "b"), closed=True), ["a"], ["A", "", 1]),
        (Column("x", "date"),
         ["2026-03-01", "2026-03-01T09:30", "2026-03-01 09:30:15.123456", "2024-02-29"],
         ["2026-02-29", "2026-3-1", "2026-03-01T09:30Z", "2026-03-01T9:30", "2026-03-01T24:01",
          " 2026-03-01", "2026-03-01\n", 1, ""]),
    ],
)  # fmt: skip
def test_input_takes_what_its_column_allows(
    column: Column, fitting: list[Any], others: list[Any]
) -> None:
    schema = of("binary", column)
    for value in fitting:
        assert fits(schema, "Row", {"x": value}), value
        # As values of Python, which other protocols and own routes pass.
        schema.adapters["Row"].validate_python({"x": value})
    for value in others:
        assert not fits(schema, "Row", {"x": value}), value
        with pytest.raises(ValidationError):
            schema.adapters["Row"].validate_python({"x": value})
    assert fits(schema, "Row", {}) == column.nullable
    assert not fits(schema, "Row", {"x": fitting[0], "y": 1})


def test_whole_number_that_is_written_with_a_point_is_one(schema: Schema) -> None:
    row = schema.adapters["Row"].validate_json(json.dumps(ROW | {"items": 3.0}))
    assert (row["items"], type(row["items"])) == (3, int)


@pytest.mark.parametrize(
    ("task", "fitting", "others"),
    [
        ("binary", [True, False], ["true", 2, None]),
        ("multiclass", ["high", "low", "middle"], ["High", 0, None, True]),
        ("regression", [0, -1.5e300], ["1", True, None]),
    ],
)
def test_label_is_an_outcome_of_the_contract(
    task: Task, fitting: list[Any], others: list[Any]
) -> None:
    schema = of(task)
    for outcome in fitting:
        assert fits(schema, "Label", LABEL | {"label": outcome}), outcome
    for outcome in others:
        assert not fits(schema, "Label", LABEL | {"label": outcome}), outcome
    words = schema.words["Label"]
    expected = {"binary": "one of false, true", "regression": "a number"}
    assert words["label"] == expected.get(task, 'one of "high", "low", "middle"')
    assert set(words) == {"prediction_id", "label", "known_at"}


def test_label_needs_the_id_of_a_prediction(schema: Schema) -> None:
    for id_ in ("", "0" * 31, "0" * 33, "g" * 32, "A" * 32, f"{ID}\n", 0):
        assert not fits(schema, "Label", LABEL | {"prediction_id": id_}), id_
    assert not fits(schema, "Label", {"label": True})
    assert not fits(schema, "Label", LABEL | {"more": 1})


def later(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


@pytest.mark.parametrize(
    ("known_at", "is_valid"),
    [
        (lambda: "1970-01-01T00:00:00Z", True),
        (lambda: "1969-12-31T23:59:59.999999Z", False),
        (lambda: "1970-01-01T00:30:00+01:00", False),
        (lambda: "2026-03-01T09:30:00.5+05:30", True),
        (lambda: "2026-03-01T09:30:00", False),
        (lambda: "2026-03-01", False),
        (lambda: later(4.5), True),
        (lambda: later(5.5), False),
    ],
)
def test_label_is_known_in_the_past(
    schema: Schema, known_at: Callable[[], str], is_valid: bool
) -> None:
    assert fits(schema, "Label", LABEL | {"known_at": known_at()}) == is_valid


def test_time_of_a_label_is_stored_in_one_form(schema: Schema) -> None:
    for text in ("2026-03-01T09:30:00.25+05:30", "2026-03-01 04:00:00.250Z"):
        label = schema.adapters["Label"].validate_json(json.dumps(LABEL | {"known_at": text}))
        assert label["known_at"] == "2026-03-01T04:00:00.250000+00:00"


def test_bounds_are_those_of_the_limits_and_fields(schema: Schema) -> None:
    assert {name: (one.rows, one.fields) for name, one in schema.bounds.items()} == {
        "Row": (3, len(COLUMNS)),
        "Label": (3, 3),
    }
    assert list(schema.words["Row"]) == [column.name for column in COLUMNS]
    assert schema.words["Row"]["items"] == "a whole number from 1 to 100"
