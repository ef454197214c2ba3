"""Rows as the tensors of the Open Inference Protocol, one a column, and predictions as tensors."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.contract.column import ColumnType
from engine.serving.http.errors import ProblemError, echo
from engine.serving.http.protocols.handler import Rows, exact, is_nan, rows_by_columns
from engine.serving.http.schema import Schema

Kind = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip


@exact
class InputParameters(TypedDict, total=False):
    """The parameters of a tensor that a client sends."""

    binary_data: Literal[False]


@exact
class Input(TypedDict):
    """A column of the request."""

    name: str
    shape: Annotated[list[int], Field(fail_fast=True)]
    datatype: Kind
    data: list[Any]
    parameters: NotRequired[InputParameters | None]


@exact
class OutputParameters(TypedDict, total=False):
    """Of one output, or in a request of all; accepted, although outputs are JSON."""

    binary_data: bool
    binary_data_output: bool


@exact
class RequestedOutput(TypedDict):
    """An output that the client requests."""

    name: str
    parameters: NotRequired[OutputParameters | None]


@exact
class InferRequest(TypedDict):
    """Rows by columns; without `outputs` the response has all. KServe sends `model_name`."""

    inputs: Annotated[list[Input], Field(fail_fast=True)]
    outputs: NotRequired[Annotated[list[RequestedOutput], Field(fail_fast=True)] | None]
    id: NotRequired[str | None]
    model_name: NotRequired[str | None]
    parameters: NotRequired[OutputParameters | None]


REQUEST: TypeAdapter[InferRequest] = TypeAdapter(InferRequest)
# The data type of a column in the model's metadata.
KIND: Mapping[ColumnType, Kind] = {
    **{"number": "FP64", "integer": "INT64", "boolean": "BOOL"},
    **{"category": "BYTES", "date": "BYTES"},
}


def rows_of_tensors(inputs: Sequence[Input], schema: Schema) -> Rows:
    """The rows, made one by one and not yet checked against the contract."""
    columns = {column.name: column for column in schema.contract.inputs}
    values: dict[str, list[Any]] = {}
    for tensor in inputs:
        name, kind = tensor["name"], tensor["datatype"]
        if name in values:
            raise ProblemError("invalid", f"expected each input once, got two named {echo(name)}")
        if name in columns:
            expected = KIND[columns[name].type]
            has_numbers = "BOOL" != expected != "BYTES"
            if kind != expected and not (has_numbers and "BOOL" != kind != "BYTES"):
                detail = f"expected {expected} for input '{name}', got {kind}"
                raise ProblemError("invalid", detail, fields=[name])
        values[name] = [None if is_nan(value) else value for value in _flat(tensor)]
    return rows_by_columns(values, schema.limits)


def metadata(contract: Contract) -> dict[str, Any]:
    """The inputs and outputs of a model; -1 stands for the number of rows."""
    inputs = [
        {"name": column.name, "datatype": KIND[column.type], "shape": [-1]}
        for column in contract.inputs
    ]
    outputs = []
    for one in outputs_of((), contract).values():
        shape = [-1, *one["shape"][1:]]
        outputs.append({"name": one["name"], "datatype": one["datatype"], "shape": shape})
    return {"inputs": inputs, "outputs": outputs}


def output_names(requested: Iterable[RequestedOutput] | None, contract: Contract) -> list[str]:
    """The outputs of a response: those requested, or all; to be checked before the prediction."""
    existing = list(outputs_of((), contract))
    names = [one["name"] for one in requested or ()] or existing
    if unknown := [name for name in names if name not in existing]:
        detail = f"expected outputs of {', '.join(existing)}, got {echo(unknown[0])}"
        raise ProblemError("invalid", detail)
    if len(set(names)) < len(names):
        raise ProblemError("invalid", "expected each output once, got one of them twice")
    return names


def outputs_of(predictions: Sequence[Mapping[str, Any]], contract: Contract) -> dict[str, Any]:
    """The outputs by their name: predictions by columns."""

    def column(name: str, kind: Kind) -> dict[str, Any]:
        data = [prediction[name] for prediction in predictions]
        return {"name": name, "shape": [len(data)], "datatype": kind, "data": data}

    outputs = [column("score", "FP64")]
    if contract.task == "binary":
        outputs.append(column("decision", "BOOL"))
    if contract.task == "multiclass":
        is_number = all(isinstance(value, int) for value in contract.classes)
        is_boolean = all(isinstance(value, bool) for value in contract.classes)
        kind: Kind = "BOOL" if is_boolean else "INT64" if is_number else "BYTES"
        outputs.append(column("decision", kind))
        scores, order = column("scores", "FP64"), [str(value) for value in contract.classes]
        scores["shape"] += [len(order)]
        scores["data"] = [one[name] for one in scores["data"] for name in order]
        # A parameter is a text, a number or a boolean: the classes in their order as JSON.
        scores["parameters"] = {"classes": json.dumps(list(contract.classes))}
        outputs.append(scores)
    outputs.append(column("prediction_id", "BYTES"))
    return {output["name"]: output for output in outputs}


def _flat(tensor: Input) -> list[Any]:
    """The values of a tensor of shape (n,) or (n, 1), which may be nested as its shape is."""
    values, shape = tensor["data"], tensor["shape"]
    if shape == [len(values), 1] and all(isinstance(v, list) and len(v) == 1 for v in values):
        return [value for [value] in values]
    if shape in ([len(values)], [len(values), 1]):
        return values
    expected = f"expected a shape [rows] or [rows, 1] that fits input {echo(tensor['name'])}"
    got = f"{', '.join(map(echo, shape[:4]))} and {len(values)} values"
    raise ProblemError("invalid", f"{expected}, got {got}")
