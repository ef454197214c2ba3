"""Takes a request in: reads its body within the limit, as JSON, as the contract's types."""

import asyncio
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from serving.http.errors import Refusal, invalid, too_slow
from serving.http.schema import Limits, Schema

# A sender that is cut off while it still sends never reads why, so read on for a while and keep
# nothing of it.
_PATIENCE = 8

# Where `{"rows": [...]}` says so, however it is written.
_ROWS, _BEGINNING = b'"rows"', 64

Rows = list[dict[str, Any]]


async def read_body(receive: Receive, limits: Limits) -> bytes:
    """The body of an HTTP request as ASGI delivers it.

    Raises:
        Refusal: it is longer than the limit, however it is sent, or takes too long to arrive.
        ClientDisconnect: its sender left before its end.
    """
    # No clock for what comes in one piece. Should that piece not come, the server sends an empty
    # one in its place: see `connection.Patience`.
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) <= limits.body_bytes:
            return body
    try:
        async with asyncio.timeout(limits.arrive_seconds):
            return await _read_on(message, receive, limits)
    except TimeoutError:
        raise too_slow(limits.arrive_seconds) from None


async def _read_on(message: Message, receive: Receive, limits: Limits) -> bytes:
    kept, size = bytearray(), 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limits.body_bytes:
            kept += chunk
        if not message.get("more_body") or size > limits.body_bytes * _PATIENCE:
            break
        message = await receive()
    if size > limits.body_bytes:
        raise Refusal(
            "body-too-large",
            f"expected a body of at most {limits.body_bytes:,} bytes, got more; "
            "send its rows in several requests",
            headers={"Connection": "close"},
        )
    return bytes(kept)


def parse(body: bytes) -> Any:
    """A body as plain Python values.

    Raises:
        Refusal: it is not JSON.
    """
    try:
        return from_json(body)
    except ValueError as error:
        raise Refusal("not-json", f"expected JSON, got something else: {error}") from None


def read_rows(body: bytes, schema: Schema) -> tuple[Rows, bool]:
    """The rows of a body for /v1/predict, checked, and whether they came as many: see `is_many`.

    Raises:
        Refusal: it is not JSON, or a row does not fit the contract.
    """
    # One row, which is asked most, in one step; all else is looked at in two. Of many rows the one
    # step would take its time to say that they are none.
    if _ROWS not in body[:_BEGINNING]:
        try:
            return [schema.adapters["Row"].validate_json(body)], False
        except ValidationError:
            pass
    found = parse(body)
    return rows_of(found, schema), is_many(found)


def rows_of(body: Any, schema: Schema) -> Rows:
    """The rows of a parsed body, checked.

    Raises:
        Refusal: a row does not fit the contract.
    """
    rows: Rows = (
        _valid(body, "Rows", schema)["rows"] if is_many(body) else [_valid(body, "Row", schema)]
    )
    return rows


def is_many(body: Any) -> bool:
    """Whether the body is `{"rows": [...]}`; no input takes a list, so no row looks like that."""
    return isinstance(body, dict) and isinstance(body.get("rows"), list)


def labels_of(body: Any, schema: Schema) -> Rows:
    """The labels of a body for /v1/labels, checked: `{"labels": [...]}`, or one label alone.

    Raises:
        Refusal: a label does not fit the contract.
    """
    if isinstance(body, dict) and "prediction_id" in body:
        return [_valid(body, "Label", schema)]
    labels: Rows = _valid(body, "Labels", schema)["labels"]
    return labels


def _valid(body: Any, name: str, schema: Schema) -> Any:
    try:
        return schema.adapters[name].validate_python(body)
    except ValidationError as error:
        raise invalid(error, schema.words[name]) from None
