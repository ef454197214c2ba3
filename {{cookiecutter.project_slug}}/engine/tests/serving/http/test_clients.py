"""Clients that others wrote, and HEAD between requests of a connection, on a real server."""

import http.client
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tritonclient.http as triton
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from starlette.testclient import TestClient

from engine.serving.model.predictor import Predictor
from engine.tests.serving.http.test_protocols import Golden, tensors
from engine.tests.serving.made import COLUMNS, ROW

DTYPES = {"FP64": np.float64, "INT64": np.int64, "BOOL": np.bool_, "BYTES": np.object_}


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows as training has them."""
    return pd.DataFrame(rows).astype({column.name: column.dtype for column in COLUMNS})


def test_client_of_the_open_inference_protocol_gets_predictions(
    url: str, golden: Golden, predictor: Predictor
) -> None:
    rows = [one["row"] for one in golden]
    rows = [row for row in rows if None not in row.values()]
    client = triton.InferenceServerClient(url.removeprefix("http://"))
    assert client.is_server_live()
    assert client.is_server_ready()
    name = client.get_server_metadata()["name"]
    assert client.is_model_ready(name)
    assert not client.is_model_ready("another")
    about = client.get_model_metadata(name)
    [version] = about["versions"]
    inputs = []
    for details in about["inputs"]:
        values: Any = np.array([row[details["name"]] for row in rows], DTYPES[details["datatype"]])
        tensor = triton.InferInput(details["name"], list(values.shape), details["datatype"])
        inputs.append(tensor.set_data_from_numpy(values, binary_data=False))
    answer = client.infer(name, inputs, model_version=version, request_id="mine")
    expected = predictor.predict(rows)
    assert answer.as_numpy("score").tolist() == [one["score"] for one in expected]
    assert answer.as_numpy("decision").tolist() == [one["decision"] for one in expected]
    assert len(set(answer.as_numpy("prediction_id").tolist())) == len(rows)
    assert answer.get_response()["id"] == "mine"
    only = client.infer(name, inputs, outputs=[triton.InferRequestedOutput("score")])
    assert [one["name"] for one in only.get_response()["outputs"]] == ["score"]
    with pytest.raises(triton.InferenceServerException, match="each input once"):
        client.infer(name, [*inputs, *inputs])
    inputs[0].set_data_from_numpy(np.array([row["mean radius (mm)"] for row in rows]))
    with pytest.raises(triton.InferenceServerException, match="binary_data=False"):
        client.infer(name, inputs)


def test_client_of_mlflow_gets_predictions(url: str, golden: Golden) -> None:
    host, _, port = url.removeprefix("http://").rpartition(":")
    client: Any = ScoringServerClient(host, port)  # type: ignore[no-untyped-call]
    client.ping()
    assert client.get_version() == "2.0.0"
    rows = [one["row"] for one in golden]
    expected = [one["answer"]["decision"] for one in golden]
    for data in (frame(rows), json.dumps({"dataframe_records": rows}), rows):
        response = client.invoke(data)
        assert response.get_predictions("ndarray").tolist() == expected
        assert response.get_predictions()[0].tolist() == expected
        assert [one["decision"] for one in response["answers"]] == expected
        assert len({one["prediction_id"] for one in response["answers"]}) == len(rows)
    with pytest.raises(Exception, match="error code 422"):
        client.invoke(np.zeros((2, len(COLUMNS))))


def test_compression_of_tritonclient_is_read(url: str) -> None:
    client = triton.InferenceServerClient(url.removeprefix("http://"))
    inputs = []
    for entry in tensors([ROW | {"days": 4, "insured": True}]):
        tensor = triton.InferInput(entry["name"], [1], entry["datatype"])
        values: Any = np.array(entry["data"], DTYPES[entry["datatype"]])
        inputs.append(tensor.set_data_from_numpy(values, binary_data=False))
    name = client.get_server_metadata()["name"]
    answer = client.infer(name, inputs, request_compression_algorithm="gzip")
    assert answer.as_numpy("score").shape == (1,)
    with pytest.raises(triton.InferenceServerException, match="deflate"):
        client.infer(name, inputs, request_compression_algorithm="deflate")
    with pytest.raises(triton.InferenceServerException, match="sequence_id"):
        client.infer(name, inputs, sequence_id=7)


def test_head_on_every_address_equals_get_without_body(url: str, client: TestClient) -> None:
    """Also between other requests of a connection: a body would be read as the next response."""
    documented = client.get("/openapi.json").json()["paths"]
    paths = [
        path.replace("{name}", "parcels-for-tests") for path in documented if "}/v" not in path
    ]
    paths += ["/docs", "/openapi.json", "/docs/static/swagger-ui.css", "/nowhere", "/v2/nowhere"]
    assert {"/livez", "/health", "/metrics", "/ping", "/v2/health/ready", "/v1/labels"} < set(paths)
    connection = http.client.HTTPConnection(url.removeprefix("http://"))

    def answer(method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        connection.request(method, path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        headers.pop("date", None)
        return response.status, headers, response.read()

    for path in paths:
        status, headers, body = answer("GET", path)
        head_status, head_headers, head_body = answer("HEAD", path)
        assert (head_status, head_body) == (status, b""), path
        if path == "/metrics":  # it counts itself
            assert int(head_headers.pop("content-length")) > 0
            headers.pop("content-length")
        else:
            # The problem details of GET and HEAD are of one length: they name the method as GET.
            assert int(headers["content-length"]) == len(body)
        assert head_headers == headers, path
    connection.close()
