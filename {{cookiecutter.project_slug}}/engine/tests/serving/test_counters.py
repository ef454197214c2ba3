"""Counters begin at zero, so that an alert on their increase notices the first error."""

import re
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import ROW

COUNTER = re.compile(r'serving_requests_total{route="([^"]+)",status="(\d+)"} (\S+)')
ROUTES = ("/v1/predict", "/v1/labels", "/v2/models/{name}/infer", "/invocations")


def _counts(client: TestClient) -> dict[tuple[str, int], float]:
    samples = COUNTER.findall(client.get("/metrics").text)
    return {(route, int(status)): float(value) for route, status, value in samples}


@pytest.mark.parametrize("status", [200, 422, 500, 503])
@pytest.mark.parametrize("route", ROUTES)
def test_status_that_never_came_is_counted_as_zero(
    client: TestClient, route: str, status: int
) -> None:
    assert _counts(client)[route, status] == 0


def test_first_error_increases_its_counter_by_one(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _counts(client)
    row: dict[str, Any] = {**ROW, "items": "three"}
    assert client.post("/v1/predict", json=row).status_code == 422
    after = _counts(client)
    assert before.keys() <= after.keys()
    changed = {key: after[key] - before.get(key, 0) for key in after if key[0] in ROUTES}
    assert {key: value for key, value in changed.items() if value} == {("/v1/predict", 422): 1}


def test_own_route_is_counted_from_zero(connect: Connect, predictor: Predictor) -> None:
    own = APIRouter()

    @own.post("/v1/action/{name}")
    async def action(name: str) -> str:
        return name

    client = connect(predictor, own=own)
    assert _counts(client)["/v1/action/{name}", 500] == 0
