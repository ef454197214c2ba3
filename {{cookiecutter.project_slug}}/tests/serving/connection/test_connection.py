"""One request, one answer; a connection's end frees it; a client that does nothing is closed."""

import asyncio
import contextlib
import gc
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from serving.connection import budget, closing
from serving.connection.budget import Share
from serving.connection.closing import Closing
from serving.connection.connection import Connection
from serving.connection.framing import MAX_HEAD_BYTES
from serving.connection.timeouts import ConnectionTimeouts
from tests.serving.connection.framing_cases import CASES, CHUNKED, GET, STRICTER, get, post
from tests.serving.connection.listening import Listening, listening, statuses
from tests.serving.connection.test_framing import read_by_h11

LONG, SHORT = 600.0, 0.3


def run(test: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 60))


def test_each_framing_gets_its_answers_and_never_silence() -> None:
    """As many answers as h11 finds requests; bad framing, or half a request, gets one more."""

    async def test() -> None:
        async with listening() as server:
            for name, data in CASES.items():
                expected = read_by_h11(data)
                answers = await server.send(data, half_close=True)
                found = [status for status in statuses(answers) if status != 100]
                whole = len(expected.requests)
                assert found[:whole] == [200] * whole, (name, answers)
                bad = found[whole:]
                is_whole = expected.next in ("request", "closed")
                assert bad == ([] if is_whole else [400]), (name, answers)
            for name, (_, data) in STRICTER.items():
                assert statuses(await server.send(data)) == [400], name

    run(test())


def test_body_of_an_upgrade_is_no_request() -> None:
    async def test() -> None:
        async with listening() as server:
            inner = post(b"abc", b"Content-Length: 3")
            headers = b"Content-Length: %d" % len(inner), b"Connection: Upgrade", b"Upgrade: x"
            answers = await server.send(post(inner, *headers), half_close=True)
            assert answers.count(b"HTTP/1.1 ") == 1
            assert answers.endswith(b"POST /post %d" % len(inner))

    run(test())


def test_pipelined_answers_come_in_order_before_the_refusal() -> None:
    async def test() -> None:
        async with listening() as server:
            slow = GET.replace(b"/get", b"/slow")
            sending = asyncio.create_task(server.send(slow + GET + b"BAD\r\n\r\n"))
            await server.app.started.wait()
            server.app.release.set()
            answers = await sending
            assert statuses(answers) == [200, 200, 400]
            assert answers.index(b"/slow") < answers.index(b"/get")
            assert server.app.refused == [400]

    run(test())


def test_requests_sent_ahead_wait_unread() -> None:
    """Of 400,000 requests one is in memory, a few hundred kB are bytes, the client has the rest."""

    async def test() -> None:
        async with listening() as server:
            slow = GET.replace(b"/get", b"/slow")
            sending = asyncio.create_task(server.send(slow + GET * 400_000, half_close=True))
            await server.app.started.wait()
            for _ in range(50):  # whatever the server would take, it takes now
                await asyncio.sleep(0.002)
            connection = server.made[0]()
            assert connection is not None
            assert connection._reader.buffered < 2_000_000
            assert len(server.server.server_state.tasks) == 1
            sending.cancel()

    run(test())


def test_client_that_still_sends_reads_its_answer() -> None:
    """An answer before the body's end closes, but does not reset, the connection."""

    async def test() -> None:
        async with listening() as server:
            for path in (b"/early", b"/post"):
                reader, writer = await server.connect()
                head = post(b"", b"Content-Length: 9000000").replace(b"/post", path)
                writer.write(head if path == b"/early" else CHUNKED + b"x\r\n")
                for _ in range(40):
                    writer.write(b"a" * 100_000)
                    await asyncio.sleep(0)
                answer = await reader.read()
                assert statuses(answer) == [200 if path == b"/early" else 400]
                assert b"connection: close" in answer
                writer.close()

    run(test())


