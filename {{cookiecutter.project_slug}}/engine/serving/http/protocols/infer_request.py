"""The body of a request of the Open Inference Protocol, as its types.

A member that the server does not support is refused by name, so no client relies on it. Of the
extensions that tritonclient uses, it accepts parameters that change nothing: tensors are JSON
(`binary_data` is false), and outputs may be bytes (they never are, and the client reads both).
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, FailFast, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.serving.http.errors import MOST_ERRORS, ProblemError, invalid
from engine.serving.http.parse import Bound, parse
from engine.serving.http.schema import Limits

Kind = Literal[
    "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
    "FP16", "FP32", "FP64", "BYTES",
]  # fmt: skip
_exact = with_config(ConfigDict(extra="forbid", strict=True))
# More than a request has in one object, or in all; thousands need no error for each.
_MOST_MEMBERS = 30
_MOST_OUTPUTS = 4


@_exact
class InputParameters(TypedDict, total=False):
    """The parameters of a tensor that a client sends."""

    binary_data: Literal[False]


@_exact
class Input(TypedDict):
    """A column of the request."""

    name: str
    shape: Annotated[list[int], FailFast()]
    datatype: Kind
    data: list[Any]
    parameters: NotRequired[InputParameters | None]


@_exact
class OutputParameters(TypedDict, total=False):
    """Of one output, or in a request of all; they come as JSON, which the binary form allows."""

    binary_data: bool
    binary_data_output: bool


@_exact
class RequestedOutput(TypedDict):
    """An output that the client requests."""

    name: str
    parameters: NotRequired[OutputParameters | None]


@_exact
class InferRequest(TypedDict):
    """Rows by columns; without `outputs` the response has all. KServe sends `model_name`."""

    inputs: list[Input]
    outputs: NotRequired[list[RequestedOutput] | None]
    id: NotRequired[str | None]
    model_name: NotRequired[str | None]
    parameters: NotRequired[OutputParameters | None]


_REQUEST: TypeAdapter[InferRequest] = TypeAdapter(InferRequest)
TENSORS = "a list of tensors, one a column of the contract"
_WORDS = {
    "inputs": TENSORS,
    "name": "a text",
    "shape": "a list of whole numbers",
    "datatype": "a data type of the Open Inference Protocol",
    "data": "a list of values",
    "outputs": "a list of objects with the name of an output",
    "id": "a text",
    "model_name": "a text",
    "parameters": "an object",
    "binary_data": "true or false, and false for an input: tensors are sent as JSON",
    "binary_data_output": "true or false",
}


def request_of(body: bytes, contract: Contract, limits: Limits) -> InferRequest:
    """The request in a body.

    Raises:
        ProblemError: it is not JSON, or no request of the protocol.
    """
    value = parse(body, Bound.of(contract, limits.rows))
    if isinstance(value, dict):
        _check_size(value, contract)
    try:
        return _REQUEST.validate_python(value)
    except ValidationError as error:
        raise invalid(error, _WORDS) from None


def _check_size(value: dict[str, Any], contract: Contract) -> None:
    """Raise a ProblemError for more tensors or members than need an error for each."""
    objects: list[Any] = [value]
    for key, most in (("inputs", len(contract.inputs)), ("outputs", _MOST_OUTPUTS)):
        tensors = value.get(key)
        if isinstance(tensors, list):
            if len(tensors) > most + MOST_ERRORS:
                raise ProblemError("invalid", f"expected at most {most} {key}, got {len(tensors)}")
            objects += tensors
    objects += [one.get("parameters") for one in objects if isinstance(one, dict)]
    for one in objects:
        if isinstance(one, dict) and len(one) > _MOST_MEMBERS:
            names = ", ".join(sorted(_WORDS))
            raise ProblemError(
                "invalid", f"expected no members but {names}, got {len(one)} in one object"
            )
