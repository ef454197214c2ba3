"""Takes a request in: reads its body within the limit, as JSON, as the contract's types."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json
from starlette.requests import Request

from serving.http.errors import Refusal, invalid
from serving.http.schema import Limits, Schema

# A sender that is cut off while it still sends never reads why, so read on for a while and keep
# nothing of it.
_PATIENCE = 8


async def read_json(request: Request, limits: Limits) -> Any:
    """The request's body as plain Python values.

    Raises:
        Refusal: the body is longer than the limit, however it is sent, or is not JSON.
    """
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limits.body_bytes:
            body += chunk
        elif size > limits.body_bytes * _PATIENCE:
            break
    if size > limits.body_bytes:
        raise Refusal(
            "body-too-large",
            f"expected a body of at most {limits.body_bytes:,} bytes, got more; "
            "send its rows in several requests",
            headers={"Connection": "close"},
        )
    try:
        return from_json(bytes(body))
    except ValueError as error:
        raise Refusal("not-json", f"expected JSON, got something else: {error}") from None


def rows_of(body: Any, schema: Schema) -> list[dict[str, Any]]:
    """The rows of a body for /v1/predict, checked; see `is_many` for its two shapes.

    Raises:
        Refusal: a row does not fit the contract.
    """
    rows: list[dict[str, Any]] = (
        _valid(body, "Rows", schema)["rows"] if is_many(body) else [_valid(body, "Row", schema)]
    )
    return rows


def is_many(body: Any) -> bool:
    """Whether the body is `{"rows": [...]}`; no input takes a list, so no row looks like that."""
    return isinstance(body, dict) and isinstance(body.get("rows"), list)


def labels_of(body: Any, schema: Schema) -> list[dict[str, Any]]:
    """The labels of a body for /v1/labels, checked: `{"labels": [...]}`, or one label alone.

    Raises:
        Refusal: a label does not fit the contract.
    """
    if isinstance(body, dict) and "prediction_id" in body:
        return [_valid(body, "Label", schema)]
    labels: list[dict[str, Any]] = _valid(body, "Labels", schema)["labels"]
    return labels


def _valid(body: Any, name: str, schema: Schema) -> Any:
    try:
        return schema.adapters[name].validate_python(body)
    except ValidationError as error:
        raise invalid(error, schema.words[name]) from None
