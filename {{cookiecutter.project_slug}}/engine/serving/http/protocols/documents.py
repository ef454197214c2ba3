"""The types of the protocols, for the `components` of the OpenAPI document."""

from collections.abc import Mapping
from typing import Any, NotRequired

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from engine.serving.http.protocols.frames import Invocation
from engine.serving.http.protocols.infer_request import InferRequest, Kind
from engine.serving.http.protocols.tensors import InferAnswer


class ServerMetadata(TypedDict):
    """What serves."""

    name: str
    version: str
    extensions: list[str]


class Health(TypedDict):
    """Whether it lives, and may be asked."""

    live: bool
    ready: NotRequired[bool]


class Tensor(TypedDict):
    """A column; -1 stands for as many as there are rows."""

    name: str
    datatype: Kind
    shape: list[int]


class ModelMetadata(TypedDict):
    """A model, its inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[Tensor]
    outputs: list[Tensor]


class ModelReady(TypedDict):
    """Whether a model may be asked."""

    name: str
    ready: bool


class InferError(TypedDict):
    """A refusal as the protocol has it."""

    error: str


_TYPES = (
    InferRequest, InferAnswer, ServerMetadata, Health, ModelMetadata, ModelReady, InferError,
    Invocation,
)  # fmt: skip


def parameters(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What stands for a model and its version in an address: of each the one that answers now."""
    return {
        name: {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": [str(manifest[name])]},
        }
        for name in ("name", "version")
    }


def components() -> dict[str, Any]:
    """Every type as a JSON Schema."""
    made, shared = TypeAdapter.json_schemas(
        [(kind.__name__, "validation", TypeAdapter(kind)) for kind in _TYPES],
        ref_template="#/components/schemas/{model}",
    )
    answers = {"type": "array", "items": {"$ref": "#/components/schemas/Answer"}}
    invoked = {
        "title": "Invoked",
        "type": "object",
        "required": ["predictions", "answers"],
        "properties": {"predictions": {"type": "array", "items": {}}, "answers": answers},
    }
    return {
        **{name: value for (name, _), value in made.items()},
        **shared["$defs"],
        "Invoked": invoked,
    }
