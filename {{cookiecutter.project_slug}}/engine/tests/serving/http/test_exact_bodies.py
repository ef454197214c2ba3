"""Every member of a body is read or refused by name: keys, parameters, invalid numbers."""

import json
import math
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.tests.serving.http.test_protocols import INFER, tensors
from engine.tests.serving.made import COLUMNS, ROW

ROW_JSON = json.dumps(ROW)
TENSORS = json.dumps(tensors([ROW]))
LABEL = f'"prediction_id": "{"0" * 32}", "label": true'
# A path and a body with a place for one more member.
PLACES = [
    ("/v1/predict", ROW_JSON[:-1] + ", %s}", '"items": 3'),
    ("/v1/predict", ROW_JSON.replace('"red"', '"a:\\"\\u00e9\\\\"')[:-1] + ", %s}", '"items": 3'),
    ("/v1/predict", ROW_JSON[:-1] + ", %s}", '"it\\u0065ms": "3"'),
    ("/v1/predict", '{"rows": [' + ROW_JSON + "," + ROW_JSON[:-1] + ", %s}]}", '"service":"slow"'),
    ("/v1/predict", '{"rows": [' + ROW_JSON + "], %s}", '"rows": []'),
    ("/v1/labels", "{" + LABEL + ", %s}", '"label": false'),
    ("/v1/labels", '{"labels": [{' + LABEL + ", %s}]}", '"label": false'),
    (INFER, '{"inputs": ' + TENSORS + ", %s}", '"inputs": []'),
    (INFER, '{"inputs": [' + TENSORS[2:-2].join(["{", ", %s}"]) + "]}", '"data": [3]'),
    ("/invocations", '{"instances": [' + ROW_JSON[:-1] + ", %s}]}", '"items": 3'),
    ("/invocations", '{"instances": [' + ROW_JSON + "], %s}", '"instances": []'),
    ("/invocations", '{"inputs": {"items": [1], %s}}', '"items": [2]'),
]


@pytest.mark.parametrize(("path", "body", "member"), PLACES)
def test_key_that_comes_twice_is_refused_by_its_name(
    client: TestClient, path: str, body: str, member: str
) -> None:
    answer = client.post(path, content=body.replace("%s", member))
    assert answer.status_code == 422
    [name] = json.loads("{" + member + "}")
    assert "once" in answer.text
    assert name in answer.text
    alone = client.post(path, content=body.replace(", %s", ""))
    assert "once" not in alone.text


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + ROW_JSON.encode(),
        ROW_JSON.encode("utf-16"),
        ROW_JSON.encode("utf-16-le"),
        ROW_JSON.replace("red", "r\udce9d").encode(errors="surrogateescape"),
        ROW_JSON.replace("red", "\\ud800").encode(),
        ROW_JSON.replace("red", "\x00").encode(),
        ROW_JSON.replace("12.5", "1" * 5_000).encode(),
        ROW_JSON.replace("12.5", "0x10").encode(),
    ],
)
@pytest.mark.parametrize("form", ["%s", '{"rows": [%s]}'])
def test_body_that_is_not_json_in_utf_8_is_refused(
    client: TestClient, body: bytes, form: str
) -> None:
    answer = client.post("/v1/predict", content=form.encode().replace(b"%s", body))
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:problem:not-json"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999999", "1" * 4_000])
@pytest.mark.parametrize("column", ["mean radius (mm)", "items", "days"])
def test_number_that_is_not_finite_is_refused(client: TestClient, number: str, column: str) -> None:
    body = json.dumps(ROW | {column: "?"}).replace('"?"', number)
    for content in (body, f'{{"rows": [{body}]}}'):
        answer = client.post("/v1/predict", content=content)
        assert answer.status_code == 422
        assert [error["field"].endswith(column) for error in answer.json()["errors"]] == [True]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_nan_in_a_tensor_is_a_missing_value(client: TestClient, column: Any) -> None:
    inputs = tensors([ROW | {column.name: math.nan}])
    answer = client.post(INFER, content=json.dumps({"inputs": inputs}))
    assert answer.status_code == (200 if column.nullable else 422)
    infinite = json.dumps({"inputs": tensors([ROW | {column.name: math.inf}])})
    assert client.post(INFER, content=infinite).status_code == 422


def test_null_member_equals_an_absent_one(client: TestClient) -> None:
    body = {
        "id": None,
        "model_name": None,
        "parameters": None,
        "outputs": None,
        "inputs": [one | {"parameters": None} for one in tensors([ROW])],
    }
    answer = client.post(INFER, json=body)
    assert answer.status_code == 200
    assert "id" not in answer.json()
    outputs = [{"name": "score", "parameters": None}]
    assert client.post(INFER, json=body | {"outputs": outputs}).status_code == 200
    assert client.post("/invocations", json={"instances": [ROW], "params": None}).status_code == 200


def test_parameter_without_effect_is_accepted(client: TestClient) -> None:
    body = {
        "model_name": "parcels-for-tests",
        "parameters": {"binary_data_output": True},
        "inputs": [one | {"parameters": {"binary_data": False}} for one in tensors([ROW])],
        "outputs": [{"name": "score", "parameters": {"binary_data": True}}],
    }
    assert client.post(INFER, json=body).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parameters": {"content_type": "base64"}}, "parameters.content_type"),
        ({"parameters": {"sequence_id": 1}}, "parameters.sequence_id"),
        ({"parameters": {"priority": 1}}, "parameters.priority"),
        ({"parameters": {"timeout": 1}}, "parameters.timeout"),
        ({"parameters": {"binary_data_output": 1}}, "parameters.binary_data_output"),
        ({"raw_input_contents": []}, "raw_input_contents"),
        (
            {"inputs": [tensors([ROW])[0] | {"parameters": {"content_type": "str"}}]},
            "inputs[0].parameters.content_type",
        ),
        (
            {"inputs": [tensors([ROW])[0] | {"parameters": {"binary_data": True}}]},
            "inputs[0].parameters.binary_data",
        ),
        ({"inputs": [tensors([ROW])[0] | {"contents": {}}]}, "inputs[0].contents"),
        (
            {"outputs": [{"name": "score", "parameters": {"classification": 2}}]},
            "outputs[0].parameters.classification",
        ),
        ({"model_name": "another"}, "model_name"),
        ({"outputs": [{"name": "score"}] * 2}, "each output once"),
    ],
)
def test_tensor_request_with_an_unknown_member_is_refused_by_its_name(
    client: TestClient, change: dict[str, Any], field: str
) -> None:
    answer = client.post(INFER, json={"inputs": tensors([ROW])} | change)
    assert answer.status_code == 422
    assert field in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"instances": [ROW], "params": {"threshold": 0.1}}, "params"),
        ({"instances": [ROW], "signature_name": "default"}, "signature_name"),
        (
            {"dataframe_split": {"columns": list(ROW), "data": [[*ROW.values()]], "dtypes": []}},
            "dataframe_split.dtypes",
        ),
    ],
)
def test_frame_with_an_unknown_member_is_refused_by_its_name(
    client: TestClient, body: Any, field: str
) -> None:
    answer = client.post("/invocations", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
