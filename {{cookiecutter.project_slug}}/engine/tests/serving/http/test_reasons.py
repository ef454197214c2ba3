"""Reasons for a score: SHAP values, or how it changes with a typical value of each input."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.problem.spec import Task
from engine.serving.model import predictor as predictor_module
from engine.serving.model.predictor import Predictor, load
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import ROW, make_bundle, write_manifest

FEATURES = [
    {"name": "mean radius (mm)", "type": "number", "edges": [10.0, 20.0, 30.0],
     "counts": [10, 30, 10, 10], "missing": 0},
    {"name": "items", "type": "integer", "edges": [3.0, 40.0], "counts": [40, 10, 10],
     "missing": 0},
    {"name": "fragile", "type": "boolean", "categories": ["false", "true"],
     "counts": [10, 50, 0], "missing": 0},
    {"name": "carrier", "type": "category", "categories": ["red", "blue"],
     "counts": [10, 20, 90], "missing": 5},
    {"name": "ordered_at", "type": "date", "counts": [60], "missing": 0},
]  # fmt: skip
TYPICAL = {"mean radius (mm)": 20.0, "fragile": True, "carrier": "blue"}  # items are: 3


@pytest.fixture(params=["binary", "multiclass", "regression"])
def explained(request: pytest.FixtureRequest, tmp_path: Path) -> Predictor:
    """A bundle whose reference has typical values."""
    task: Task = request.param
    path = tmp_path / "explained"
    make_bundle(path, task)
    reference = json.loads((path / "reference.json").read_text()) | {"features": FEATURES}
    (path / "reference.json").write_text(json.dumps(reference))
    write_manifest(path)
    return load(bundles.read(path), rehearsal=False)


def score_of(client: TestClient, row: dict[str, Any], chosen: Any) -> float:
    answer = client.post("/v1/predict", json=row).json()
    return float(answer["scores"][str(chosen)] if "scores" in answer else answer["score"])


@pytest.fixture
def without_shap(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that has no SHAP values."""
    monkeypatch.setattr(predictor_module, "explainer", lambda *_: None)


def test_reason_is_the_shap_value_and_all_sum_to_the_raw_output(
    connect: Connect, explained: Predictor
) -> None:
    client, [first, *_] = connect(explained), explained.bundle.golden()
    for row in (ROW, first["row"]):
        answer = client.post("/v1/predict?reasons=99", json=row).json()
        about, reasons = answer["explanation"], answer["reasons"]
        names = {column.name for column in explained.bundle.contract.inputs}
        assert {reason["input"] for reason in reasons} <= names
        assert all(reason["value"] == row.get(reason["input"]) for reason in reasons)
        strength = [abs(reason["contribution"]) for reason in reasons]
        assert strength == sorted(strength, reverse=True)
        total = about["base"] + sum(reason["contribution"] for reason in reasons)
        assert about["method"] == "tree SHAP"
        if explained.bundle.contract.task == "regression":
            assert (about["scale"], total) == ("value", pytest.approx(answer["score"]))
        elif explained.bundle.contract.task == "binary":
            assert about["scale"] == "log-odds"
            assert 1 / (1 + math.exp(-total)) == pytest.approx(answer["score"])
        else:  # the raw output of one class, of three
            assert about["scale"] == "log-odds"
            assert explained.unrolled is not None
            raw = explained.unrolled.last.decision_function(explained.features([row]))[0]
            classes = explained.unrolled.last.classes_.tolist()
            assert total == pytest.approx(raw[classes.index(answer["decision"])])


@pytest.mark.usefixtures("without_shap")
def test_reason_is_the_difference_to_the_score_with_a_typical_value(
    connect: Connect, explained: Predictor
) -> None:
    client = connect(explained)
    answer = client.post("/v1/predict?reasons=99", json=ROW).json()
    assert answer["explanation"] == {"method": "replacement", "scale": "score"}
    chosen = answer.get("decision")
    wanted = {
        name: answer["score"] - score_of(client, ROW | {name: value}, chosen)
        for name, value in TYPICAL.items()
    }
    reasons = {reason["input"]: reason for reason in answer["reasons"]}
    assert {name: reason["difference"] for name, reason in reasons.items()} == pytest.approx(
        {name: moved for name, moved in wanted.items() if moved}
    )
    assert "mean radius (mm)" in reasons
    for name, reason in reasons.items():
        assert (reason["value"], reason["typical"]) == (ROW[name], TYPICAL[name])
    strength = [abs(reason["difference"]) for reason in answer["reasons"]]
    assert strength == sorted(strength, reverse=True)
    [first] = client.post("/v1/predict?reasons=1", json=ROW).json()["reasons"]
    assert first == answer["reasons"][0]


def test_request_without_reasons_gets_none_and_their_rows_are_not_counted(
    connect: Connect, explained: Predictor
) -> None:
    client = connect(explained)
    assert "reasons" not in client.post("/v1/predict", json=ROW).json()
    assert "reasons" not in client.post("/v1/predict?other=1", json=ROW).json()
    client.post("/v1/predict?reasons=3", json=ROW)
    assert f'rows_predicted_total{{bundle="{explained.bundle.id}"}} 3.0' in (
        client.get("/metrics").text
    )


@pytest.mark.parametrize("query", ["reasons=", "reasons=0", "reasons=x", "reasons=1&reasons=2"])
def test_invalid_number_of_reasons_is_refused(client: TestClient, query: str) -> None:
    answer = client.post(f"/v1/predict?{query}", json=ROW)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["expected"] == "a whole number from 1 to 99"


@pytest.mark.usefixtures("without_shap")
def test_reasons_for_many_rows_are_refused(connect: Connect, predictor: Predictor) -> None:
    client = connect(predictor)
    answer = client.post("/v1/predict?reasons=2", json={"rows": [ROW, ROW]})
    assert answer.status_code == 422
    assert "one row" in answer.json()["detail"]
    # A reference without typical values gives no reasons.
    assert client.post("/v1/predict?reasons=2", json=ROW).json()["reasons"] == []
