"""Clients of other protocols get the predictions of /v1/predict."""

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.problem.spec import Task
from engine.serving.access import Keys
from engine.serving.http.protocols.tensors import KIND
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor, load
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import CLASSES, COLUMNS, ROW, make_bundle

MODEL = "/v2/models/parcels-for-tests"
INFER = f"{MODEL}/infer"
Golden = list[dict[str, Any]]


def tensors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "name": column.name,
            "shape": [len(rows)],
            "datatype": KIND[column.type],
            "data": [row[column.name] for row in rows],
        }
        for column in COLUMNS
    ]


def refused(client: TestClient, body: Any, status: int = 422, path: str = INFER) -> str:
    response = client.post(path, content=json.dumps(body))
    assert response.status_code == status, response.text
    details = response.json()
    assert set(details) == {"error"} if path.startswith("/v2") else {"detail"} <= set(details)
    return details["error"] if "error" in details else f"{details['type']}: {details['detail']}"


def test_missing_value_as_null_or_absent_tensor_is_predicted(
    client: TestClient, golden: Golden
) -> None:
    rows = [one["row"] for one in golden]
    assert any(None in row.values() for row in rows)
    answer = client.post(INFER, json={"inputs": tensors(rows)}).json()
    scores = {one["name"]: one["data"] for one in answer["outputs"]}["score"]
    assert scores == [one["answer"]["score"] for one in golden]
    without_nullable = [one for one in tensors([ROW]) if one["name"] not in ("days", "insured")]
    assert client.post(INFER, json={"inputs": without_nullable}).status_code == 200
    assert "carrier" not in refused(client, {"inputs": tensors([ROW | {"items": None}])})


@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_other_tasks_are_predicted(connect: Connect, tmp_path: Path, task: Task) -> None:
    make_bundle(tmp_path / task, task)
    client = connect(load(bundles.read(tmp_path / task), rehearsal=False))
    about = client.get(MODEL).json()
    outputs = client.post(INFER, json={"inputs": tensors([ROW, ROW])}).json()["outputs"]
    shapes = {one["name"]: one["shape"] for one in about["outputs"]}
    assert {one["name"]: [-1, *one["shape"][1:]] for one in outputs} == shapes
    assert all(len(one["data"]) == math.prod(one["shape"]) for one in outputs)
    [prediction] = client.post("/invocations", json={"instances": [ROW]}).json()["predictions"]
    document = {one["name"]: one for one in outputs}
    if task == "multiclass":
        assert json.loads(document["scores"]["parameters"]["classes"]) == list(CLASSES[task])
        assert document["decision"]["data"][0] == prediction
    else:
        assert document["score"]["data"][0] == prediction


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"inputs": []}, "got none"),
        ({"inputs": 1}, "inputs: expected a valid list"),
        ({"inputs": tensors([ROW]) * 2}, "each input once"),
        ({"inputs": tensors([ROW])[1:]}, "rows\\[0\\].mean radius \\(mm\\): expected a number"),
        ({"inputs": [*tensors([ROW])[1:], tensors([ROW, ROW])[0]]}, "of one length"),
        ({"inputs": tensors([ROW | {"service": "other"}])}, "one of 'slow', 'fast'"),
        ({"inputs": tensors([ROW | {"items": 3.5}])}, "expected a whole number"),
        ({"inputs": tensors([ROW]), "outputs": [{"name": "lime"}]}, "score, decision"),
        ({"inputs": [tensors([ROW])[0] | {"datatype": "BYTES"}]}, "expected FP64"),
        ({"inputs": [tensors([ROW])[0] | {"shape": [2]}]}, "expected a shape"),
        ({"inputs": [tensors([ROW])[0] | {"shape": [-1]}]}, "expected a shape"),
        ({"inputs": [tensors([ROW])[0] | {"name": "colour"}]}, "colour: expected no such field"),
        ({"inputs": [tensors([ROW])[0] | {"data": [], "shape": [0]}]}, "got 0"),
    ],
)
def test_tensor_that_does_not_fit_is_refused_in_the_form_of_the_protocol(
    client: TestClient, change: dict[str, Any], details: str
) -> None:
    assert client.post(INFER, json={"inputs": tensors([ROW])}).status_code == 200
    nested = [one | {"shape": [1, 1], "data": [one["data"]]} for one in tensors([ROW])]
    assert client.post(INFER, json={"inputs": nested}).status_code == 200
    with pytest.raises(AssertionError, match=details):
        raise AssertionError(refused(client, change))


