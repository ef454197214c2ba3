"""Personal columns are refused: no response, file, log or metric holds a value of one."""

from pathlib import Path
from typing import Any

import pytest

from engine.tests.serving.made import ROW, make_bundle, write_manifest
from engine.tests.serving.unbroken.process import logged_records, serving

# `customer` is not an input, as intended. `carrier` is one: somebody edited the contract by hand.
PERSONAL = '\n[columns.personal]\ncustomer = "It names a person."\ncarrier = "So does this."\n'
SOMEBODY = "Ada-7f3c"


def bodies() -> list[tuple[str, Any]]:
    """Every way to send a column that is not in the contract."""
    row = {**ROW, "customer": SOMEBODY}
    tensor = {"name": "customer", "shape": [1], "datatype": "BYTES", "data": [SOMEBODY]}
    label = {"prediction_id": "0" * 32, "label": True, "customer": SOMEBODY}
    return [
        ("/v1/predict", row),
        ("/v1/predict", {"rows": [ROW, row]}),
        ("/v1/predict", {"rows": [ROW], "customer": SOMEBODY}),
        ("/v1/labels", label),
        ("/v1/labels", {"labels": [label]}),
        ("/invocations", {"dataframe_records": [row]}),
        ("/invocations", {"dataframe_split": {"columns": [*row], "data": [[*row.values()]]}}),
        ("/invocations", {"inputs": {name: [value] for name, value in row.items()}}),
        ("/v2/models/parcels-for-tests/infer", {"inputs": [tensor]}),
    ]


def test_personal_column_is_refused_and_appears_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_bundle(tmp_path / "bundle")
    with (tmp_path / "bundle/problem.toml").open("a") as file:
        file.write(PERSONAL)
    write_manifest(tmp_path / "bundle")
    (tmp_path / "run").mkdir()
    with serving(tmp_path / "run", tmp_path / "bundle") as server:
        responses = []
        for path, body in bodies():
            status, answer = server.request("POST", path, body)
            assert status == 422, f"{path}: {answer}"
            responses.append(answer)
        status, answer = server.request("POST", "/v1/predict", {**ROW, "carrier": SOMEBODY})
        assert status == 200
        responses += [
            answer,
            *(server.request("GET", path)[1] for path in ("/metrics", "/openapi.json")),
        ]
        server.process.terminate()
        assert server.process.wait(timeout=60) == 0
    [record] = logged_records(tmp_path / "run/logs/predictions").values()
    assert record["row"] == {name: value for name, value in ROW.items() if name != "carrier"}
    files = [file.read_text() for file in (tmp_path / "run").rglob("*") if file.is_file()]
    for text in (*responses, *files, *capfd.readouterr()):
        assert SOMEBODY not in text
