"""An input that a bundle drops is ignored until its day, whatever form the request has."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from engine.serving.http.app import Start
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.test_protocols import INFER, tensors
from engine.tests.serving.made import ROW
from serving.app import create_app

LATER, OVER = "2199-12-31", "2020-01-01"


def dropping(predictor: Predictor, until: str) -> Predictor:
    """The predictor of a bundle that ignores `weather` until a day."""
    contract = replace(predictor.bundle.contract, dropped={"weather": until})
    return replace(predictor, bundle=replace(predictor.bundle, contract=contract))


@pytest.mark.parametrize("value", ["wet", None, 1.5, {"any": ["thing"]}])
def test_dropped_input_changes_no_prediction_and_is_not_logged(
    predictor: Predictor, tmp_path: Path, value: Any
) -> None:
    row = {**ROW, "weather": value}
    with PredictionLog(tmp_path / "log") as log:
        start = Start(lambda: dropping(predictor, LATER), log, Labels(tmp_path / "labels"))
        with TestClient(create_app(start)) as client:
            expected = client.post("/v1/predict", json=ROW).json()["score"]
            answers = [client.post("/v1/predict", json=row).json()]
            answers += client.post("/v1/predict", json={"rows": [row]}).json()["predictions"]
            answers += client.post("/invocations", json={"instances": [row]}).json()["answers"]
            metrics = client.get("/metrics").text
    assert 'serving_ignored_inputs_total{field="weather"} 3.0' in metrics
    assert [one["score"] for one in answers] == [expected] * 3
    [segment] = (tmp_path / "log").glob("*.jsonl")
    records = [json.loads(line) for line in segment.read_text().splitlines()]
    assert [record["row"] for record in records] == [ROW] * 4


def test_dropped_input_is_ignored_in_tensors_and_in_a_csv(
    connect: Connect, predictor: Predictor
) -> None:
    client = connect(dropping(predictor, LATER))
    expected = client.post("/v1/predict", json=ROW).json()["score"]
    weather = {"name": "weather", "shape": [1], "datatype": "BYTES", "data": ["wet"]}
    response = client.post(INFER, json={"inputs": [*tensors([ROW]), weather]})
    assert response.json()["outputs"][0]["data"] == [expected]
    body = pd.DataFrame([{**ROW, "weather": "wet"}]).to_csv(index=False)
    response = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert response.json()["answers"][0]["score"] == expected
    assert 'serving_ignored_inputs_total{field="weather"} 1.0' in client.get("/metrics").text


def test_dropped_input_after_its_day_is_refused_by_name(
    connect: Connect, predictor: Predictor
) -> None:
    client = connect(dropping(predictor, OVER))
    assert client.post("/v1/predict", json=ROW).status_code == 200
    response = client.post("/v1/predict", json={**ROW, "weather": "wet"})
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["field"] == "weather"
    assert OVER in error["expected"]


def test_field_that_was_never_an_input_is_refused(connect: Connect, predictor: Predictor) -> None:
    client = connect(dropping(predictor, LATER))
    assert client.post("/v1/predict", json={**ROW, "colour": "red"}).status_code == 422


def test_dropped_input_stands_in_the_documentation_as_deprecated(
    connect: Connect, predictor: Predictor
) -> None:
    document = connect(dropping(predictor, LATER)).get("/openapi.json").json()
    row = document["components"]["schemas"]["Row"]
    assert row["properties"]["weather"]["deprecated"] is True
    assert "weather" not in row["required"]
