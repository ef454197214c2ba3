"""Rows as tensors, and predictions as tensors: names, shapes and types of each."""

import json
import math
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.bundle.bundle import Contract
from engine.problem.spec import Task
from engine.serving.http.errors import ProblemError
from engine.serving.http.protocols.handler import is_nan, rows_by_columns
from engine.serving.http.protocols.tensors import (
    KIND,
    Input,
    metadata,
    output_names,
    outputs_of,
    rows_of_tensors,
)
from engine.serving.http.schema import Limits, schema_of
from engine.serving.model.predictor import Predictor, load
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.test_protocols import INFER, MODEL, tensors
from engine.tests.serving.made import CLASSES, COLUMNS, ROW

SCHEMA = schema_of(Contract("binary", (False, True), COLUMNS, ()), Limits(rows=3))


def tensor(name: str, data: list[Any], kind: str = "FP64", **more: Any) -> Any:
    return {"name": name, "datatype": kind, "shape": [len(data)], "data": data} | more


def rows_of(*inputs: Input) -> list[dict[str, Any]]:
    return list(rows_of_tensors(inputs, SCHEMA))


def refusal(*inputs: Input) -> ProblemError:
    with pytest.raises(ProblemError) as refused:
        rows_of(*inputs)
    return refused.value


def test_tensors_become_rows() -> None:
    given = tensor("a", [1.0, 2.0]), tensor("b", ["x", None], "BYTES")
    assert rows_of(*given) == [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": None}]
    assert rows_of(tensor("a", [math.nan, 1.0])) == [{"a": None}, {"a": 1.0}]
    nested = tensor("a", [[1.0], [2.0]], shape=[2, 1])
    assert rows_of(nested, tensor("b", [3.0, 4.0], shape=[2, 1])) == [
        {"a": 1.0, "b": 3.0},
        {"a": 2.0, "b": 4.0},
    ]


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        ([1.0, 2.0], [1]), ([1.0, 2.0], [2, 2]), ([1.0, 2.0], []), ([1.0], [1, 1, 1]),
        ([1.0, 2.0], [1, 2]), ([[1.0], [2.0, 3.0]], [3, 1]), ([1.0] * 2, [3, 4, 5, 6, 7, 8]),
    ],
)  # fmt: skip
def test_tensor_of_another_shape_is_refused(data: list[Any], shape: list[int]) -> None:
    error = refusal(tensor("x", data, shape=shape))
    assert error.code == "invalid"
    assert 'input "x"' in error.detail
    assert f"got {', '.join(map(str, shape[:4]))} and {len(data)} values" in error.detail


def test_tensor_that_comes_twice_is_refused() -> None:
    error = refusal(tensor("x", [1.0]), tensor("y", [1.0]), tensor("x", [1.0]))
    assert error.code == "invalid"
    assert '"x"' in error.detail


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("kind", ["BOOL", "UINT8", "INT64", "FP16", "FP32", "FP64", "BYTES"])
def test_tensor_has_the_datatype_of_its_column(column: Any, kind: str) -> None:
    """Numbers may be of any size: their values are checked like any other."""
    own, numbers = KIND[column.type], {"UINT8", "INT64", "FP16", "FP32", "FP64"}
    given = tensor(column.name, [ROW[column.name]], kind)
    if kind == own or {kind, own} <= numbers:
        assert rows_of(given) == [{column.name: ROW[column.name]}]
        return
    error = refusal(given)
    assert error.code == "invalid"
    assert f"expected {own} for input '{column.name}', got {kind}" in error.detail


def test_columns_have_one_length_and_as_many_rows_as_are_allowed() -> None:
    limits = Limits(rows=3)
    assert list(rows_by_columns({"a": [1, 2, 3], "b": [4, 5, 6]}, limits))[2] == {"a": 3, "b": 6}
    for columns, code, got in (
        ({"a": [1], "b": [1, 2], "c": []}, "invalid", "got 0, 1, 2"),
        ({}, "invalid", "got none"),
        ({"a": []}, "invalid", "got 0"),
        ({"a": [1] * 4}, "too-many-rows", "got 4"),
    ):
        with pytest.raises(ProblemError) as refused:
            rows_by_columns(columns, limits)
        assert refused.value.code == code
        assert got in refused.value.detail
    many = {str(length): [0] * length for length in range(40)}
    with pytest.raises(ProblemError) as refused:
        rows_by_columns(many, limits)
    assert refused.value.detail.endswith(f"got {', '.join(map(str, range(20)))}")


def test_only_nan_is_nan() -> None:
    assert is_nan(math.nan)
    assert not any(map(is_nan, (math.inf, 0.0, None, "nan", 1)))


