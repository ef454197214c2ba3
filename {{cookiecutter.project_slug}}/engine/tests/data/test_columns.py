"""The contract, told as inputs: every type, and no rule that the server could not judge."""

import json
from typing import Any

import pandas as pd
import pandera.pandas as pa
import pytest

from engine.contract.column import Column
from engine.data.columns import columns, json_rows
from engine.problem.errors import BadInput
from engine.problem.spec import Problem
from engine.tests.data.made import problem_of, table

LATE = problem_of("late", "binary")


def described(problem: Problem = LATE, /, **rules: pa.Column) -> dict[str, Column]:
    """The inputs of the table by name, with a contract of these rules and of its target."""
    schema = pa.DataFrameSchema(rules | {"late": pa.Column(bool)})
    frame = table().assign(words=["w" * 201, "v"] * 60)
    return {one.name: one for one in columns(problem, schema, frame)}


def test_each_type_of_the_contract_is_an_input() -> None:
    result = described(
        size=pa.Column(float, pa.Check.in_range(0, 40), nullable=True, description="in cm"),
        items=pa.Column(int, [pa.Check.ge(0), pa.Check.le(9)]),
        fragile=pa.Column(bool),
        colour=pa.Column(str),
        at=pa.Column("datetime64[us]"),
    )
    size, items = result["size"], result["items"]
    assert (size.type, size.nullable, size.minimum, size.maximum) == ("number", True, 0, 40)
    assert (size.meaning, items.meaning) == ("in cm", "items")
    assert (items.type, items.minimum, items.maximum) == ("integer", 0, 9)
    assert result["fragile"].type == "boolean"
    assert result["colour"].categories == ("blue", "green", "red")
    assert not result["colour"].closed
    assert result["at"].example == "2026-01-03T12:00:00"
    for one in result.values():
        assert Column.from_json(json.loads(json.dumps(one.to_json()))) == one


def test_isin_closes_a_category_and_keeps_its_order() -> None:
    rule = pa.Column(str, pa.Check.isin(["red", "green", "blue", "black"]))
    colour = described(colour=rule)["colour"]
    assert colour.closed
    assert colour.categories == ("red", "green", "blue", "black")


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "float32", "int8"])
def test_the_wider_and_narrower_types_are_read_too(dtype: str) -> None:
    assert described(items=pa.Column(dtype))["items"].type in ("integer", "boolean", "number")


@pytest.mark.parametrize(
    ("name", "rule", "what"),
    [
        ("items", pa.Column(int, pa.Check.isin([1, 2])), r"rule isin\(\[1, 2\]\)"),
        ("items", pa.Column(int, pa.Check.gt(0)), r"rule greater_than\(0\)"),
        ("size", pa.Column(float, pa.Check.in_range(0, 1, include_max=False)), "both ends"),
        ("size", pa.Column(float, pa.Check(lambda x: x > 0, error="is positive")), "is positive"),
        ("colour", pa.Column(str, pa.Check.str_length(1, 9)), "str_length"),
        ("at", pa.Column("datetime64[us]", pa.Check.ge(pd.Timestamp(0))), "cannot check"),
        ("colour", pa.Column("category"), "has type category"),
        ("colour", pa.Column(), "has type None"),
        ("words", pa.Column(str), "texts of up to 201 characters"),
    ],
)
def test_what_the_server_could_not_judge_is_refused(name: str, rule: pa.Column, what: str) -> None:
    with pytest.raises(BadInput, match=what):
        described(**{name: rule})


def test_roles_and_excluded_columns_are_no_inputs_and_may_have_any_rule() -> None:
    problem = problem_of("late", "binary", id="items", time="at", unit="colour")
    excluded = problem.columns.model_copy(update={"excluded": {"size": "for a reason"}})
    problem = problem.model_copy(update={"columns": excluded})
    rules: dict[str, Any] = {
        "size": pa.Column("float", pa.Check.gt(0)),
        "items": pa.Column("object"),
        "colour": pa.Column("category"),
        "at": pa.Column("datetime64[us]"),
    }
    assert list(described(problem, **rules)) == ["at"]


def test_nothing_left_to_read_is_refused() -> None:
    with pytest.raises(BadInput) as error:
        described()
    assert error.value.code == "no-input"


def test_names_that_the_contract_does_not_have_are_refused() -> None:
    problem = problem_of("late", "binary", unit="customer")
    with pytest.raises(BadInput, match=r"rows\.unit = 'customer'"):
        described(problem, size=pa.Column(float))


def test_rows_as_json_are_what_a_caller_would_send() -> None:
    frame = pd.DataFrame(
        {
            "n": [1.5, None],
            "i": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "c": pd.Series(["x", None], dtype="str"),
            "d": [pd.Timestamp("2026-01-01T08:00"), pd.NaT],
        }
    )
    kinds = dict(zip("nibcd", ("number", "integer", "boolean", "category", "date"), strict=True))
    rows = json_rows(frame, tuple(Column(name, kind) for name, kind in kinds.items()))  # type: ignore[arg-type]
    assert json.loads(json.dumps(rows)) == [
        {"n": 1.5, "i": 1, "b": True, "c": "x", "d": "2026-01-01T08:00:00"},
        dict.fromkeys("nibcd"),
    ]
