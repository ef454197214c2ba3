"""One request, one response, however the bytes arrive and whatever the application does."""

import asyncio

from engine.tests.serving.connection.framing_cases import CASES, CHUNKED, GET, STRICTER, post
from engine.tests.serving.connection.listening import listening, run, statuses
from engine.tests.serving.connection.test_framing import read_by_h11


def test_each_framing_gets_its_responses() -> None:
    """As many responses as h11 finds requests; bad framing, or half a request, gets one more."""

    async def test() -> None:
        async with listening() as server:
            for name, data in CASES.items():
                expected = read_by_h11(data)
                responses = await server.send(data, half_close=True)
                received = [status for status in statuses(responses) if status != 100]
                whole = len(expected.requests)
                assert received[:whole] == [200] * whole, (name, responses)
                bad = received[whole:]
                is_whole = expected.next in ("request", "closed")
                assert bad == ([] if is_whole else [400]), (name, responses)
            for name, (_, data) in STRICTER.items():
                assert statuses(await server.send(data)) == [400], name

    run(test())


def test_body_of_an_upgrade_is_no_request() -> None:
    async def test() -> None:
        async with listening() as server:
            inner = post(b"abc", b"Content-Length: 3")
            headers = b"Content-Length: %d" % len(inner), b"Connection: Upgrade", b"Upgrade: x"
            responses = await server.send(post(inner, *headers), half_close=True)
            assert responses.count(b"HTTP/1.1 ") == 1
            assert responses.endswith(b"POST /post %d" % len(inner))

    run(test())


def test_pipelined_responses_come_in_order_before_the_error() -> None:
    async def test() -> None:
        async with listening() as server:
            slow = GET.replace(b"/get", b"/slow")
            sending = asyncio.create_task(server.send(slow + GET + b"BAD\r\n\r\n"))
            await server.app.started.wait()
            server.app.release.set()
            responses = await sending
            assert statuses(responses) == [200, 200, 400]
            assert responses.index(b"/slow") < responses.index(b"/get")
            assert server.app.refused == [400]

    run(test())


def test_requests_sent_ahead_wait_unread() -> None:
    """Of 400,000 requests one is in memory, a few hundred kB are bytes, the rest is not read."""

    async def test() -> None:
        async with listening() as server:
            slow = GET.replace(b"/get", b"/slow")
            sending = asyncio.create_task(server.send(slow + GET * 400_000, half_close=True))
            await server.app.started.wait()
            for _ in range(50):  # time to read whatever the server would read
                await asyncio.sleep(0.002)
            connection = server.made[0]()
            assert connection is not None
            assert len(connection._reader.buffer) < 2_000_000
            assert len(server.server.server_state.tasks) == 1
            sending.cancel()

    run(test())


def test_client_that_still_sends_gets_its_response() -> None:
    """A response before the body's end closes, but does not reset, the connection."""

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


def test_response_to_head_has_no_body_and_the_connection_stays_open() -> None:
    async def test() -> None:
        async with listening() as server:
            head = GET.replace(b"GET", b"HEAD")
            responses = await server.send(head + GET, half_close=True)
            assert statuses(responses) == [200, 200]
            first, second = responses.split(b"\r\n\r\n", 1)
            assert b"content-length: 11" in first
            assert second.startswith(b"HTTP/1.1 200")

    run(test())


def test_target_in_every_form_has_its_path() -> None:
    async def test() -> None:
        async with listening() as server:
            for target in (b"/get", b"/get?a=/b", b"/%67et", b"http://a/get", b"http://a:1/get?b"):
                answer = await server.send(GET.replace(b"/get", target), half_close=True)
                assert answer.endswith(b"GET /get 0"), target

    run(test())


def test_response_that_the_application_does_not_finish_is_aborted() -> None:
    """A client must not take the beginning for the whole, nor wait for the rest."""

    async def test() -> None:
        async with listening() as server:
            for path, begun in ((b"/broken", 1), (b"/short", 1), (b"/injected", 0)):
                answer = await server.send(GET.replace(b"/get", path) + GET)
                assert answer.count(b"HTTP/1.1") == begun, path
                assert b"X-Injected" not in answer

    run(test())


def test_response_of_unknown_length_is_chunked_or_ends_the_connection() -> None:
    async def test() -> None:
        async with listening() as server:
            stream = GET.replace(b"/get", b"/stream")
            responses = await server.send(stream + GET, half_close=True)
            assert statuses(responses) == [200, 200]
            assert b"\r\n\r\n3\r\nGET\r\na\r\n /stream 0\r\n0\r\n\r\nHTTP/1.1" in responses
            old = await server.send(b"GET /stream HTTP/1.0\r\n\r\n")
            assert old.endswith(b"connection: close\r\n\r\nGET /stream 0")

    run(test())


def test_client_that_expects_100_gets_it_only_if_its_body_is_read() -> None:
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
