"""One request and its response: what an ASGI application receives, and how it sends.

An answer goes out in as few writes as it has parts, and says `Connection: close` when it is the
last one: the client asked for that, the server drains, or the request's body has not all arrived.
"""

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from engine.serving.connection.budget import SMALL_BYTES, Share
from engine.serving.connection.framing import Head
from engine.serving.http.errors import ProblemError, where

if TYPE_CHECKING:
    from engine.serving.connection.connection import Connection

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES: Mapping[int, bytes] = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus
}

logger = logging.getLogger("engine.serving.http")


class Application(Protocol):
    """What a connection needs of the ASGI application behind it."""

    @property
    def draining(self) -> bool:
        """Whether each response is to be the last one of its connection."""

    def count_refusal(self, status: int) -> None:
        """Count a request that was refused before the application saw it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""


class Exchange:
    """A request that is being received and answered on a `Connection`."""

    def __init__(self, connection: "Connection", scope: Scope, head: Head) -> None:
        self._connection, self._scope = connection, scope
        self._keep_alive, self._expects_continue = head.keep_alive, head.expects_continue
        self._body, self._delivered = bytearray(), False
        self._received, self._share = 0, Share()
        self._waiting: asyncio.Future[None] | None = None
        self._fault: ProblemError | None = None
        self._start: Message | None = None
        self._framed = self._chunked = self._bodiless = False
        self._missing: int | None = None  # bytes of the response that are still to come
        self.more_body = True
        self.disconnected = self.complete = False

    async def run(self, app: Application) -> None:
        """Have `app` answer; the connection is cut if it does not finish."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception as error:  # what an application does not answer itself is a defect
            logger.error("%s", where(error))
        finally:
            if not self.complete:
                self._connection.transport.abort()

    def add_body(self, data: bytes, *, ended: bool) -> None:
        """Take a piece of the body in.

        Raises:
            Refusal: other requests hold the memory that it needs.
        """
        self._received += len(data)
        if not ended or self._received > SMALL_BYTES:
            self._share.grow(self._received)
        self._body += data
        self.more_body = not ended
        self._wake()

    def fail(self, fault: ProblemError) -> None:
        """The rest of the body will not come; whoever waits for it gets `fault` instead."""
        self._fault = fault
        self._body.clear()
        self._wake()

    def disconnect(self) -> None:
        """The client is gone."""
        self.disconnected = True
        self._share.release()
        self._wake()

    @property
    def buffered(self) -> int:
        """Bytes of the body that the application has not taken."""
        return len(self._body)

    async def receive(self) -> Message:
        """What has arrived of the body; once all was delivered, the end of the connection.

        Raises:
            Refusal: the rest of the body is framed badly, or does not arrive in time.
        """
        if self.more_body and not self._body:
            if self._expects_continue:
                self._expects_continue = False
                self._connection.transport.write(_CONTINUE)
            self._connection.resume_reading()
        while not (self.disconnected or self.complete):
            if self._body or not (self.more_body or self._delivered):
                body = bytes(self._body)
                self._body.clear()
                self._delivered = not self.more_body
                return {"type": "http.request", "body": body, "more_body": self.more_body}
            if self._fault is not None:
                self._raise_fault()
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        return {"type": "http.disconnect"}

    def _raise_fault(self) -> None:
        # What keeps an exception keeps the frames that it passed, and with them the body: so it
        # is kept nowhere.
        fault, self._fault = self._fault, None
        try:
            if fault is not None:
                raise fault
        finally:
            del fault

    async def send(self, message: Message) -> None:
        """Send a part of the response; its head goes out together with the first of its body.

        Raises:
            RuntimeError: the parts are not those of one response.
        """
        await self._connection.writable()
        if self.disconnected:
            return
        part = "http.response.start" if self._start is None else "http.response.body"
        if message["type"] != part or self.complete:
            raise RuntimeError(f"expected {part} or nothing, got {message['type']}")
        if self._start is None:
            self._start = message
            return
        head = b"" if self._framed else self._head(self._start)
        ended = not message.get("more_body", False)
        self._connection.transport.write(head + self._frame(message.get("body", b""), ended))
        if ended:
            self.complete = True
            self._share.release()
            self._connection.finish(keep_alive=self._keep_alive)

    def _head(self, start: Message) -> bytes:
        """The response's head; decides how its body is framed (RFC 9112, 6.3)."""
        status, length = start["status"], None
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
        self._framed = True
        self._bodiless = self._scope["method"] == "HEAD" or status in (204, 304)
        self._missing = length or 0
        if length is None and not self._bodiless:
            self._chunked = self._scope["http_version"] == "1.1"
            self._keep_alive = self._keep_alive and self._chunked  # else the end is its length
            self._missing = None
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        if not self._keep_alive:
            lines.append(b"connection: close\r\n")
        lines.append(b"\r\n")
        return b"".join(lines)

    def _frame(self, data: bytes, ended: bool) -> bytes:
        """A piece of the response's body as it goes out."""
        if self._bodiless:
            return b""
        if self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            return chunk + (b"0\r\n\r\n" if ended else b"")
        if self._missing is not None:
            self._missing -= len(data)
            if self._missing < 0 or (ended and self._missing):
                raise RuntimeError("expected a body as long as its Content-Length")
        return data

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def encode_response(response: Response) -> bytes:
    """A response of the connection itself, which is its last one."""
    lines = [_STATUS_LINES[response.status_code]]
    for name, value in response.raw_headers:
        if name != b"connection":
            lines += name, b": ", value, b"\r\n"
    return b"".join([*lines, b"connection: close\r\n\r\n", response.body])
