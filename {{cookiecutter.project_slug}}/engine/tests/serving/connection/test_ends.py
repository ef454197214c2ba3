"""A connection's end frees it, and the server's end loses no request."""

import asyncio
import gc
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.serving.connection.exchange import Closing, Share
from engine.tests.serving.connection.framing_cases import CHUNKED, GET, get, post
from engine.tests.serving.connection.listening import Listening, listening, run


async def reset(server: Listening, data: bytes, wait: float = 0.02) -> None:
    """Send, then end the connection by a reset."""
    _, writer = await server.connect()
    writer.write(data)
    await asyncio.sleep(wait)
    client: socket.socket = writer.get_extra_info("socket")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def close(server: Listening, data: bytes, wait: float = 0.02) -> None:
    """Send, then close."""
    _, writer = await server.connect()
    writer.write(data)
    await asyncio.sleep(wait)
    writer.close()


async def half_close(server: Listening, data: bytes) -> None:
    """Send, close the sending side, and read what comes."""
    await server.send(data, half_close=True)


POINTS = {
    "before the first byte": b"",
    "within the head": GET[:-2],
    "within a large head": get(b"X: " + b"a" * 60_000)[:-2],
    "within the body": post(b"ab", b"Content-Length: 900000"),
    "within a chunk": CHUNKED + b"ff\r\nabc",
    "while computing": GET.replace(b"/get", b"/slow"),
    "while computing, more sent ahead": GET.replace(b"/get", b"/slow") + GET * 100,
    "while writing": GET.replace(b"/get", b"/large"),
    "after a response": get(b"X: " + b"a" * 60_000),
    "within a second head": GET + GET[:-2],
    "within a second body": GET + CHUNKED + b"ff\r\nabc",
    "after an error": b"BAD\r\n\r\n",
    "after an error in the body": CHUNKED + b"x\r\n",
}


@pytest.mark.parametrize("end", [reset, close, half_close])
@pytest.mark.parametrize("point", POINTS)
def test_connection_is_freed_however_it_ends(
    end: Callable[[Listening, bytes], Coroutine[Any, Any, None]],
    point: str,
    request: pytest.FixtureRequest,
) -> None:
    """No timer, task, queue or exception holds it, so nothing waits for the garbage collector."""
    gc.disable()
    request.addfinalizer(gc.enable)

    async def test() -> None:
        async with listening() as server:
            server.app.release.set()
            if point.startswith("while computing"):
                server.app.release.clear()
                asyncio.get_running_loop().call_later(0.1, server.app.release.set)
            await asyncio.gather(*(end(server, POINTS[point]) for _ in range(5)))
            await server.until(lambda: not server.server.server_state.connections)
            await server.until(lambda: not server.server.server_state.tasks)
            assert len(server.made) == 5
            assert server.alive() == 0
            assert not [one for one in gc.get_objects() if isinstance(one, Closing)]
            assert Share.taken == 0

    run(test())


def test_each_response_is_the_last_one_while_draining() -> None:
    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            writer.write(GET)
            assert b"connection: close" not in await reader.readuntil(b"/get 0")
            server.app.draining = True
            writer.write(GET + GET)
            first, last = (await reader.read()).split(b"/get 0")[:2]
            assert b"connection: close" not in first  # the second had arrived before
            assert b"connection: close" in last
            writer.close()

    run(test())


def test_connection_in_use_may_send_one_more_request_at_a_shutdown() -> None:
    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            writer.write(GET)
            await reader.readuntil(b"/get 0")
            stopping = asyncio.create_task(server.server.shutdown())
            await asyncio.sleep(0.05)
            writer.write(GET)
            assert b"connection: close" in await reader.read()
            writer.close()
            await stopping
            with pytest.raises(ConnectionRefusedError):
                await server.connect()

    run(test())


def test_response_in_progress_at_a_shutdown_is_finished() -> None:
    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            writer.write(GET.replace(b"/get", b"/paused"))
            await server.app.started.wait()
            stopping = asyncio.create_task(server.server.shutdown())
            await asyncio.sleep(0.05)
            server.app.release.set()
            assert (await reader.read()).endswith(b"GET /paused 0")
            writer.close()
            await stopping

    run(test())
