"""What the server promises to those who call it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from engine.bundle import bundle as bundles
from engine.problem.spec import Task
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor, load
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import FEATURES, ROW, make_bundle

WITHOUT = object()


def changed(**fields: Any) -> dict[str, Any]:
    """The example row with other fields; `WITHOUT` leaves one out."""
    return {name: value for name, value in (ROW | fields).items() if value is not WITHOUT}


def errors_of(client: TestClient, body: Any, path: str = "/v1/predict") -> dict[str, str]:
    """The fields a request is refused for, with what was expected."""
    response = client.post(path, content=json.dumps(body))
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422
    return {error["field"]: error["expected"] for error in problem["errors"]}


def test_one_row_gets_one_prediction_with_an_id(client: TestClient, predictor: Predictor) -> None:
    answer = client.post("/v1/predict", json=ROW).json()
    assert len(answer.pop("prediction_id")) == 32
    assert answer.pop("bundle") == predictor.bundle.id
    assert answer == predictor.predict([ROW])[0]


def test_many_rows_are_predicted_in_their_order(client: TestClient, predictor: Predictor) -> None:
    rows = [golden["row"] for golden in predictor.bundle.golden()]
    predictions = client.post("/v1/predict", json={"rows": rows}).json()["predictions"]
    assert [answer["score"] for answer in predictions] == pytest.approx(
        [golden["answer"]["score"] for golden in predictor.bundle.golden()]
    )
    assert len({answer["prediction_id"] for answer in predictions}) == len(rows)


@pytest.mark.parametrize(
    "fields",
    [
        {"mean radius (mm)": 0},
        {"mean radius (mm)": 50.0},
        {"items": 3.0},
        {"days": WITHOUT},
        {"days": 4},
        {"insured": True},
        {"carrier": None},
        {"carrier": "never seen before"},
        {"ordered_at": "2024-02-29"},
        {"ordered_at": "2026-03-01 09:30"},
    ],
)
def test_row_that_fits_the_contract_is_predicted(
    client: TestClient, fields: dict[str, Any]
) -> None:
    assert client.post("/v1/predict", json=changed(**fields)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"mean radius (mm)": WITHOUT}, "a number from 0 to 50"),
        ({"mean radius (mm)": "12.5"}, "a number from 0 to 50"),
        ({"mean radius (mm)": True}, "a number from 0 to 50"),
        ({"mean radius (mm)": None}, "a number from 0 to 50"),
        ({"mean radius (mm)": -0.1}, "a number from 0 to 50"),
        ({"mean radius (mm)": float("nan")}, "a number from 0 to 50"),
        ({"items": 3.5}, "a whole number from 1 to 100"),
        ({"items": True}, "a whole number from 1 to 100"),
        ({"items": 101}, "a whole number from 1 to 100"),
        ({"days": 1e300}, "a whole number or null"),
        ({"fragile": 1}, "true or false"),
        ({"fragile": "true"}, "true or false"),
        ({"service": "never seen"}, "one of 'slow', 'fast'"),
        ({"carrier": "x" * 201}, "a text of at most 200 characters or null"),
        ({"ordered_at": "2026-02-30"}, "a date-time without an offset"),
        ({"ordered_at": "2026-03-01T09:30:00Z"}, "a date-time without an offset"),
        ({"ordered_at": 1_700_000_000}, "a date-time without an offset"),
    ],
)
def test_row_that_does_not_fit_the_contract_is_refused(
    client: TestClient, fields: dict[str, Any], expected: str
) -> None:
    [(field, words)] = errors_of(client, changed(**fields)).items()
    assert field == next(iter(fields))
    assert words.startswith(expected)


def test_misspelt_field_is_refused_with_a_hint(client: TestClient) -> None:
    errors = errors_of(client, changed(service=WITHOUT, servise="slow"))
    assert errors == {
        "service": "one of 'slow', 'fast'",
        "servise": "no such field; did you mean 'service'?",
    }


def test_row_that_does_not_fit_is_named(client: TestClient) -> None:
    errors = errors_of(client, {"rows": [ROW, changed(items=0)]})
    assert errors == {"rows[1].items": "a whole number from 1 to 100"}


@pytest.mark.parametrize("body", [[], "row", 1, None, {"rows": []}, {"rows": [1]}])
def test_body_of_another_shape_is_refused(client: TestClient, body: Any) -> None:
    assert errors_of(client, body)


@pytest.mark.parametrize("body", [b"", b"a=1", b"{", b"\xff", b"[" * 10_000, b'{"a":"\\ud800"}'])
def test_body_that_is_not_json_is_refused(client: TestClient, body: bytes) -> None:
    response = client.post("/v1/predict", content=body)
    assert response.status_code == 400
    assert response.json()["type"] == "urn:problem:not-json"


def test_rows_up_to_the_limit_are_predicted(connect: Connect, predictor: Predictor) -> None:
    client = connect(predictor, Limits(rows=3))
    assert client.post("/v1/predict", json={"rows": [ROW] * 3}).status_code == 200
    response = client.post("/v1/predict", json={"rows": [ROW] * 4})
    assert response.status_code == 413
    assert response.json()["type"] == "urn:problem:too-many-rows"
    assert "1 to 3 rows, got 4" in response.json()["detail"]


def test_body_up_to_the_limit_is_read(connect: Connect, predictor: Predictor) -> None:
    body = json.dumps(ROW).encode()
    fitting, longer = (connect(predictor, Limits(len(body) - less)) for less in (0, 1))
    assert fitting.post("/v1/predict", content=body).status_code == 200
    for content in (body, iter([body[:10], body[10:]])):
        response = longer.post("/v1/predict", content=content)
        assert response.status_code == 413
        assert response.json()["type"] == "urn:problem:body-too-large"


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_predicted(connect: Connect, tmp_path: Path, task: Task) -> None:
    make_bundle(tmp_path / task, task)
    client = connect(load(bundles.read(tmp_path / task), rehearsal=False))
    answer = client.post("/v1/predict", json=ROW).json()
    if task == "regression":
        assert set(answer) == {"prediction_id", "bundle", "score"}
    else:
        assert answer["decision"] == max(answer["scores"], key=answer["scores"].get)
        assert answer["score"] == max(answer["scores"].values())
    outcome = 3.5 if task == "regression" else "low"
    label = {"prediction_id": answer["prediction_id"], "label": outcome}
    assert client.post("/v1/labels", json={"labels": [label]}).json() == {"stored": 1}
    assert errors_of(client, {"labels": [label | {"label": "other"}]}, "/v1/labels")


def test_prediction_of_a_rehearsal_is_marked(connect: Connect, bundle_path: Path) -> None:
    client = connect(load(bundles.read(bundle_path), rehearsal=True))
    assert client.post("/v1/predict", json=ROW).json()["rehearsal"] is True
    many = client.post("/v1/predict", json={"rows": [ROW, ROW]}).json()["predictions"]
    assert [answer["rehearsal"] for answer in many] == [True, True]


def test_server_error_shows_no_trace_and_no_row(
    connect: Connect, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fault = 'if list(frame["items"]) == [77]: raise ValueError("secret 77")\n        return np.col'
    make_bundle(tmp_path / "bundle", code=FEATURES.replace("return np.col", fault))
    client = connect(load(bundles.read(tmp_path / "bundle"), rehearsal=False))
    response = client.post("/v1/predict", json=changed(items=77))
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "ValueError" not in response.text
    assert "secret" not in response.text
    assert "ValueError" in caplog.text
    assert "in transform" in caplog.text
    assert "secret" not in caplog.text
    assert client.post("/v1/predict", json=ROW).status_code == 200


def test_server_error_within_the_framework_shows_no_trace(
    client: TestClient, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ValueError("secret 77")

    monkeypatch.setattr("engine.serving.http.routes.labels_of", fault)
    response = client.post("/v1/labels", json={"prediction_id": "0" * 32, "label": True})
    assert response.status_code == 500
    assert response.json()["type"] == "urn:problem:internal"
    assert "secret" not in response.text + caplog.text
    assert "ValueError" in caplog.text
    assert 'route="/v1/labels",status="500"' in client.get("/metrics").text


@pytest.mark.parametrize("path", ["/v1/predict", "/v1/labels"])
def test_client_that_disconnects_is_counted_as_499(
    client: TestClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    async def disconnected() -> Message:
        return {"type": "http.disconnect"}

    async def nobody(_: Message) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "query_string": b""}
    asyncio.run(client.app(scope, disconnected, nobody))  # type: ignore[arg-type]
    assert f'route="{path}",status="499"' in client.get("/metrics").text
    assert "ERROR" not in caplog.text


def test_address_that_is_not_served_gets_a_problem(client: TestClient) -> None:
    for response, status in ((client.get("/nowhere"), 404), (client.get("/v1/predict"), 405)):
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/predict").headers["allow"] == "POST"


def test_draining_server_is_not_ready_and_still_predicts(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200
    client.app.state.draining = True  # type: ignore[attr-defined]
    assert client.get("/readyz").status_code == 503
    assert client.get("/livez").status_code == 200
    assert client.post("/v1/predict", json=ROW).status_code == 200


def test_metrics_count_requests_rows_and_scores(client: TestClient, predictor: Predictor) -> None:
    client.post("/v1/predict", json={"rows": [ROW, ROW]})
    client.post("/v1/predict", json={})
    client.get("/nowhere")
    lines = client.get("/metrics").text.splitlines()
    bundle = predictor.bundle.id
    for line in (
        'serving_requests_total{route="/v1/predict",status="200"} 1.0',
        'serving_requests_total{route="/v1/predict",status="422"} 1.0',
        'serving_requests_total{route="none",status="404"} 1.0',
        'serving_request_seconds_count{route="/v1/predict"} 2.0',
        f'serving_rows_predicted_total{{bundle="{bundle}"}} 2.0',
        f'serving_score_bucket{{bundle="{bundle}",le="0.25"}} 2.0',
        "serving_log_dropped_total 0.0",
    ):
        assert line in lines
