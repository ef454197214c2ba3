"""Rows as the tensors of the Open Inference Protocol, one a column, and predictions as tensors.

A missing value is null or NaN, or the whole tensor is absent. A date is a text. A number may have
any width: JSON has one type of number, and the contract has its range.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.bundle.bundle import Contract
from engine.contract.column import ColumnType
from engine.serving.http.errors import ProblemError, cut, echo
from engine.serving.http.protocols.handler import Rows
from engine.serving.http.protocols.infer_request import TENSORS, Input, Kind, RequestedOutput
from engine.serving.http.request_parsing import count_rows
from engine.serving.http.schema import Limits

# The data type of a column in the model's metadata.
KIND: Mapping[ColumnType, Kind] = {
    "number": "FP64",
    "integer": "INT64",
    "boolean": "BOOL",
    "category": "BYTES",
    "date": "BYTES",
}
_ID = "prediction_id"


def rows_of_tensors(inputs: Sequence[Input], contract: Contract, limits: Limits) -> Rows:
    """The rows, made one by one and not yet checked against the contract.

    Raises:
        ProblemError: tensors have different lengths, types that do not fit their columns, or the
            same name.
    """
    columns = {column.name: column for column in contract.inputs}
    if not inputs:
        raise ProblemError("invalid", f"expected {TENSORS}, got none")
    values: dict[str, list[Any]] = {}
    for tensor in inputs:
        name, kind = tensor["name"], tensor["datatype"]
        if name in values:
            raise ProblemError("invalid", f"expected each input once, got two named {echo(name)}")
        column = columns.get(name)
        if column and not _fits(kind, column.type):
            expected = KIND[column.type]
            raise ProblemError("invalid", f"expected {expected} for input '{name}', got {kind}")
        flat = _flat(tensor)
        values[name] = [*map(_nan_to_none, flat)] if column and column.nullable else flat
    lengths = {name: len(column_values) for name, column_values in values.items()}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{echo(name)}: {length}" for name, length in lengths.items())
        raise ProblemError("invalid", f"expected inputs of one length, got {cut(got, 400)}")
    count_rows(next(iter(lengths.values())), limits)
    return (dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True))


def _nan_to_none(value: Any) -> Any:
    """None for NaN, which numpy writes for a missing number."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124


def metadata(contract: Contract) -> dict[str, Any]:
    """The inputs and outputs of a model; -1 stands for the number of rows."""
    inputs = [
        {"name": column.name, "datatype": KIND[column.type], "shape": [-1]}
        for column in contract.inputs
    ]
    outputs = [
        {"name": name, "datatype": kind, "shape": [-1, *width]}
        for name, (kind, width) in _outputs(contract).items()
    ]
    return {"inputs": inputs, "outputs": outputs}


def output_names(requested: Iterable[RequestedOutput] | None, contract: Contract) -> list[str]:
    """The outputs of a response: those requested, or all; to be checked before the prediction.

    Raises:
        ProblemError: an output does not exist, or is requested twice.
    """
    existing = list(_outputs(contract))
    names = [one["name"] for one in requested or ()] or existing
    if unknown := [name for name in names if name not in existing]:
        detail = f"expected outputs of {', '.join(existing)}, got {echo(unknown[0])}"
        raise ProblemError("invalid", detail)
    if len(set(names)) < len(names):
        raise ProblemError("invalid", "expected each output once, got one of them twice")
    return names


def outputs_of(
    answers: Sequence[Mapping[str, Any]],
    requested: Iterable[RequestedOutput] | None,
    contract: Contract,
) -> list[dict[str, Any]]:
    """Predictions by columns: the outputs of `output_names`."""
    return [_output(name, answers, contract) for name in output_names(requested, contract)]


def _fits(given: Kind, column: ColumnType) -> bool:
    numbers = given not in ("BOOL", "BYTES")
    return numbers if column in ("number", "integer") else given == KIND[column]


def _flat(tensor: Input) -> list[Any]:
    """The values of a tensor of shape (n,) or (n, 1), which may be nested as its shape is."""
    values, shape = tensor["data"], tensor["shape"]
    if shape == [len(values), 1] and all(isinstance(v, list) and len(v) == 1 for v in values):
        return [value for [value] in values]
    if shape in ([len(values)], [len(values), 1]):
        return values
    raise ProblemError(
        "invalid",
        f"expected a shape [rows] or [rows, 1] that fits the data of input "
        f"{echo(tensor['name'])}, got {', '.join(map(echo, shape[:4]))} and {len(values)} values",
    )


def _outputs(contract: Contract) -> dict[str, tuple[Kind, list[int]]]:
    """The name of each output, its type, and how wide it is."""
    outputs: dict[str, tuple[Kind, list[int]]] = {"score": ("FP64", [])}
    if contract.task == "binary":
        outputs["decision"] = "BOOL", []
    if contract.task == "multiclass":
        outputs["decision"] = _kind_of(contract.classes), []
        outputs["scores"] = "FP64", [len(contract.classes)]
    return outputs | {_ID: ("BYTES", [])}


def _kind_of(classes: Sequence[Any]) -> Kind:
    if all(isinstance(value, bool) for value in classes):
        return "BOOL"
    return "INT64" if all(isinstance(value, int) for value in classes) else "BYTES"


def _output(name: str, answers: Sequence[Mapping[str, Any]], contract: Contract) -> dict[str, Any]:
    kind, width = _outputs(contract)[name]
    output = {"name": name, "shape": [len(answers), *width], "datatype": kind}
    data = [answer[name] for answer in answers]
    if name != "scores":
        return output | {"data": data}
    order = [str(value) for value in contract.classes]
    # A parameter is a text, a number or a boolean: the classes in their order as JSON.
    classes = json.dumps(list(contract.classes))
    return output | {
        "data": [scores[value] for scores in data for value in order],
        "parameters": {"classes": classes},
    }
