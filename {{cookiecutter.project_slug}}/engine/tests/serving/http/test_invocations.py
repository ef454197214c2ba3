"""MLflow's own client gets predictions in its form, and ids beside them."""

from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from engine.tests.serving.http.test_protocols import INFER, Golden, refused
from engine.tests.serving.made import ROW


def test_data_frame_in_every_form_is_predicted(client: TestClient, golden: Golden) -> None:
    rows = [one["row"] for one in golden]
    table = pd.DataFrame(rows)
    columns = {name: [row[name] for row in rows] for name in ROW}
    split = {"columns": list(ROW), "data": [list(row.values()) for row in rows]}
    expected = [one["answer"]["decision"] for one in golden]
    for body in (
        {"dataframe_split": split},
        {"dataframe_records": rows},
        {"instances": rows},
        {"inputs": columns},
    ):
        response = client.post("/invocations", json=body)
        assert response.json()["predictions"] == expected
    kind = {"Content-Type": "text/csv; charset=utf-8"}
    text = table.to_csv(index=False)
    assert client.post("/invocations", content=text, headers=kind).json()["predictions"] == expected


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"rows": [ROW]},
        {"instances": [ROW], "inputs": [ROW]},
        {"instances": [ROW], "params": {"threshold": 0.1}},
        {"instances": [[1, 2]]},
        {"inputs": {"items": 1}},
        {"inputs": {"items": [1], "days": []}},
        {"dataframe_split": [ROW]},
        {"dataframe_split": {"columns": ["items"], "data": [[1, 2]]}},
        {"dataframe_split": {"columns": ["items", "items"], "data": [[1, 2]]}},
        {"dataframe_records": []},
        {"dataframe_records": [ROW | {"items": "3"}]},
    ],
)
def test_data_frame_that_does_not_fit_is_refused(client: TestClient, body: Any) -> None:
    assert refused(client, body, path="/invocations")


def test_body_of_an_unsupported_type_is_refused(client: TestClient) -> None:
    for kind in ("application/vnd.apache.parquet", "text/csv; charset=latin-1"):
        response = client.post("/invocations", content=b"a", headers={"Content-Type": kind})
        assert response.json()["type"] == "urn:problem:wrong-type"
    csv = {"Content-Type": "text/csv"}
    for text in (b"", b"\xff", b"items\n", b"items\nabc\n", b"items\n1,2\n", b'items\n"' * 2):
        assert client.post("/invocations", content=text, headers=csv).status_code == 422
    assert client.post(INFER, content=b"{").json()["error"].startswith("not-json: ")
