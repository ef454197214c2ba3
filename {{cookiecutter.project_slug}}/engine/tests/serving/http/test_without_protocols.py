"""Protocols of other servers can be removed: their lines in serving/app.py, and their folder."""

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from starlette.testclient import TestClient

import engine.serving
import serving.app
from engine.serving.http.app import Start
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor
from engine.tests.serving.made import ROW

FOLDER = "engine.serving.http.protocols"
CODE = Path(serving.app.__file__).read_text("utf-8")


def test_import_of_protocols_stands_only_in_their_folder() -> None:
    root = Path(engine.serving.__file__).parent
    outside = [path for path in root.rglob("*.py") if path.parent.name != "protocols"]
    assert len(outside) > 20
    assert not [path for path in outside if "http.protocols" in path.read_text("utf-8")]


def test_app_without_protocols_serves_all_else(
    predictor: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its predictions, labels, documentation and errors have no need of them."""
    for name in [name for name in sys.modules if name.startswith(FOLDER)]:
        monkeypatch.setitem(sys.modules, name, None)  # an import of it fails
    lines = [line for line in CODE.splitlines() if "protocol" not in line.lower()]
    module = ModuleType("app_without_protocols")
    exec("\n".join(lines), module.__dict__)  # noqa: S102
    with PredictionLog(tmp_path / "predictions") as log:
        start = Start(lambda: predictor, log, Labels(tmp_path / "labels"))
        with TestClient(module.create_app(start)) as client:
            answer = client.post("/v1/predict", json=ROW).json()
            label = {"prediction_id": answer["prediction_id"], "label": True}
            assert client.post("/v1/labels", json=label).json() == {"stored": 1}
            for path in ("/livez", "/readyz", "/metrics", "/docs"):
                assert client.get(path).status_code == 200
            document = client.get("/openapi.json").json()
            assert "/v1/predict" in document["paths"]
            assert not {"/v2", "/ping", "/invocations"} & set(document["paths"])
            assert "infer" not in json.dumps(document).lower()
            for path in ("/v2", "/v2/models/any", "/ping", "/invocations"):
                problem = client.get(path).json()
                assert (problem["type"], problem["status"]) == ("urn:problem:not-found", 404)
