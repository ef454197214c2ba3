"""uvicorn with the server's own connections, in the test's event loop, and clients of it."""

import asyncio
import re
import weakref
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

from engine.serving.connection.connection import Connection
from engine.serving.http.errors import ProblemError
from engine.serving.run import ARRIVE_SECONDS, IDLE_SECONDS, check_timeouts, listen


class Echo:
    """An application that responds with what it received: method, path, length of the body.

    /slow waits for `release` before it responds, /paused within its response; /early responds
    without reading the body; /large sends 5 MB, and /stream chunks; /broken fails within its
    response; /short sends less than its Content-Length, and /injected a header of two lines.
    """

    draining, admin_port = False, None

    def __init__(self) -> None:
        self.refused: list[int] = []
        self.started = asyncio.Event()
        self.release = asyncio.Event()

    def count_refusal(self, status: int) -> None:
        self.refused.append(status)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            size = 0 if scope["path"] == "/early" else await self._read(receive)
        except ProblemError as refusal:
            await refusal.response()(scope, receive, send)
            return
        if scope["path"] == "/slow":
            self.started.set()
            await self.release.wait()
        data = f"{scope['method']} {scope['path']} {size}".encode()
        pieces = [data[:3], data[3:]]
        if scope["path"] == "/large":
            pieces = [b"a" * 1_000_000] * 5
        size = sum(map(len, pieces)) + (scope["path"] == "/short")
        headers = [] if scope["path"] == "/stream" else [(b"content-length", b"%d" % size)]
        if scope["path"] == "/injected":
            headers.append((b"x", b"a\r\nX-Injected: b"))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in pieces:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if scope["path"] == "/paused":
                self.started.set()
                await self.release.wait()
            if scope["path"] == "/broken":
                raise ValueError
        await send({"type": "http.response.body"})

    async def _read(self, receive: Receive) -> int:
        size = 0
        while True:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                return size


@dataclass
class Listening:
    """A server that listens on `port`."""

    port: int
    app: Echo
    server: uvicorn.Server
    made: "list[weakref.ref[Connection]]" = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A client."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, data: bytes, *, half_close: bool = False) -> bytes:
        """All that the server sends for these bytes until it closes."""
        reader, writer = await self.connect()
        try:
            writer.write(data)
            if half_close:
                writer.write_eof()
            return await reader.read()
        finally:
            writer.close()

    def alive(self) -> int:
        """How many connections are still in memory."""
        return sum(one() is not None for one in self.made)

    async def until(self, holds: Any) -> None:
        """Return once `holds()`."""
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(
    timeouts: tuple[float, float] = (ARRIVE_SECONDS, IDLE_SECONDS), check_seconds: float = 0.02
) -> AsyncIterator[Listening]:
    """A server as the real one is, its timeouts (arrive, idle) checked more often."""
    listener, app = listen("127.0.0.1", 0), Echo()
    made: list[weakref.ref[Connection]] = []

    class Noted(Connection):
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            made.append(weakref.ref(self))

    config = uvicorn.Config(
        app, http=Noted, lifespan="off", log_level="error", proxy_headers=False
    )  # fmt: skip
    running = uvicorn.Server(config)
    running.config.load()
    running.lifespan = running.config.lifespan_class(running.config)
    await running.startup([listener])

    async def check() -> None:
        while True:
            check_timeouts(running.server_state.connections, *timeouts)
            await asyncio.sleep(check_seconds)

    checking = asyncio.create_task(check())
    yield Listening(listener.getsockname()[1], app, running, made)
    app.release.set()
    await running.shutdown([listener])
    checking.cancel()


def statuses(received: bytes) -> list[int]:
    """The statuses of the responses in these bytes."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test in an event loop of its own; one that hangs fails."""
    asyncio.run(asyncio.wait_for(test, 60))
