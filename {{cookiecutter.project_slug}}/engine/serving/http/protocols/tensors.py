"""Rows as the tensors of the Open Inference Protocol, one a column, and answers as tensors.

A missing value is null or NaN, or the whole tensor is left out. A date is a text. Any width of
number will do, in or out of JSON they are the same; what it may be is the contract's to say.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.contract.column import ColumnType
from engine.serving.http.errors import ProblemError, cut, echo
from engine.serving.http.protocols.handler import Rows, count_rows
from engine.serving.http.protocols.infer_request import TENSORS, Input, Kind, Wanted
from engine.serving.http.schema import Limits

# What a column is told to be, and what it may come as.
KIND: Mapping[ColumnType, Kind] = {
    "number": "FP64",
    "integer": "INT64",
    "boolean": "BOOL",
    "category": "BYTES",
    "date": "BYTES",
}
_ID = "prediction_id"


class Output(TypedDict):
    """A column of the answer."""

    name: str
    shape: list[int]
    datatype: Kind
    data: list[Any]
    parameters: NotRequired[dict[str, Any]]


class InferAnswer(TypedDict):
    """Answers by columns; `parameters` name the bundle."""

    model_name: str
    model_version: str
    id: NotRequired[str]
    parameters: dict[str, Any]
    outputs: list[Output]


def rows_of_tensors(inputs: Sequence[Input], contract: Contract, limits: Limits) -> Rows:
    """The rows, made one by one and not yet checked against the contract.

    Raises:
        Refusal: tensors are of different lengths, of a type that the column is not, or named twice.
    """
    types = {column.name: column.type for column in contract.inputs}
    nullable = {column.name for column in contract.inputs if column.nullable}
    if not inputs:
        raise ProblemError("invalid", f"expected {TENSORS}, got none")
    columns: dict[str, list[Any]] = {}
    for tensor in inputs:
        name = tensor["name"]
        if name in columns:
            raise ProblemError("invalid", f"expected each input once, got two named {echo(name)}")
        if name in types and not _may_be(tensor["datatype"], types[name]):
            found, wanted = tensor["datatype"], KIND[types[name]]
            raise ProblemError("invalid", f"expected {wanted} for input '{name}', got {found}")
        values = _flat(tensor)
        columns[name] = [*map(_present, values)] if name in nullable else values
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        told = ", ".join(f"{echo(name)}: {len(values)}" for name, values in columns.items())
        raise ProblemError("invalid", f"expected inputs of one length, got {cut(told, 400)}")
    count_rows(lengths.pop(), limits)
    return (
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    )


def _present(value: Any) -> Any:
    """None for NaN, which numpy writes for a missing number."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124


def described(contract: Contract) -> dict[str, Any]:
    """Inputs and outputs as the protocol's metadata tell them; -1 is as many as there are rows."""
    inputs = [
        {"name": column.name, "datatype": KIND[column.type], "shape": [-1]}
        for column in contract.inputs
    ]
    outputs = [
        {"name": name, "datatype": kind, "shape": [-1, *width]}
        for name, (kind, width) in _outputs(contract).items()
    ]
    return {"inputs": inputs, "outputs": outputs}


def tensors_of(
    answers: Sequence[Mapping[str, Any]], wanted: Iterable[Wanted] | None, contract: Contract
) -> list[Output]:
    """Answers by columns: those that are wanted, or all.

    Raises:
        Refusal: one is wanted that there is not.
    """
    return [_output(name, answers, contract) for name in names_of(wanted, contract)]


def names_of(wanted: Iterable[Wanted] | None, contract: Contract) -> list[str]:
    """The outputs to give; to be asked before the model is.

    Raises:
        Refusal: one is wanted that there is not, or one of them twice.
    """
    known = list(_outputs(contract))
    names = [one["name"] for one in wanted or ()] or known
    if unknown := [name for name in names if name not in known]:
        raise ProblemError(
            "invalid", f"expected outputs of {', '.join(known)}, got {echo(unknown[0])}"
        )
    if len(set(names)) < len(names):
        raise ProblemError("invalid", "expected each output once, got one of them twice")
    return names


def _may_be(given: Kind, column: ColumnType) -> bool:
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
    found: dict[str, tuple[Kind, list[int]]] = {"score": ("FP64", [])}
    if contract.task == "binary":
        found["decision"] = "BOOL", []
    if contract.task == "multiclass":
        found["decision"] = _kind_of(contract.classes), []
        found["scores"] = "FP64", [len(contract.classes)]
    return found | {_ID: ("BYTES", [])}


def _kind_of(classes: Sequence[Any]) -> Kind:
    if all(isinstance(value, bool) for value in classes):
        return "BOOL"
    return "INT64" if all(isinstance(value, int) for value in classes) else "BYTES"


def _output(name: str, answers: Sequence[Mapping[str, Any]], contract: Contract) -> Output:
    kind, width = _outputs(contract)[name]
    data = [answer[name] for answer in answers]
    made: Output = {
        "name": name, "shape": [len(answers), *width], "datatype": kind, "data": data
    }  # fmt: skip
    if name == "scores":
        order = [str(value) for value in contract.classes]
        made["data"] = [scores[value] for scores in data for value in order]
        # A parameter is a text, a number or a boolean: the classes in their order as JSON.
        made["parameters"] = {"classes": json.dumps(list(contract.classes))}
    return made
