"""One request and its response: the ASGI scope, what the application receives, how it sends."""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope

from engine.serving.connection.framing import Head
from engine.serving.http.errors import ProblemError, busy, where

if TYPE_CHECKING:
    from engine.serving.connection.connection import Connection

MAX_ARRIVING_BYTES = 100_000_000
# What arrives in one small piece does not count: the next turns of the loop respond to it.
SMALL_BYTES = 16_384
# What arrives is dropped for so long and up to so many bytes.
LINGER_SECONDS, LINGER_BYTES = 2.0, 16_000_000
LAST_RESPONSE_SECONDS = 10.0  # a client may take so long to receive its last response
_STATUS_LINES: Mapping[int, bytes] = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}

logger = logging.getLogger("engine.serving.http")


def scope_of(head: Head, connection_scope: Scope) -> Scope:
    """The ASGI scope of a request: its connection's, and what its head adds (RFC 9112, 3.2.2)."""
    raw_path, _, query = head.target.partition(b"?")
    if not raw_path.startswith(b"/") and b"://" in raw_path:
        raw_path = b"/" + raw_path.partition(b"://")[2].partition(b"/")[2]
    path, root_path = raw_path.decode("ascii"), connection_scope["root_path"]
    request = {"http_version": head.version, "method": head.method, "headers": head.headers}
    state = connection_scope["state"].copy()
    decoded = root_path + (unquote(path) if "%" in path else path)
    raw_path = root_path.encode("ascii") + raw_path
    target = {"path": decoded, "raw_path": raw_path, "query_string": query}
    return {**connection_scope, **request, **target, "state": state}


class Share:
    """What one request holds of the memory that all arriving requests may hold together."""

    taken = 0  # by all requests together
    size = 0

    def grow(self, size: int) -> None:
        """Take `size` bytes in all, or raise a ProblemError if other requests hold the memory."""
        more = size - self.size
        if Share.taken + more > MAX_ARRIVING_BYTES:
            raise busy("many large requests are arriving")
        self.size = size
        Share.taken += more

    def release(self) -> None:
        """Return all of it."""
        Share.taken -= self.size
        self.size = 0


