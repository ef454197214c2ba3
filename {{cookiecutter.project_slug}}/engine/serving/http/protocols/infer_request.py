"""The body of a request of the Open Inference Protocol, as its types.

What is not understood is refused by name, so no client takes it for granted. Of the extensions that
tritonclient uses, those parameters are accepted that ask for nothing: tensors come as JSON
(`binary_data` is false), and outputs may come as bytes (but never do, and the client reads both).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, FailFast, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.serving.http.bounds import Bound
from engine.serving.http.errors import MOST_ERRORS, NO_SUCH_FIELD, ProblemError, invalid
from engine.serving.http.parse import parse
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
    """What a client may say about a tensor that it sends."""

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
    """What a client may say about an output; it comes as JSON, which the binary form allows."""

    binary_data: bool


@_exact
class Wanted(TypedDict):
    """An output that is asked for."""

    name: str
    parameters: NotRequired[OutputParameters | None]


@_exact
class RequestParameters(TypedDict, total=False):
    """As `OutputParameters`, of all outputs; tritonclient sends it where it names none."""

    binary_data_output: bool


@_exact
class InferRequest(TypedDict):
    """Rows by columns; without `outputs` all are given. KServe's client sends `model_name`."""

    inputs: list[Input]
    outputs: NotRequired[list[Wanted] | None]
    id: NotRequired[str | None]
    model_name: NotRequired[str | None]
    parameters: NotRequired[RequestParameters | None]


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
_STATELESS = "no such field: the model keeps nothing from one request to the next"
# What clients of other servers can send.
_UNSUPPORTED = {
    "sequence_id": _STATELESS,
    "sequence_start": _STATELESS,
    "sequence_end": _STATELESS,
    "priority": "no such field: requests are served in the order in which they arrive",
    "timeout": "no such field: set a timeout in the client",
    "classification": "no such field: every class has its score in the output 'scores'",
    "binary_data_size": "no such field: tensors are sent as JSON (binary_data=False)",
    "shared_memory_region": "no such field: tensors are sent as JSON",
    "content_type": "no such field: the contract says what a column is",
}


def request_of(body: bytes, contract: Contract, limits: Limits) -> InferRequest:
    """What a body asks for.

    Raises:
        Refusal: it is not JSON, or no request of the protocol.
    """
    found = parse(body, Bound.of(contract, limits.rows))
    _check_size(found, contract)
    try:
        return _REQUEST.validate_python(found)
    except ValidationError as error:
        refusal = invalid(error, _WORDS)
        refusal.errors = [{**told, "expected": _expected(told)} for told in refusal.errors]
        raise refusal from None


def _expected(told: Mapping[str, str]) -> str:
    """What was expected in place of a field, with the reason if other servers support it."""
    if not told["expected"].startswith(NO_SUCH_FIELD):
        return told["expected"]
    return _UNSUPPORTED.get(told["field"].rpartition(".")[2], told["expected"])


def _check_size(found: Any, contract: Contract) -> None:
    """Raise a Refusal for more tensors or members than need an error for each."""
    if not isinstance(found, dict):
        return
    objects: list[Any] = [found]
    for key, most in (("inputs", len(contract.inputs)), ("outputs", _MOST_OUTPUTS)):
        tensors = found.get(key)
        if isinstance(tensors, list):
            if len(tensors) > most + MOST_ERRORS:
                raise ProblemError("invalid", f"expected at most {most} {key}, got {len(tensors)}")
            objects += tensors
    objects = [one for one in objects if isinstance(one, dict)]
    for one in (*objects, *(one.get("parameters") for one in objects)):
        if isinstance(one, dict) and len(one) > _MOST_MEMBERS:
            known = ", ".join(sorted(_WORDS))
            raise ProblemError(
                "invalid", f"expected no members but {known}, got {len(one)} in one object"
            )
