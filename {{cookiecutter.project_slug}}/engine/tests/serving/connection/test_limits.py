"""How long a client may take, how much it may send, and how many there may be."""

import asyncio
import contextlib

import pytest

from engine.serving.connection import exchange
from engine.serving.connection.connection import Connection
from engine.serving.connection.exchange import Share
from engine.serving.connection.framing import MAX_HEAD_BYTES
from engine.tests.serving.connection.framing_cases import CHUNKED, GET, get, post
from engine.tests.serving.connection.listening import listening, run, statuses

LONG, SHORT = 600.0, 0.3


def test_memory_of_arriving_requests_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "MAX_ARRIVING_BYTES", 100_000)

    async def test() -> None:
        async with listening() as server:
            begun = post(b"a" * 60_000, b"Content-Length: 60001")
            reader, writer = await server.connect()
            writer.write(begun)
            await server.until(lambda: Share.taken == 60_000)
            assert statuses(await server.send(begun)) == [503]
            assert statuses(await server.send(get(b"X: " + b"a" * 60_000)[:-2])) == [503]
            writer.write(b"a")
            assert b"POST /post 60001" in await reader.readuntil(b"60001")
            assert statuses(await server.send(begun + b"a", half_close=True)) == [200]
            writer.close()

    run(test())


def test_unused_connection_is_closed_and_one_between_two_requests_is_not() -> None:
    async def test() -> None:
        async with listening((SHORT, SHORT * 4)) as server:
            reader, writer = await server.connect()
            writer.write(GET)
            await reader.readuntil(b"/get 0")
            await asyncio.sleep(SHORT * 2)
            writer.write(GET)
            await reader.readuntil(b"/get 0")
            assert await reader.read() == b""
            unused, other = await server.connect()
            assert await unused.read() == b""
            writer.close()
            other.close()

    run(test())


def test_request_that_does_not_arrive_is_refused_in_time() -> None:
    async def test() -> None:
        async with listening((SHORT, LONG)) as server:
            for begun in (GET[:9], post(b"a", b"Content-Length: 2"), CHUNKED + b"1\r\n"):
                answer = await server.send(begun)
                assert statuses(answer) == [408], begun
            head, body = post(b"a", b"Content-Length: 2").split(b"Content")
            began = asyncio.get_running_loop().time()
            reader, writer = await server.connect()
            writer.write(head)
            await asyncio.sleep(SHORT * 0.8)
            writer.write(b"Content" + body)  # the time counts from the first byte
            assert statuses(await reader.read()) == [408]
            assert asyncio.get_running_loop().time() - began < SHORT * 1.7
            writer.close()
            assert server.app.refused == [408]  # the application responded to the others

    run(test())


def test_response_that_is_not_received_is_dropped_in_time() -> None:
    async def test() -> None:
        async with listening((SHORT, LONG)) as server:
            _, writer = await server.connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(GET.replace(b"/get", b"/large"))
            await server.until(lambda: server.server.server_state.connections)
            await server.until(lambda: not server.server.server_state.connections)
            writer.close()

    run(test())


def test_connections_over_the_limit_are_aborted_and_unused_ones_close_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "limit", 3)

    async def test() -> None:
        async with listening((SHORT, LONG)) as server:
            used, *unused = [await server.connect() for _ in range(3)]
            used[1].write(GET)
            await used[0].readuntil(b"/get 0")
            with contextlib.suppress(ConnectionError):
                assert await server.send(GET) == b""
            assert server.app.refused == [503]
            assert await unused[0][0].read() == b""
            used[1].write(GET)
            await used[0].readuntil(b"/get 0")
            for _, writer in (used, *unused):
                writer.close()

    run(test())


def test_head_over_the_limit_is_refused() -> None:
    async def test() -> None:
        async with listening() as server:
            large = get(b"X: " + b"a" * 60_000)
            assert statuses(await server.send(large, half_close=True)) == [200]
            assert statuses(await server.send(get(b"X: " + b"a" * 100 * MAX_HEAD_BYTES))) == [431]
            assert server.app.refused == [431]

    run(test())


def test_last_response_may_be_received_slowly_and_later_bytes_are_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchange, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(exchange, "LINGER_BYTES", 1_000_000)

    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            writer.write(get(b"Connection: close").replace(b"/get", b"/large"))
            await asyncio.sleep(0.5)
            assert len(await reader.read()) > 5_000_000
            writer.close()
            monkeypatch.setattr(exchange, "LINGER_SECONDS", 600)
            reader, writer = await server.connect()
            writer.write(get(b"Connection: close") + b"a" * 5_000_000)
            await server.until(lambda: server.made[1:] and not server.alive())
            await server.until(lambda: not server.server.server_state.connections)
            writer.close()

    run(test())