def test_last_answer_may_be_taken_slowly_and_what_follows_is_limited(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(closing, "LINGER_SECONDS", 0.1)
    monkeypatch.setattr(closing, "LINGER_BYTES", 1_000_000)

    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            writer.write(get(b"Connection: close").replace(b"/get", b"/large"))
            await asyncio.sleep(0.5)
            assert len(await reader.read()) > 5_000_000
            writer.close()
            monkeypatch.setattr(closing, "LINGER_SECONDS", 600)
            reader, writer = await server.connect()
            writer.write(get(b"Connection: close") + b"a" * 5_000_000)
            await server.until(lambda: server.made[1:] and not server.alive())
            await server.until(lambda: not server.server.server_state.connections)
            writer.close()

    run(test())


def test_answer_to_head_has_no_body_and_the_connection_goes_on() -> None:
    async def test() -> None:
        async with listening() as server:
            head = GET.replace(b"GET", b"HEAD")
            answers = await server.send(head + GET, half_close=True)
            assert statuses(answers) == [200, 200]
            first, second = answers.split(b"\r\n\r\n", 1)
            assert b"content-length: 11" in first
            assert second.startswith(b"HTTP/1.1 200")

    run(test())


def test_target_names_its_path_in_every_form() -> None:
    async def test() -> None:
        async with listening() as server:
            for target in (b"/get", b"/get?a=/b", b"/%67et", b"http://a/get", b"http://a:1/get?b"):
                answer = await server.send(GET.replace(b"/get", target), half_close=True)
                assert answer.endswith(b"GET /get 0"), target

    run(test())


def test_answer_that_an_application_does_not_finish_is_cut() -> None:
    """A client must not take the beginning for the whole, nor wait for the rest."""

    async def test() -> None:
        async with listening() as server:
            for path, begun in ((b"/broken", 1), (b"/short", 1), (b"/injected", 0)):
                answer = await server.send(GET.replace(b"/get", path) + GET)
                assert answer.count(b"HTTP/1.1") == begun, path
                assert b"X-Injected" not in answer

    run(test())


def test_answer_of_unknown_length_is_chunked_or_ends_the_connection() -> None:
    async def test() -> None:
        async with listening() as server:
            stream = GET.replace(b"/get", b"/stream")
            answers = await server.send(stream + GET, half_close=True)
            assert statuses(answers) == [200, 200]
            assert b"\r\n\r\n3\r\nGET\r\na\r\n /stream 0\r\n0\r\n\r\nHTTP/1.1" in answers
            old = await server.send(b"GET /stream HTTP/1.0\r\n\r\n")
            assert old.endswith(b"connection: close\r\n\r\nGET /stream 0")

    run(test())


def test_client_that_expects_100_is_told_to_go_on_only_if_its_body_is_read() -> None:
    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            expecting = post(b"", b"Content-Length: 3", b"Expect: 100-continue")
            writer.write(expecting)
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert b"POST /post 3" in await reader.readuntil(b" 3")
            writer.write(expecting.replace(b"/post", b"/early"))
            assert statuses(await reader.read()) == [200]
            writer.close()

    run(test())


async def reset(server: Listening, data: bytes, wait: float = 0.02) -> None:
    """Send, then end the connection by a reset."""
    _, writer = await server.connect()
    writer.write(data)
    await asyncio.sleep(wait)
    client: socket.socket = writer.get_extra_info("socket")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def leave(server: Listening, data: bytes, wait: float = 0.02) -> None:
    """Send, then close."""
    _, writer = await server.connect()
    writer.write(data)
    await asyncio.sleep(wait)
    writer.close()


async def half_close(server: Listening, data: bytes) -> None:
    """Send, say that this was all, and read what comes."""
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
    "after an answer": get(b"X: " + b"a" * 60_000),
    "within a second head": GET + GET[:-2],
    "within a second body": GET + CHUNKED + b"ff\r\nabc",
    "after an error": b"BAD\r\n\r\n",
    "after an error in the body": CHUNKED + b"x\r\n",
}


@pytest.mark.parametrize("end", [reset, leave, half_close])
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


def test_requests_that_arrive_may_hold_so_much_memory_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(budget, "MAX_BYTES", 100_000)

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


def test_each_answer_is_the_last_one_while_the_server_drains() -> None:
    async def test() -> None:
        async with listening() as server:
            reader, writer = await server.connect()
            writer.write(GET)
            assert b"connection: close" not in await reader.readuntil(b"/get 0")
            server.app.draining = True
            writer.write(GET + GET)
            first, last = (await reader.read()).split(b"/get 0")[:2]
            assert b"connection: close" not in first  # the second was there already
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


def test_answer_that_is_under_way_at_a_shutdown_is_finished_and_ends_its_connection() -> None:
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


def test_unused_connection_is_closed_and_one_between_two_requests_is_not() -> None:
    async def test() -> None:
        async with listening(ConnectionTimeouts(arrive=SHORT, idle=SHORT * 4)) as server:
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
        async with listening(ConnectionTimeouts(arrive=SHORT, idle=LONG)) as server:
            for begun in (GET[:9], post(b"a", b"Content-Length: 2"), CHUNKED + b"1\r\n"):
                answer = await server.send(begun)
                assert statuses(answer) == [408], begun
            head, body = post(b"a", b"Content-Length: 2").split(b"Content")
            began = asyncio.get_running_loop().time()
            reader, writer = await server.connect()
            writer.write(head)
            await asyncio.sleep(SHORT * 0.8)
            writer.write(b"Content" + body)  # the clock goes on, it does not begin again
            assert statuses(await reader.read()) == [408]
            assert asyncio.get_running_loop().time() - began < SHORT * 1.7
            writer.close()
            assert server.app.refused == [408]  # the application answered those with a whole head

    run(test())


def test_answer_that_is_not_taken_is_dropped_in_time() -> None:
    async def test() -> None:
        async with listening(ConnectionTimeouts(arrive=SHORT, idle=LONG)) as server:
            _, writer = await server.connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            writer.write(GET.replace(b"/get", b"/large"))
            await server.until(lambda: server.server.server_state.connections)
            await server.until(lambda: not server.server.server_state.connections)
            writer.close()

    run(test())


def test_connections_over_the_limit_are_cut_and_unused_ones_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Connection, "limit", 3)

    async def test() -> None:
        async with listening(ConnectionTimeouts(arrive=SHORT, idle=LONG)) as server:
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


def test_head_may_be_large_and_not_endless() -> None:
    async def test() -> None:
        async with listening() as server:
            large = get(b"X: " + b"a" * 60_000)
            assert statuses(await server.send(large, half_close=True)) == [200]
            assert statuses(await server.send(get(b"X: " + b"a" * 100 * MAX_HEAD_BYTES))) == [431]
            assert server.app.refused == [431]

    run(test())