ANSWERS: dict[str, dict[str, Any]] = {
    "binary": {"score": 0.25, "decision": True},
    "multiclass": {"score": 0.5, "decision": "low",
                   "scores": {"high": 0.2, "low": 0.5, "middle": 0.3}},
    "regression": {"score": -1.5},
}  # fmt: skip


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_predictions_become_tensors(task: Task) -> None:
    contract = Contract(task, CLASSES[task], COLUMNS, ())
    answers = [{**ANSWERS[task], "prediction_id": id_} for id_ in "pq"]
    outputs = outputs_of(answers, contract)
    score = ANSWERS[task]["score"]
    assert outputs.pop("score") == tensor("score", [score, score])
    assert outputs.pop("prediction_id") == tensor("prediction_id", ["p", "q"], "BYTES")
    if task == "binary":
        assert outputs.pop("decision") == tensor("decision", [True, True], "BOOL")
    if task == "multiclass":
        assert outputs.pop("decision") == tensor("decision", ["low", "low"], "BYTES")
        scores = outputs.pop("scores")
        classes = json.loads(scores.pop("parameters")["classes"])
        assert classes == ["high", "low", "middle"]
        assert scores == tensor("scores", [0.2, 0.5, 0.3] * 2, shape=[2, 3])
    assert outputs == {}


@pytest.mark.parametrize(
    ("classes", "kind"),
    [((1, 2, 3), "INT64"), (("a", "b", "c"), "BYTES"), ((1, "b", 3), "BYTES")],
)
def test_class_has_the_datatype_of_its_values(classes: tuple[Any, ...], kind: str) -> None:
    contract = Contract("multiclass", classes, COLUMNS, ())
    scores = {str(name): 1 / 3 for name in classes}
    answer = {"score": 1 / 3, "decision": classes[0], "scores": scores, "prediction_id": "p"}
    outputs = outputs_of([answer], contract)
    assert outputs["decision"] == tensor("decision", [classes[0]], kind)
    assert json.loads(outputs["scores"]["parameters"]["classes"]) == list(classes)
    about = {one["name"]: one for one in metadata(contract)["outputs"]}
    assert about["scores"] == {"name": "scores", "datatype": "FP64", "shape": [-1, 3]}
    assert about["decision"] == {"name": "decision", "datatype": kind, "shape": [-1]}


def test_metadata_has_the_columns_of_the_contract() -> None:
    about = metadata(Contract("regression", (), COLUMNS, ()))
    assert about["inputs"] == [
        {"name": column.name, "datatype": KIND[column.type], "shape": [-1]} for column in COLUMNS
    ]
    assert about["outputs"] == [
        {"name": "score", "datatype": "FP64", "shape": [-1]},
        {"name": "prediction_id", "datatype": "BYTES", "shape": [-1]},
    ]


def test_outputs_are_those_requested_in_their_order() -> None:
    contract = SCHEMA.contract
    every = ["score", "decision", "prediction_id"]
    assert output_names(None, contract) == output_names([], contract) == every
    assert output_names([{"name": "decision"}, {"name": "score"}], contract) == every[1::-1]
    for requested, part in ((["score", "lime", "lemon"], '"lime"'), (["score"] * 2, "once")):
        with pytest.raises(ProblemError, match=part) as refused:
            output_names([{"name": name} for name in requested], contract)
        assert refused.value.code == "invalid"
    with pytest.raises(ProblemError, match="score, decision, prediction_id"):
        output_names([{"name": "lime"}], contract)


@pytest.mark.parametrize("rehearsal", [False, True])
def test_answer_names_its_model_and_bundle(
    connect: Connect, bundle_path: Any, rehearsal: bool
) -> None:
    bundle = bundles.read(bundle_path)
    client = connect(load(bundle, rehearsal=rehearsal))
    body = {"inputs": tensors([ROW]), "outputs": [{"name": "decision"}, {"name": "score"}]}
    answer = client.post(INFER, json=body | {"id": "mine"}).json()
    assert [one["name"] for one in answer.pop("outputs")] == ["decision", "score"]
    marked = {"rehearsal": True} if rehearsal else {}
    assert answer == {
        "id": "mine",
        "model_name": "parcels-for-tests",
        "model_version": "1",
        "parameters": {"bundle": bundle.id, **marked},
    }
    assert client.post(INFER, json=body | {"id": ""}).json()["id"] == ""


def test_model_is_described(client: TestClient, predictor: Predictor) -> None:
    about = client.get(MODEL).json()
    assert about == {
        "name": "parcels-for-tests",
        "versions": ["1"],
        "platform": "sklearn_skops",
        **metadata(predictor.bundle.contract),
    }
    assert client.get("/v2").json() == {
        "name": "parcels-for-tests", "version": "1", "extensions": []
    }  # fmt: skip
    assert client.get(f"{MODEL}/ready").json() == {"name": "parcels-for-tests", "ready": True}
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"live": True, "ready": True}


def test_error_of_the_protocol_has_code_and_fields(client: TestClient) -> None:
    answer = client.post(INFER, json={"inputs": tensors([ROW | {"items": 0, "fragile": 1}])})
    error = answer.json()["error"]
    assert error.startswith("invalid: ")
    assert "; rows[0].items: expected a whole number from 1 to 100, got 0" in error
    assert "; rows[0].fragile: expected true or false, got 1" in error
    binary = {"Inference-Header-Content-Length": "10"}
    answer = client.post(INFER, content=b"{}", headers=binary)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("not-json: ")
