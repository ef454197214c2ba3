"""Connections that do nothing are closed, and more than may be are not taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from serving.http.connection import MOST_HEAD_BYTES, Connection, Patience
from serving.run import listen

ASK = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
LONG, SHORT = 600.0, 0.3


@asynccontextmanager
async def server(patience: Patience) -> AsyncIterator[int]:
    """uvicorn as the server has it, its clock looked at more often; yields the port."""
    listener = listen("127.0.0.1", 0)
    app = PlainTextResponse("well")
    running = uvicorn.Server(
        uvicorn.Config(app, http=Connection, lifespan="off", log_level="error")
    )
    running.config.load()
    running.lifespan = running.config.lifespan_class(running.config)
    await running.startup([listener])

    async def watch() -> None:
        while True:
            patience.look(running.server_state.connections)
            await asyncio.sleep(0.02)

    watching = asyncio.create_task(watch())
    yield listener.getsockname()[1]
    watching.cancel()
    await running.shutdown([listener])


async def asked(ends: Ends, piece: bytes = ASK) -> bytes:
    """What is answered; nothing if the connection is closed."""
    reader, writer = ends
    writer.write(piece)
    try:
        return await reader.read(4096)
    except ConnectionError:
        return b""


def test_one_that_never_asks_is_closed_and_one_between_two_requests_is_not() -> None:
    async def tried() -> None:
        async with server(Patience(arrive=SHORT, idle=SHORT)) as port:
            used = await asyncio.open_connection("127.0.0.1", port)
            assert b"200" in await asked(used)
            idle, _ = await asyncio.open_connection("127.0.0.1", port)
            assert await idle.read() == b""
            assert b"200" in await asked(used)

    asyncio.run(asyncio.wait_for(tried(), 30))


def test_one_that_has_begun_gets_less_time() -> None:
    async def tried() -> None:
        async with server(Patience(arrive=SHORT, idle=LONG)) as port:
            idle = await asyncio.open_connection("127.0.0.1", port)
            begun = await asyncio.open_connection("127.0.0.1", port)
            assert b"urn:problem:too-slow" in await asked(begun, ASK[:9])
            assert b"200" in await asked(idle)

    asyncio.run(asyncio.wait_for(tried(), 30))


def test_no_more_are_taken_than_may_be_and_of_many_the_idle_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "most", 3)

    async def tried() -> None:
        async with server(Patience(arrive=SHORT, idle=LONG)) as port:
            ends = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            assert b"200" in await asked(ends[0])
            one_more = await asyncio.open_connection("127.0.0.1", port)
            assert await asked(one_more) == b""
            assert await ends[1][0].read() == b""
            assert b"200" in await asked(ends[0])
            assert b"200" in await asked(await asyncio.open_connection("127.0.0.1", port))

    asyncio.run(asyncio.wait_for(tried(), 30))


def test_a_head_may_be_long_and_not_endless() -> None:
    async def tried() -> None:
        async with server(Patience()) as port:
            ends = await asyncio.open_connection("127.0.0.1", port)
            assert b" 200 " in await asked(ends, ASK[:-2] + b"x: " + b"a" * 50_000 + b"\r\n\r\n")
            endless = ASK[:-2] + b"x: " + b"a" * 100 * MOST_HEAD_BYTES
            said = await asked(ends, endless)
            assert b" 431 " in said or said == b""  # who goes on sending may not hear it

    asyncio.run(asyncio.wait_for(tried(), 30))


def test_what_is_no_http_is_told_so() -> None:
    async def tried() -> None:
        async with server(Patience()) as port:
            said = await asked(await asyncio.open_connection("127.0.0.1", port), b"hello\r\n\r\n")
            assert b"urn:problem:not-http" in said

    asyncio.run(asyncio.wait_for(tried(), 30))
