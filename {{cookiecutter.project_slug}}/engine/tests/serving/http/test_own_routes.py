"""The team's own routes: they use the current model and follow the rules of all routes."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel
from starlette.testclient import TestClient

from engine.serving.access import Keys
from engine.serving.http.app import Start
from engine.serving.http.own_routes import Model
from engine.serving.http.schema import Limits
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.in_process import KEY, PREFIX, send
from engine.tests.serving.made import COLUMNS, ROW
from engine.tests.serving.unbroken.process import logged_records as logged
from serving.app import create_app

# Tags as in serving/app.py; a route outside of /v1/ has the same guards.
own = APIRouter(tags=["own"])


class Shipment(BaseModel):
    """A type of the team's own: a row, and what the team knows beside it."""

    row: dict[str, Any]
    value: float


class Action(BaseModel):
    """What to do about a shipment."""

    action: str
    bundle: str


@own.get("/v1/inputs")
async def inputs(model: Model) -> dict[str, str]:
    """The model's inputs and their types."""
    return {column.name: column.type for column in model.contract.inputs}


@own.post("/shipments/{number}/action")
async def action(number: int, shipment: Shipment, model: Model) -> Action:
    """What to do about one shipment: the model's decision, unless it is worth little."""
    [prediction] = await model.predict([shipment.row])
    wanted = prediction["decision"] and shipment.value > 100
    return Action(action="call" if wanted else "wait", bundle=model.bundle_id)


@own.get("/v1/customers/{name}")
async def customer(name: str) -> Response:
    """Fails in two ways."""
    if name == "Ada":
        raise ValueError("no address of Ada Lovelace")
    raise HTTPException(404, f"no customer {name}", {"X-Reason": "unknown"})


@own.post("/v1/echo")
async def echo(request: Request) -> Response:
    """The body as it came, whatever it is."""
    return Response(await request.body())


SHIPMENT = {"row": ROW, "value": 500.0}
CALL = "/shipments/7/action"


@pytest.fixture
def client(connect: Connect, predictor: Predictor) -> TestClient:
    return connect(predictor, own=own)


