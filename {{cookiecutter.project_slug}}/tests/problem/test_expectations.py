"""The [expectations] of problem.toml name inputs, and values that the model knows.

The gate's check `behaviour` tests the trained model against them. These tests find a misspelt
expectation in a second, before a training that takes minutes.
"""

import pytest
from starlette.testclient import TestClient

from engine.contract.column import Column
from engine.problem.spec import Problem


@pytest.fixture(scope="module")
def inputs(columns: tuple[Column, ...]) -> dict[str, Column]:
    """The inputs of the model by name."""
    return {column.name: column for column in columns}


def test_expectation_invariance_names_an_input(problem: Problem, inputs: dict[str, Column]) -> None:
    assert {one.column for one in problem.expectations.invariance} <= inputs.keys()


def test_expectation_direction_names_a_number(problem: Problem, inputs: dict[str, Column]) -> None:
    for one in problem.expectations.direction:
        assert inputs[one.column].type in ("number", "integer"), one.column


def test_expectation_minimum_has_known_categories(
    problem: Problem, inputs: dict[str, Column]
) -> None:
    for one in problem.expectations.minimum:
        for name, value in one.row.items():
            assert inputs[name].type != "category" or value in inputs[name].categories, name


def test_expectation_minimum_row_gets_a_prediction(
    problem: Problem, client: TestClient, requests: list[dict[str, object]]
) -> None:
    for one in problem.expectations.minimum:
        response = client.post("/v1/predict", json=requests[0] | one.row)
        assert response.status_code == 200, response.text