def test_limits_hold_for_every_protocol(connect: Connect, predictor: Predictor) -> None:
    client = connect(predictor, Limits(rows=2, body_bytes=5_000))
    fitting: tuple[tuple[str, Any], ...] = (
        (INFER, {"inputs": tensors([ROW] * 2)}),
        ("/invocations", {"instances": [ROW] * 2}),
    )
    for path, body in fitting:
        assert client.post(path, json=body).status_code == 200
    longer: tuple[tuple[str, Any], ...] = (
        (INFER, {"inputs": tensors([ROW] * 3)}),
        ("/invocations", {"instances": [ROW] * 3}),
        ("/invocations", {"inputs": {name: [value] * 3 for name, value in ROW.items()}}),
        (INFER, {"inputs": [], "id": "a" * 5_000}),
    )
    for path, body in longer:
        assert refused(client, body, 413, path)
    full = connect(predictor, Limits(waiting_rows=0))
    assert "busy: " in refused(full, {"inputs": tensors([ROW])}, 503)
    assert "busy: " in refused(full, {"instances": [ROW]}, 503, "/invocations")


def test_protocols_need_a_key_and_their_probes_need_none(
    connect: Connect, predictor: Predictor
) -> None:
    key = "k" * 32
    client = connect(predictor, keys=Keys(key, None))
    requests = [(INFER, {"inputs": tensors([ROW])}), ("/invocations", {"instances": [ROW]})]
    for path, body in requests:
        assert refused(client, body, 401, path)
        headers = {"Authorization": f"Bearer {key}"}
        assert client.post(path, json=body, headers=headers).status_code == 200
    for path in ("/ping", "/version", "/v2", "/v2/health/live", "/v2/health/ready"):
        assert client.get(path).status_code == 200
    document = client.get("/openapi.json").json()["paths"]
    assert document["/invocations"]["post"]["security"] == [{"key": []}]


def test_another_model_or_version_gets_404(client: TestClient) -> None:
    assert client.get(f"{MODEL}/versions/1").json()["versions"] == ["1"]
    for path in (f"{MODEL}/versions/2", "/v2/models/other", f"{MODEL}/versions/2/ready"):
        assert set(client.get(path).json()) == {"error"}
        assert client.get(path).status_code == 404
    assert refused(client, {"inputs": tensors([ROW])}, 404, "/v2/models/other/infer")
    assert set(client.get("/v2/nowhere").json()) == {"error"}


def test_probes_of_protocols_fail_while_draining(client: TestClient) -> None:
    probes = ("/ping", "/v2/health/ready", f"{MODEL}/ready")
    assert {client.get(path).status_code for path in probes} == {200}
    client.app.state.draining = True  # type: ignore[attr-defined]
    assert {client.get(path).status_code for path in probes} == {503}
    assert client.get("/v2/health/live").status_code == 200
    assert client.post(INFER, json={"inputs": tensors([ROW])}).status_code == 200


def test_predictions_of_protocols_are_logged_and_counted(
    client: TestClient, tmp_path: Path
) -> None:
    ids = {
        client.post("/invocations", json={"instances": [ROW]}).json()["answers"][0]["prediction_id"]
    }
    outputs = client.post(INFER, json={"inputs": tensors([ROW])}).json()["outputs"]
    ids |= {one["data"][0] for one in outputs if one["name"] == "prediction_id"}
    lines = client.get("/metrics").text
    assert 'route="/invocations",status="200"} 1.0' in lines
    assert 'route="/v2/models/{name}/infer",status="200"} 1.0' in lines
    for id_ in ids:
        label = {"prediction_id": id_, "label": True}
        assert client.post("/v1/labels", json=label).status_code == 200
    while not ids <= logged_ids(tmp_path):
        time.sleep(0.05)


def logged_ids(folder: Path) -> set[str]:
    """The ids in the prediction log."""
    texts = [path.read_text() for path in folder.glob("predictions/*.jsonl")]
    return {json.loads(line)["prediction_id"] for text in texts for line in text.splitlines()}
