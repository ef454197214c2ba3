"""Reads the body of a request: within the limit, decoded, as JSON, as the contract's types."""

import asyncio
import sys
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from engine.serving.http.errors import MOST_ERRORS, ProblemError, busy, echo, invalid_fields
from engine.serving.http.parse import parse, refuse_repeated
from engine.serving.http.schema import Limits, Schema

# For larger bodies, a search of each column among all keys would cost more than two steps.
_ONE_ROW_BYTES = 4_096
_ROWS, _BEGINNING = b'"rows"', 64  # `{"rows": [...]}` has its key here, however it is written
_GZIP_FORMAT = 16 + zlib.MAX_WBITS  # for zlib: a gzip header and its checksum

# The event loop reads bodies up to here itself, in some ten milliseconds whatever they hold.
SMALL_BYTES = 16_384
# What waits for the thread; it is read in a fraction of the time that a request may wait.
MAX_QUEUED_BYTES = 8_000_000
# How long a thread keeps the interpreter while the event loop waits for it (Python: 5 ms).
TURN_SECONDS = 0.0005

Rows = list[dict[str, Any]]
_T = TypeVar("_T")

_lock = threading.Lock()
_usual = sys.getswitchinterval()
_users = 0


@contextmanager
def small_turns() -> Iterator[None]:
    """Shorten the switch interval until every user of this has ended."""
    global _users  # noqa: PLW0603  # the interval is the interpreter's, not an object's
    with _lock:
        _users += 1
        sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                sys.setswitchinterval(_usual)


class Reader:
    """One thread, so that large bodies need memory for their objects one at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._queued_bytes = 0

    async def read(self, size: int, read: Callable[[], _T]) -> _T:
        """The result of `read`, which reads a body of `size` bytes."""
        if size <= SMALL_BYTES:
            return read()
        if self._queued_bytes + size > MAX_QUEUED_BYTES:
            raise busy("many large requests wait to be read")
        self._queued_bytes += size
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _run, read)
        finally:
            self._queued_bytes -= size


@small_turns()
def _run(read: Callable[[], _T]) -> _T:
    return read()


offload = Reader().read


async def read_body(scope: Scope, receive: Receive, limits: Limits) -> bytes:
    """The decoded body of a request; ProblemError if it is invalid, ClientDisconnect at its end."""
    most, is_encoded = limits.body_bytes, False
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            is_encoded = True
        # Refused before a byte is read; a body without one length is counted below.
        elif name == b"content-length" and value.isdigit() and int(value) > most:
            raise _too_large(most)
    content, more = bytearray(), True
    while more and len(content) <= most:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        content += message.get("body", b"")
        more = message.get("more_body", False)
    if len(content) > most:
        raise _too_large(most)
    body = bytes(content)
    if not is_encoded:
        return body
    return await offload(len(body), partial(_decoded, body, scope["headers"], most))


def _decoded(body: bytes, headers: Iterable[tuple[bytes, bytes]], most: int) -> bytes:
    """The body without its Content-Encoding (RFC 9110, 8.4), of at most `most` bytes."""
    given = b",".join(value for name, value in headers if name == b"content-encoding")
    names = given.decode("latin-1")
    codings = [coding.strip().lower() for coding in names.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return body
    if codings not in (["gzip"], ["x-gzip"]):
        detail = f"expected the Content-Encoding gzip or none, got {echo(names)}; send it plain"
        accepted = {"Accept-Encoding": "gzip, identity"}
        raise ProblemError("wrong-encoding", detail, headers=accepted)
    engine, content = zlib.decompressobj(_GZIP_FORMAT), b""
    with suppress(zlib.error):  # then the stream has no end
        # The limit counts: a body of 1 MB may become 1 GB.
        content = engine.decompress(body, most + 1)
    if len(content) > most:
        raise _too_large(most, "decoded")
    if not engine.eof or engine.unused_data:
        detail = "expected one whole gzip stream, as Content-Encoding says, got other bytes"
        raise ProblemError("not-decoded", detail)
    return content


def _too_large(most: int, form: str = "sent") -> ProblemError:
    detail = f"expected a body of at most {most:,} bytes, got more ({form}); send its rows in "
    close = {"Connection": "close"} if form == "sent" else {}
    return ProblemError("body-too-large", f"{detail}several requests", headers=close)


def count_rows(rows: int, limits: Limits) -> None:
    """Raise a ProblemError for no row, or for more rows than one request may hold."""
    if not 1 <= rows <= limits.rows:
        detail = f"expected 1 to {limits.rows} rows, got {rows}; send more in several requests"
        fault = {"field": "rows", "expected": f"1 to {limits.rows}", "got": "0"}
        raise ProblemError("too-many-rows" if rows else "invalid", detail, [] if rows else [fault])


def read_rows(body: bytes, schema: Schema) -> tuple[Rows, bool]:
    """The checked rows of a body for /v1/predict, and whether it is `{"rows": [...]}`."""
    # One row, the most frequent request, needs one step; all else needs two.
    if len(body) <= _ONE_ROW_BYTES and _ROWS not in body[:_BEGINNING]:
        try:
            row = schema.adapters["Row"].validate_json(body)
            refuse_repeated(body, row, len(row))  # a valid row has no other members
            return [row], False
        except ValidationError:
            pass
    return _records(body, "Row", schema)


def labels_of(body: bytes, schema: Schema) -> Rows:
    """The labels of a body for /v1/labels, checked: `{"labels": [...]}`, or one label alone."""
    return _records(body, "Label", schema)[0]


def _records(body: bytes, kind: str, schema: Schema) -> tuple[Rows, bool]:
    """The rows or labels of a body, and whether they came in a list."""
    value, key = parse(body, schema.bounds[kind]), f"{kind.lower()}s"
    # No field takes a list, so no record alone has this form.
    if not isinstance(value, dict) or not isinstance(value.get(key), list):
        return validated([value], schema, kind, ()), False
    others = [{"type": "extra_forbidden", "loc": (name,)} for name in value if name != key]
    if others:
        raise invalid_fields(others, {key: ""})
    count_rows(len(value[key]), schema.limits)
    return validated(value[key], schema, kind, (key,)), True


def validated(
    records: Iterable[Any], schema: Schema, kind: str = "Row", place: tuple[str, ...] = ("rows",)
) -> Rows:
    """Rows, or labels, that fit the contract; `place` is the member of the body that has them."""
    adapter, fitting = schema.adapters[kind], []
    faults: list[dict[str, Any]] = []
    for number, record in enumerate(records):
        try:
            fitting.append(adapter.validate_python(record))
        except ValidationError as error:
            before = (*place, number) if place else ()
            for one in error.errors(include_url=False, include_context=False):
                faults.append({**one, "loc": (*before, *one["loc"])})
            if len(faults) > MOST_ERRORS:  # enough to list
                break
    if faults:
        raise invalid_fields(faults, schema.words[kind])
    return fitting
