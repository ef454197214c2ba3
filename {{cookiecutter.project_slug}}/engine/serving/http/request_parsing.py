"""Takes a request in: reads its body within the limit, as JSON, as the contract's types.

The work follows the size of a request, not the number of its mistakes: `Bound` limits what is
parsed, validation stops at the first `MOST_ERRORS`, and large bodies are read beside the event
loop.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from engine.serving.http.encodings import decoded, too_large
from engine.serving.http.errors import MOST_ERRORS, ProblemError, details_of, echo, invalid, misfit
from engine.serving.http.offload import offload
from engine.serving.http.parse import parse, refuse_repeated
from engine.serving.http.schema import Limits, Schema

# In one step the parser looks for each column among all keys: of more bytes than a row of some
# hundred columns, that would cost more than two steps.
_ONE_ROW_BYTES = 4_096

# Where `{"rows": [...]}` says so, however it is written.
_ROWS, _BEGINNING = b'"rows"', 64

Rows = list[dict[str, Any]]


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """The body of an HTTP request as ASGI delivers it, decoded.

    Raises:
        Refusal: it is longer than the limit, however it is sent, or in an encoding that is not
            supported; or as the connection does, which refuses bad framing and slow clients.
        ClientDisconnect: its sender left before its end.
    """
    most, is_encoded = limits.body_bytes, False
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            is_encoded = True
        # Before a byte of it was asked for; what names no length, or several, is counted below.
        elif name == b"content-length" and value.isdigit() and int(value) > most:
            raise too_large(most)
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] != "http.request" or message.get("more_body"):
        body = await _read_on(message, receive, most)
    if len(body) > most:
        raise too_large(most)
    if is_encoded:
        return await offload(len(body), partial(decoded, body, scope["headers"], most))
    return body


async def _read_on(message: Message, receive: Receive, most: int) -> bytes:
    """The whole of a body that arrives in pieces, or its first bytes if it is longer than `most`.

    The connection limits how long this takes.
    """
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > most:
            return bytes(body)
        message = await receive()


def read_rows(body: bytes, schema: Schema) -> tuple[Rows, bool]:
    """The rows of a body for /v1/predict, checked, and whether they came as many: see `is_many`.

    Raises:
        Refusal: it is not JSON, or a row does not fit the contract.
    """
    # One row, which is asked most, in one step; all else is looked at in two. Of many rows or
    # fields the one step would take its time to say that they are none.
    if len(body) <= _ONE_ROW_BYTES and _ROWS not in body[:_BEGINNING]:
        try:
            row = schema.adapters["Row"].validate_json(body)
        except ValidationError:
            pass
        else:
            refuse_repeated(body, row)
            return [row], False
    found = parse(body, schema.bound)
    if is_many(found):
        return _many(found, "Row", schema), True
    return [_valid(found, "Row", schema)], False


def is_many(body: Any) -> bool:
    """Whether the body is `{"rows": [...]}`; no input takes a list, so no row looks like that."""
    return isinstance(body, dict) and isinstance(body.get("rows"), list)


def rows_of(rows: Iterable[Any], schema: Schema) -> Rows:
    """Rows that came in another form, checked; no more are made than are checked.

    Raises:
        Refusal: a row does not fit the contract.
    """
    found, faults = _each(rows, "Row", schema)
    if faults:
        raise misfit(faults, schema.words["Rows"])
    return found


def labels_of(body: bytes, schema: Schema) -> Rows:
    """The labels of a body for /v1/labels, checked: `{"labels": [...]}`, or one label alone.

    Raises:
        Refusal: it is not JSON, or a label does not fit the contract.
    """
    found = parse(body, schema.label_bound)
    if isinstance(found, dict) and "prediction_id" in found:
        return [_valid(found, "Label", schema)]
    if isinstance(found, dict) and isinstance(found.get("labels"), list):
        return _many(found, "Label", schema)
    labels: Rows = _valid(found, "Labels", schema)["labels"]
    return labels


def _many(body: dict[str, Any], kind: str, schema: Schema) -> Rows:
    """The rows or labels of an object that has a list of them, and nothing else."""
    key = f"{kind.lower()}s"
    words, records = schema.words[f"{kind}s"], body[key]
    if len(records) > schema.bound.rows:
        raise ProblemError(
            "too-many-rows",
            f"expected {words[key]}, got {echo(records)}; send them in several requests",
        )
    found, faults = _each(records, kind, schema)
    if not records:
        faults.append({"type": "too_short", "loc": (key,), "msg": "", "input": records})
    for name in islice((name for name in body if name != key), MOST_ERRORS + 1):
        faults.append({"type": "extra_forbidden", "loc": (name,), "msg": "", "input": None})
    if faults:
        raise misfit(faults, words)
    return found


def _each(records: Iterable[Any], kind: str, schema: Schema) -> tuple[Rows, list[ErrorDetails]]:
    """The records that fit, and why others do not, until there are enough errors to list."""
    key, check, known = f"{kind.lower()}s", schema.adapters[kind], schema.words[kind]
    found: Rows = []
    faults: list[ErrorDetails] = []
    for number, record in enumerate(records):
        try:
            found.append(check.validate_python(_shortened(record, known)))
        except ValidationError as error:
            faults += [{**one, "loc": (key, number, *one["loc"])} for one in details_of(error)]
            if len(faults) > MOST_ERRORS:
                break
    return found, faults


def _valid(body: Any, kind: str, schema: Schema) -> Any:
    words = schema.words[kind]
    try:
        return schema.adapters[kind].validate_python(_shortened(body, words))
    except ValidationError as error:
        raise invalid(error, words) from None


def _shortened(record: Any, known: Mapping[str, str]) -> Any:
    """The same record with no more unknown fields than an error lists."""
    if not isinstance(record, dict) or len(record) <= len(known) + MOST_ERRORS:
        return record
    unknown = islice((name for name in record if name not in known), MOST_ERRORS + 1)
    kept = [*(name for name in known if name in record), *unknown]
    return {name: record[name] for name in kept}
