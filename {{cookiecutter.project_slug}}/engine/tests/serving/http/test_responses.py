"""What every response has, however it came about: headers, an error's form, a count."""

import json
import re

import pytest
from fastapi import APIRouter, HTTPException
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.in_process import KEY, send
from engine.tests.serving.http.test_own_routes import own
from engine.tests.serving.made import ROW

FOREIGN = {"Origin": "https://elsewhere.example.org"}


def count_of(client: TestClient, route: str, status: int) -> float:
    text = client.get("/metrics").text
    match = re.search(
        rf'requests_total{{route="{re.escape(route)}",status="{status}"}} (\S+)', text
    )
    return float(match[1]) if match else 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/v1/predict", 200),
        ("POST", "/v1/labels", 422),
        ("GET", "/livez", 200),
        ("GET", "/docs", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/livez", 405),
        ("HEAD", "/readyz", 200),
    ],
)
def test_response_is_for_its_sender_alone(
    client: TestClient, method: str, path: str, status: int
) -> None:
    got, headers, _ = send(client, method, path)
    assert got == status
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    if (path, status) != ("/v1/predict", 200):
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"


def test_prediction_has_its_type_and_length(client: TestClient) -> None:
    status, headers, body = send(client, "POST", "/v1/predict")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert int(headers["content-length"]) == len(body)
    assert json.loads(body)["prediction_id"]


def test_requests_are_counted_by_the_pattern_of_their_route(
    connect: Connect, predictor: Predictor
) -> None:
    client = connect(predictor, own=own)
    for method, target, route, status in (
        ("POST", "/v1/predict", "/v1/predict", 200),
        ("POST", "/shipments/7/action", "/shipments/{number}/action", 422),
        ("GET", "/v2/models/other", "/v2/models/{name}", 404),
        ("GET", "/nowhere/7", "none", 404),
        ("GET", "/v1/customers/Ada", "/v1/customers/{name}", 500),
    ):
        before = count_of(client, route, status)
        assert send(client, method, target)[0] == status
        assert count_of(client, route, status) == before + 1, target
    text = client.get("/metrics").text
    assert "/nowhere" not in text
    assert 'route="/shipments/7' not in text
    client.app.count_refusal(431)  # type: ignore[attr-defined]
    assert count_of(client, "none", 431) == 1


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
def test_key_is_needed_by_what_is_guarded_alone(
    guarded: TestClient, headers: dict[str, str]
) -> None:
    for path in ("/v1/predict", "/v2/models/any/infer", "/invocations"):
        status, sent, body = send(guarded, "POST", path, headers)
        assert (status, sent["www-authenticate"]) == (401, "Bearer"), path
        assert b"no-key" in body
    for path in ("/livez", "/metrics", "/docs", "/v2", "/openapi.json"):
        assert send(guarded, "GET", path, headers)[0] == 200, path
    # With keys the page does not matter: none knows a key.
    assert (
        send(guarded, "POST", "/v1/predict", FOREIGN | {"Authorization": f"Bearer {KEY}"})[0] == 200
    )


def test_key_that_comes_twice_is_refused(guarded: TestClient) -> None:
    header = ("Authorization", f"Bearer {KEY}")
    assert guarded.post("/v1/predict", json=ROW, headers=[header]).status_code == 200
    assert guarded.post("/v1/predict", json=ROW, headers=[header] * 2).status_code == 401


def test_foreign_page_may_read_and_not_write(client: TestClient) -> None:
    assert send(client, "GET", "/livez", FOREIGN)[0] == 200
    assert send(client, "GET", "/openapi.json", FOREIGN)[0] == 200
    for path in ("/v1/predict", "/v1/labels", "/invocations"):
        status, _, body = send(client, "POST", path, FOREIGN)
        assert status == 403
        assert b"wrong-origin" in body


def test_admin_port_has_operate_paths_alone(client: TestClient) -> None:
    client.app.split_admin(8000)  # type: ignore[attr-defined]  # the port of `send`
    assert send(client, "GET", "/livez")[0] == 200
    for method, path in (("POST", "/v1/predict"), ("GET", "/docs"), ("GET", "/v2")):
        assert send(client, method, path)[0] == 404, path
    client.app.split_admin(9000)  # type: ignore[attr-defined]
    assert send(client, "GET", "/livez")[0] == 404
    assert send(client, "POST", "/v1/predict")[0] == 200


def raising(error: BaseException) -> APIRouter:
    router = APIRouter()

    @router.get("/own")
    async def fail() -> None:
        raise error

    return router


@pytest.mark.parametrize(
    ("error", "status", "kind", "detail"),
    [
        (HTTPException(418, "tea", {"X-Pot": "1"}), 418, "about:blank", "tea"),
        (HTTPException(405, "no"), 405, "about:blank", "no"),
        (ValueError("of Ada"), 500, "urn:problem:internal", None),
        (KeyError("of Ada"), 500, "urn:problem:internal", None),
    ],
)
def test_error_of_an_own_route_is_a_problem(
    connect: Connect,
    predictor: Predictor,
    error: BaseException,
    status: int,
    kind: str,
    detail: str | None,
) -> None:
    answer = connect(predictor, own=raising(error)).get("/own")
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert answer.headers["content-type"] == "application/problem+json"
    assert detail in (None, answer.json()["detail"])
    assert "Ada" not in answer.text
    assert answer.headers.get("x-pot") == ("1" if status == 418 else None)


def test_own_route_whose_caller_leaves_is_counted_as_499(
    connect: Connect, predictor: Predictor
) -> None:
    client = connect(predictor, own=raising(ClientDisconnect()))
    assert client.get("/own").status_code == 499
    assert count_of(client, "/own", 499) == 1


def test_address_that_is_not_served_is_named(client: TestClient) -> None:
    answer = client.post("/nowhere", json={})
    assert answer.json()["type"] == "urn:problem:not-found"
    assert "POST /nowhere" in answer.json()["detail"]
    answer = client.delete("/readyz")
    assert answer.json()["type"] == "urn:problem:method-not-allowed"
    assert "DELETE /readyz" in answer.json()["detail"]


def test_body_of_an_own_route_that_is_not_json_is_told(
    connect: Connect, predictor: Predictor
) -> None:
    client = connect(predictor, own=own)
    headers = {"Content-Type": "application/json"}
    answer = client.post("/shipments/7/action", content=b'{"row": ', headers=headers)
    assert answer.json()["type"] == "urn:problem:not-json"
    assert answer.status_code == 400
