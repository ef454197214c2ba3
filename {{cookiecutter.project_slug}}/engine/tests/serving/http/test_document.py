"""The OpenAPI document: what it says of the model, its bodies, its errors and its keys."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from starlette.testclient import TestClient
from typing_extensions import TypedDict

from engine.bundle import bundle as bundles
from engine.serving.access import Keys
from engine.serving.http.errors import PROBLEM, PROBLEMS
from engine.serving.http.openapi import (
    BODY_PROBLEMS,
    GUARDED,
    OPERATE,
    inline,
    json_content,
    problems,
    ref,
    request_body,
    response,
)
from engine.serving.model.predictor import Predictor, load
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.in_process import KEY
from engine.tests.serving.http.test_own_routes import own


def document(client: TestClient) -> dict[str, Any]:
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    content: dict[str, Any] = answer.json()
    return content


class Inner(TypedDict):
    value: int


class Outer(TypedDict):
    one: Inner
    many: list[Inner]


def test_type_is_inlined_with_all_that_it_refers_to() -> None:
    schema = inline(Outer)
    inner = TypeAdapter(Inner).json_schema()
    assert schema["properties"]["one"] == inner
    assert schema["properties"]["many"]["items"] == inner
    assert schema["required"] == ["one", "many"]
    assert "$" not in str(schema)
    assert inline(Inner) == inner


def test_parts_of_an_operation() -> None:
    one, other = ref("Row"), ref("Rows")
    assert one == {"$ref": "#/components/schemas/Row"}
    assert ref("name", "parameters") == {"$ref": "#/components/parameters/name"}
    assert json_content(one) == {"application/json": {"schema": one}}
    both = {"application/json": {"schema": {"oneOf": [one, other]}}}
    assert json_content(one, other) == both
    assert request_body(one, other) == {"requestBody": {"required": True, "content": both}}
    assert response("Fine.", one) == {200: {"description": "Fine.", "content": json_content(one)}}


def test_problems_of_one_status_are_one_response() -> None:
    made = problems("not-json", "busy", "not-decoded", "not-ready")
    titles = {code: PROBLEMS[code][1] for code in PROBLEMS}
    assert {status: one["description"] for status, one in made.items()} == {
        400: f"{titles['not-json']}; or: {titles['not-decoded']}",
        503: f"{titles['busy']}; or: {titles['not-ready']}",
    }
    [content] = made[400]["content"].items()
    assert content == ("application/problem+json", {"schema": ref("Problem")})
    assert problems("busy", content={"a": 1})[503]["content"] == {"a": 1}
    assert problems() == {}


def test_document_is_that_of_the_decision(connect: Connect, bundle_path: Path) -> None:
    bundle = bundles.read(bundle_path)
    decision = bundle.problem.decision
    for rehearsal in (False, True):
        content = document(connect(load(bundle, rehearsal=rehearsal)))
        about = content["info"]
        assert about["title"] == decision.name
        assert about["summary"] == decision.question
        assert about["version"] == str(bundle.manifest["version"])
        for part in (decision.action, decision.intended_use, decision.not_for, bundle.id):
            assert part in about["description"]
        assert ("not accepted" in about["description"]) == rehearsal
        assert content["components"]["parameters"] == {
            "name": {
                "name": "name", "in": "path", "required": True,
                "schema": {"enum": ["parcels-for-tests"]},
            },
            "version": {
                "name": "version", "in": "path", "required": True, "schema": {"enum": ["1"]},
            },
        }  # fmt: skip
        assert content["components"]["schemas"]["Problem"] == PROBLEM


@pytest.mark.parametrize("with_keys", [False, True])
def test_guarded_operations_have_a_lock_where_keys_are_used(
    connect: Connect, predictor: Predictor, with_keys: bool
) -> None:
    client = connect(predictor, keys=Keys(KEY, None) if with_keys else None, own=own)
    content = document(client)
    locked = {"key": {"type": "http", "scheme": "bearer"}}
    assert content["components"].get("securitySchemes") == (locked if with_keys else None)
    of_the_team = {"/v1/inputs", "/shipments/{number}/action", "/v1/customers/{name}", "/v1/echo"}
    for path, operations in content["paths"].items():
        guarded = with_keys and (path.startswith(GUARDED) or path in of_the_team)
        for operation in operations.values():
            assert operation.get("security") == ([{"key": []}] if guarded else None), path
    assert of_the_team < set(content["paths"])


def test_operate_paths_leave_the_document_with_their_port(client: TestClient) -> None:
    assert set(document(client)["paths"]) >= OPERATE
    client.app.split_admin(1)  # type: ignore[attr-defined]
    for _ in range(2):
        paths = set(document(client)["paths"])
        assert not paths & OPERATE
        assert "/v1/predict" in paths


def test_bodies_and_answers_are_documented(client: TestClient) -> None:
    paths = document(client)["paths"]
    predict = paths["/v1/predict"]["post"]
    assert predict["requestBody"] == request_body(ref("Row"), ref("Rows"))["requestBody"]
    assert predict["responses"]["200"]["content"] == json_content(ref("Answer"), ref("Answers"))
    [reasons] = predict["parameters"]
    assert (reasons["name"], reasons["in"]) == ("reasons", "query")
    assert (reasons["schema"]["minimum"], reasons["schema"]["maximum"]) == (1, 99)
    labels = paths["/v1/labels"]["post"]
    assert labels["requestBody"] == request_body(ref("Label"), ref("Labels"))["requestBody"]
    invoke = paths["/invocations"]["post"]
    assert set(invoke["requestBody"]["content"]) == {"application/json", "text/csv"}
    assert invoke["requestBody"]["content"]["text/csv"] == {"schema": {"type": "string"}}
    answered = invoke["responses"]["200"]["content"]["application/json"]["schema"]
    assert set(answered["required"]) == {"predictions", "answers"}
    assert answered["properties"]["answers"]["items"] == ref("Answer")
    infer = paths["/v2/models/{name}/versions/{version}/infer"]["post"]
    assert infer["parameters"] == [ref("name", "parameters"), ref("version", "parameters")]
    schema = infer["requestBody"]["content"]["application/json"]["schema"]
    assert schema["required"] == ["inputs"]
    error = infer["responses"]["404"]["content"]["application/json"]["schema"]
    assert error["properties"] == {"error": {"type": "string"}}
    assert paths["/v2/models/{name}"]["get"]["parameters"] == [ref("name", "parameters")]


def test_every_operation_is_described_and_tagged(client: TestClient) -> None:
    for path, operations in document(client)["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            assert len(operation["tags"]) == 1, path
            assert operation["responses"]["200"]["description"], path


def test_statuses_of_a_body_are_documented(client: TestClient) -> None:
    expected = {str(PROBLEMS[code][0]) for code in BODY_PROBLEMS} | {"200"}
    paths = document(client)["paths"]
    for path, more in (
        ("/v1/predict", {"busy"}),
        ("/v1/labels", {"not-stored"}),
        ("/invocations", {"wrong-type", "busy"}),
        ("/v2/models/{name}/infer", {"not-found", "busy"}),
    ):
        statuses = expected | {str(PROBLEMS[code][0]) for code in more}
        assert set(paths[path]["post"]["responses"]) == statuses, path