class Exchange:
    """A request that is being received and answered on a `Connection`."""

    def __init__(self, connection: "Connection", head: Head, connection_scope: Scope) -> None:
        self._connection, self._scope = connection, scope_of(head, connection_scope)
        self._keep_alive, self._expects_continue = head.keep_alive, head.expects_continue
        self.body, self._delivered = bytearray(), False
        self._received, self._arrived = 0, asyncio.Event()
        self._fault: ProblemError | None = None
        self._start: Message | None = None
        self._head_sent = self._chunked = self._bodiless = False
        self._remaining: int | None = None  # bytes of the response that are still to come
        self.more_body, self.disconnected, self.complete = True, False, False

    async def run(self, app: ASGIApp) -> None:
        """Let `app` respond; if it does not finish, the connection is aborted."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception as error:  # an application that does not respond itself has a defect
            logger.error("%s", where(error))
        finally:
            if not self.complete:
                self._connection.transport.abort()

    def add_body(self, data: bytes, ended: bool) -> None:
        """Add a piece of the body; ProblemError if there is no memory for it."""
        self._received += len(data)
        if not ended or self._received > SMALL_BYTES:
            self._connection.share.grow(self._received)
        self.body += data
        self.more_body = not ended
        self._arrived.set()

    def fail(self, fault: ProblemError) -> None:
        """Raise `fault` in `receive`, in place of the rest of the body."""
        self._fault = fault
        self.body.clear()
        self._arrived.set()

    def disconnect(self) -> None:
        """The client has disconnected."""
        self.disconnected = True
        self._arrived.set()

    async def receive(self) -> Message:
        """What has arrived of the body, then the end of the connection; raises what `fail` got."""
        if self.more_body and not self.body:
            if self._expects_continue:
                self._expects_continue = False
                self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._connection.flow.resume_reading()
        while not (self.disconnected or self.complete):
            if self.body or not (self.more_body or self._delivered):
                body = bytes(self.body)
                self.body.clear()
                self._delivered = not self.more_body
                return {"type": "http.request", "body": body, "more_body": self.more_body}
            if self._fault is not None:
                # What keeps an exception keeps its frames, and with them the body: nothing does.
                fault, self._fault = self._fault, None
                try:
                    raise fault
                finally:
                    del fault
            self._arrived.clear()
            await self._arrived.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a message of the response; its head goes out with the first piece of its body."""
        if self._connection.flow.write_paused:
            await self._connection.flow.drain()
        if self.disconnected:
            return
        expected = "http.response.start" if self._start is None else "http.response.body"
        if message["type"] != expected or self.complete:
            raise RuntimeError(f"expected {expected} or nothing, got {message['type']}")
        if self._start is None:
            self._start = message
            return
        head = b"" if self._head_sent else self._head(self._start)
        ended = not message.get("more_body", False)
        self._connection.transport.write(head + self._frame(message.get("body", b""), ended))
        if ended:
            self.complete = True
            self._connection.finish(keep_alive=self._keep_alive)

    def _head(self, start: Message) -> bytes:
        """The response's head; decides how its body is framed (RFC 9112, 6.3)."""
        status, length = start["status"], None
        self._head_sent = True
        if self.more_body or self._connection.draining:
            self._keep_alive = False
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        for name, value in (*self._connection.server_state.default_headers, *start["headers"]):
            if b"\n" in value or b"\r" in value:
                raise RuntimeError("expected a header in one line")
            if name == b"connection":
                self._keep_alive = self._keep_alive and b"close" not in value.lower()
                continue
            if name == b"content-length":
                length = int(value)
            lines += name, b": ", value, b"\r\n"
        self._bodiless = self._scope["method"] == "HEAD" or status in (204, 304)
        self._remaining = length or 0
        if length is None and not self._bodiless:
            self._chunked = self._scope["http_version"] == "1.1"
            # Without chunks, the end of the connection is the end of the body.
            self._keep_alive = self._keep_alive and self._chunked
            self._remaining = None
        coding = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        close = b"" if self._keep_alive else b"connection: close\r\n"
        return b"".join([*lines, coding, close, b"\r\n"])

    def _frame(self, data: bytes, ended: bool) -> bytes:
        """A piece of the response's body as it goes out."""
        if self._bodiless:
            return b""
        if self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            return chunk + (b"0\r\n\r\n" if ended else b"")
        if self._remaining is not None:
            self._remaining -= len(data)
            if self._remaining < 0 or (ended and self._remaining):
                raise RuntimeError("expected a body as long as its Content-Length")
        return data


def encode_last(response: Response) -> bytes:
    """A response of the connection itself; it is the last one."""
    head = [b"%b: %b\r\n" % header for header in response.raw_headers if header[0] != b"connection"]
    status = _STATUS_LINES[response.status_code]
    return b"".join([status, *head, b"connection: close\r\n\r\n", response.body])


class Closing(asyncio.Protocol):
    """Takes over the transport of a connection whose last response was written (RFC 9112, 9.6).

    It drops what still arrives: closing at once can reset the connection and destroy the response.
    """

    def __init__(self, transport: asyncio.Transport, connections: set[Any]) -> None:
        self._transport, self._connections, self._dropped = transport, connections, 0
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + LAST_RESPONSE_SECONDS
        connections.add(self)
        transport.set_protocol(self)
        self._timer = self._loop.call_later(LINGER_SECONDS, self._stop)

    def data_received(self, data: bytes) -> None:
        """Drop it."""
        self._dropped += len(data)
        if self._dropped > LINGER_BYTES:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has closed, or was disconnected."""
        self._timer.cancel()
        self._connections.discard(self)

    def shutdown(self) -> None:
        """Nothing to do: it ends by itself soon enough."""

    def _stop(self) -> None:
        """Disconnect the client, unless it is still receiving the last response."""
        if self._transport.get_write_buffer_size() and self._loop.time() < self._until:
            self._timer = self._loop.call_later(LINGER_SECONDS, self._stop)
        else:
            self._transport.abort()
