"""The server's routes, with a model of the project's own rows.

Add a test here for each of your own routes in serving/app.py.
"""

from typing import Any

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from engine.bundle.bundle import Bundle
from engine.serving.http.app import Start
from engine.serving.http.own_routes import Model
from serving.app import create_app

Row = dict[str, Any]


def test_predict_one_row_returns_a_score(
    client: TestClient, bundle: Bundle, requests: list[Row]
) -> None:
    response = client.post("/v1/predict", json=requests[0])
    assert response.status_code == 200, response.text
    assert isinstance(response.json()["score"], float)
    assert response.json()["bundle"] == bundle.id


def test_predict_several_rows_keeps_their_order(client: TestClient, requests: list[Row]) -> None:
    rows = requests[:5]
    together = client.post("/v1/predict", json={"rows": rows}).json()["predictions"]
    alone = [client.post("/v1/predict", json=row).json() for row in rows]
    expected = pytest.approx([one["score"] for one in alone])
    assert [one["score"] for one in together] == expected


def test_predict_unknown_field_is_refused_by_name(client: TestClient, requests: list[Row]) -> None:
    response = client.post("/v1/predict", json=requests[0] | {"no such field": 1})
    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["no such field"]


def test_predict_missing_field_is_refused_unless_nullable(
    client: TestClient, bundle: Bundle, requests: list[Row]
) -> None:
    for column in bundle.contract.inputs:
        row = {name: value for name, value in requests[0].items() if name != column.name}
        expected = 200 if column.nullable else 422
        assert client.post("/v1/predict", json=row).status_code == expected, column.name


def test_label_of_a_prediction_is_stored(
    client: TestClient, bundle: Bundle, requests: list[Row]
) -> None:
    predicted = client.post("/v1/predict", json=requests[0]).json()
    outcome = bundle.contract.classes[0] if bundle.contract.classes else 1.5
    label = {"prediction_id": predicted["prediction_id"], "label": outcome}
    assert client.post("/v1/labels", json=label).status_code == 200


def test_docs_list_the_routes_and_every_input(client: TestClient, bundle: Bundle) -> None:
    document = client.get("/openapi.json").json()
    assert {"/v1/predict", "/v1/labels"} <= document["paths"].keys()
    described = document["components"]["schemas"]["Row"]["properties"]
    assert described.keys() == {column.name for column in bundle.contract.inputs}
    assert client.get("/docs").status_code == 200


def test_own_route_predicts_with_the_served_model(start: Start, requests: list[Row]) -> None:
    """An example of an own route: it answers with twice the score."""
    own = APIRouter()

    @own.post("/v1/doubled")
    async def doubled(row: Row, model: Model) -> dict[str, float]:
        [prediction] = await model.predict([row])
        return {"doubled": 2 * prediction["score"]}

    with TestClient(create_app(start, own=own)) as client:
        score = client.post("/v1/predict", json=requests[0]).json()["score"]
        answer = client.post("/v1/doubled", json=requests[0]).json()
        assert answer == {"doubled": pytest.approx(2 * score)}
        assert "/v1/doubled" in client.get("/openapi.json").json()["paths"]
