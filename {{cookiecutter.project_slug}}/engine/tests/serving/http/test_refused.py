"""Refused requests to predict are counted by reason and field, for Prometheus and monitoring."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from engine.serving.access import Keys
from engine.serving.http.app import Start
from engine.serving.http.own_routes import Model
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.refused import RefusedLog
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect, Made
from engine.tests.serving.http.in_process import KEY
from engine.tests.serving.http.test_dropped import OVER, dropping
from engine.tests.serving.http.test_protocols import INFER, tensors
from engine.tests.serving.made import COLUMNS, ROW
from engine.tests.serving.released import Following
from serving.app import create_app

LINE = re.compile(r'serving_refused_total\{field="(.*)",reason="(.*)"\} (\S+)')
Counts = dict[tuple[str, str], int]


def counted(client: TestClient) -> Counts:
    """The refused requests by reason and field, as Prometheus reads them; without zeros."""
    series = LINE.findall(client.get("/metrics").text)
    return {(reason, field): int(float(n)) for field, reason, n in series if float(n)}


@pytest.fixture
def refused(predictor: Predictor, tmp_path: Path) -> Iterator[tuple[TestClient, RefusedLog]]:
    """A client of a server that writes the counts to `tmp_path / "refused"`."""
    with PredictionLog(tmp_path / "predictions") as log, RefusedLog(tmp_path / "refused") as counts:
        labels = Labels(tmp_path / "labels")
        app = create_app(Start(lambda: predictor, log, labels, refused=counts))
        with TestClient(app) as client:
            yield client, counts


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for one in folder.glob("*.jsonl") for text in one.open()]


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in ROW.items() if name not in names}


def test_refused_request_counts_once_for_each_of_its_fields(client: TestClient) -> None:
    """Both rows lack `items`: that is one refused request."""
    rows = [{**without("items"), "fragile": "no"}, without("items")]
    assert client.post("/v1/predict", json={"rows": rows}).status_code == 422
    assert client.post("/v1/predict", json=without("items")).status_code == 422
    assert counted(client) == {("invalid", "items"): 2, ("invalid", "fragile"): 1}


@pytest.mark.parametrize("name", ["colour", "x" * 300, "it\nems", 'a"b', "rows"])
def test_refused_name_that_is_no_field_counts_as_other(client: TestClient, name: str) -> None:
    assert client.post("/v1/predict", json={**ROW, name: 1}).status_code == 422
    assert counted(client) == {("invalid", "other"): 1}


def test_refused_input_that_was_dropped_is_counted_by_its_name(
    connect: Connect, predictor: Predictor
) -> None:
    """So whoever dropped it sees who still sends it."""
    client = connect(dropping(predictor, OVER))
    client.post("/v1/predict", json={**ROW, "weather": "wet"})
    assert counted(client) == {("invalid", "weather"): 1}


def test_refused_by_every_protocol_and_own_route_is_counted(
    connect: Connect, predictor: Predictor
) -> None:
    own = APIRouter()

    @own.post("/v1/action")
    async def action(row: dict[str, Any], model: Model) -> float:
        [prediction] = await model.predict([row])
        return float(prediction["score"])

    client = connect(predictor, own=own)
    wrong = [
        {**tensor, "datatype": "BYTES"} for tensor in tensors([ROW]) if tensor["name"] == "items"
    ]
    for path, body in [
        (INFER, {"inputs": wrong}),
        ("/invocations", {"instances": [without("items")]}),
        ("/v1/action", without("items")),
    ]:
        assert client.post(path, json=body).status_code == 422, path
    assert counted(client) == {("invalid", "items"): 3}


def test_refused_for_another_reason_has_no_field(connect: Connect, predictor: Predictor) -> None:
    client = connect(predictor, keys=Keys(KEY, None))
    headers = {"Authorization": f"Bearer {KEY}"}
    assert client.post("/v1/predict", content=b"{", headers=headers).status_code == 400
    assert client.post("/v1/predict?reasons=x", json=ROW, headers=headers).status_code == 422
    assert client.post("/v1/predict", json=ROW).status_code == 401
    assert counted(client) == {("not-json", ""): 1, ("invalid", ""): 1, ("no-key", ""): 1}


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/labels"), ("GET", "/v1/predict"), ("POST", "/v1/none"), ("POST", "/metrics")],
)
def test_refused_request_for_something_else_is_not_counted(
    client: TestClient, method: str, path: str
) -> None:
    assert client.request(method, path, json={}).status_code in (404, 405, 422)
    assert counted(client) == {}


def test_refused_counters_begin_at_zero_for_every_field(client: TestClient) -> None:
    """`increase` misses the first refusal of a counter that begins with it."""
    series = {(reason, field) for field, reason, _ in LINE.findall(client.get("/metrics").text)}
    assert {("invalid", column.name) for column in COLUMNS} <= series
    assert {("invalid", "other"), ("invalid", ""), ("not-json", ""), ("no-key", "")} <= series
    assert not [one for one in series if one[0] in ("busy", "internal")]


def test_refused_log_has_the_counts_and_no_value(
    refused: tuple[TestClient, RefusedLog], predictor: Predictor, tmp_path: Path
) -> None:
    client, log = refused
    for _ in range(3):
        client.post("/v1/predict", json={**without("items"), "fragile": "secret", "secret": 1})
    client.post("/v1/predict", json=ROW)
    log.close()
    [record] = records(tmp_path / "refused")
    assert (record["bundle"], record["rehearsal"]) == (predictor.bundle.id, False)
    assert record["requests"] == 3
    assert {
        (one["reason"], one["field"]): one["requests"] for one in record["counts"]
    } == dict.fromkeys([("invalid", "items"), ("invalid", "fragile"), ("invalid", "other")], 3)
    assert "secret" not in json.dumps(record)


def test_refused_log_of_a_server_that_refused_nothing_says_so(
    refused: tuple[TestClient, RefusedLog], tmp_path: Path
) -> None:
    """Else nobody could tell it from a server that counts nothing."""
    client, log = refused
    client.post("/v1/predict", json=ROW)
    log.close()
    [record] = records(tmp_path / "refused")
    assert (record["requests"], record["counts"]) == (0, [])


def test_refused_counters_continue_over_a_release(server: Following, other: Made) -> None:
    server.client.post("/v1/predict", json=without("items"))
    server.released.add(*other)
    server.released.name(other[1])
    server.swaps_to(other[1])
    server.client.post("/v1/predict", json=without("items"))
    assert counted(server.client) == {("invalid", "items"): 2}