def problem_of(response: Any) -> tuple[int, str]:
    """Status and type of problem details."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert {"type", "title", "status", "detail"} <= set(problem)
    return problem["status"], problem["type"].removeprefix("urn:problem:")


def test_own_get_returns_the_inputs_of_the_contract(client: TestClient) -> None:
    response = client.get("/v1/inputs")
    assert response.json() == {column.name: column.type for column in COLUMNS}
    assert response.headers["cache-control"] == "no-store"


def test_own_post_predicts_and_counts_like_any_other(
    client: TestClient, predictor: Predictor
) -> None:
    [expected] = predictor.predict([ROW])
    response = client.post(CALL, json=SHIPMENT)
    wanted = "call" if expected["decision"] else "wait"
    assert response.json() == {"action": wanted, "bundle": predictor.bundle.id}
    lines = client.get("/metrics").text.splitlines()
    route = "/shipments/{number}/action"
    assert f'serving_requests_total{{route="{route}",status="200"}} 1.0' in lines
    bundle = predictor.bundle.id
    assert f'serving_rows_predicted_total{{bundle="{bundle}"}} 1.0' in lines


def test_prediction_of_an_own_route_is_logged(predictor: Predictor, tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "predictions") as log:
        start = Start(lambda: predictor, log, Labels(tmp_path / "labels"))
        with TestClient(create_app(start, own=own)) as client:
            assert client.post(CALL, json=SHIPMENT).status_code == 200
    assert len(logged(tmp_path / "predictions")) == 1


def test_own_routes_are_in_the_document_with_their_types_and_problems(client: TestClient) -> None:
    for _ in range(2):  # the second time from the cache
        document = client.get("/openapi.json").json()
        post = document["paths"]["/shipments/{number}/action"]["post"]
        assert post["tags"] == ["own"]
        assert {"Shipment", "Action", "Row", "Problem"} <= set(document["components"]["schemas"])
        assert "HTTPValidationError" not in document["components"]["schemas"]
        refused = post["responses"]["422"]["content"]
        assert list(refused) == ["application/problem+json"]


def test_own_route_needs_a_key_however_its_path_is_written(
    connect: Connect, predictor: Predictor
) -> None:
    client = connect(predictor, keys=Keys(KEY, None), own=own)
    bearer = {"Authorization": f"Bearer {KEY}"}
    for path in ("/v1/inputs", CALL, "/v1/inputs%0A", "/shipments/7%2Faction", "/v1/customers/Bo"):
        method = "POST" if "shipments" in path else "GET"
        for target, root in ((path, ""), (path, PREFIX), (PREFIX + path, PREFIX)):
            status, headers, body = send(client, method, target, root=root, body=None)
            assert (status, json.loads(body)["type"]) == (401, "urn:problem:no-key"), target
            assert headers["www-authenticate"] == "Bearer"
    assert send(client, "GET", "/v1/inputs", bearer)[0] == 200
    assert send(client, "GET", PREFIX + "/v1/inputs", bearer, PREFIX)[0] == 200
    document = client.get("/openapi.json").json()
    for path, verb in (("/v1/inputs", "get"), ("/shipments/{number}/action", "post")):
        assert document["paths"][path][verb]["security"] == [{"key": []}]
    assert client.get("/livez").status_code == 200


def test_own_route_without_keys_refuses_a_foreign_page(client: TestClient) -> None:
    foreign = {"Origin": "https://elsewhere.example.org"}
    assert problem_of(client.post(CALL, json=SHIPMENT, headers=foreign)) == (403, "wrong-origin")


@pytest.mark.parametrize(
    ("content", "headers", "expected"),
    [
        (b'"' + b"a" * 2_000 + b'"', {}, (413, "body-too-large")),
        (gzip.compress(b'"' + b"a" * 2_000 + b'"', mtime=0), {"Content-Encoding": "gzip"},
         (413, "body-too-large")),
        (b"[" + b"{}," * 300 + b"{}]", {}, (413, "too-many-values")),
        (b"none", {"Content-Encoding": "br"}, (415, "wrong-encoding")),
        (b"none", {"Content-Encoding": "gzip"}, (400, "not-decoded")),
        (b"{", {"Content-Type": "application/json"}, (400, "not-json")),
        (b"{}", {"Content-Type": "application/json"}, (422, "invalid")),
        (b"{}", {"Content-Type": "text/plain"}, (422, "invalid")),
        (b"[" * 60, {"Content-Type": "application/json"}, (400, "not-json")),
        (json.dumps({"row": {}, "value": 1}).encode(), {}, (422, "invalid")),
        (b"", {}, (422, "invalid")),
    ],
)  # fmt: skip
def test_own_route_refuses_the_same_bodies_as_other_routes(
    connect: Connect,
    predictor: Predictor,
    content: bytes,
    headers: dict[str, str],
    expected: tuple[int, str],
) -> None:
    client = connect(predictor, Limits(body_bytes=1_000, rows=10), own=own)
    headers = {"Content-Type": "application/json"} | headers
    assert problem_of(client.post(CALL, content=content, headers=headers)) == expected


def test_body_that_is_nested_too_deeply_gets_a_problem(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    assert problem_of(client.post(CALL, content=b"[" * 9_000, headers=headers))[0] == 400


def test_own_route_reads_the_decoded_body(client: TestClient) -> None:
    body = json.dumps(SHIPMENT).encode()
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert client.post(CALL, content=gzip.compress(body), headers=headers).status_code == 200
    assert client.post("/v1/echo", content=gzip.compress(body), headers=headers).content == body
    assert client.post("/v1/echo", content=b"\0,{[" * 9).content == b"\0,{[" * 9


def test_request_that_does_not_fit_an_own_route_is_refused_by_field(client: TestClient) -> None:
    response = client.post("/shipments/x/action", json={"row": ROW, "value": "much"})
    assert [error["field"] for error in response.json()["errors"]] == ["path.number", "body.value"]
    response = client.post(CALL, json={"row": ROW | {"items": 0}, "value": 1})
    [error] = response.json()["errors"]
    assert (error["field"], error["got"]) == ("rows[0].items", "0")


def test_crash_in_an_own_route_gets_a_problem_without_a_trace(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.get("/v1/customers/Ada")
    assert problem_of(response) == (500, "internal")
    for word in ("Ada", "ValueError", "Traceback", "test_own_routes"):
        assert word not in response.text
    assert "ValueError" in caplog.text
    assert "Lovelace" not in caplog.text  # a message may quote a row
    route = 'route="/v1/customers/{name}",status="500"} 1.0'
    assert route in client.get("/metrics").text


def test_exception_of_an_own_route_gets_a_problem_with_its_detail(client: TestClient) -> None:
    response = client.get("/v1/customers/Bo")
    assert problem_of(response) == (404, "about:blank")
    assert response.json()["detail"] == "no customer Bo"
    assert response.headers["x-reason"] == "unknown"
    response = client.delete("/v1/inputs")
    assert problem_of(response) == (405, "method-not-allowed")
    assert response.headers["allow"] == "GET, HEAD"
    assert client.head("/v1/inputs").status_code == 200
