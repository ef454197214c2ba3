"""Invalid, endless or incomplete requests do not stop the server from serving others."""

import asyncio
import json
import random
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from engine.serving.connection.exchange import LINGER_BYTES
from engine.serving.run import ARRIVE_SECONDS, raise_file_limit
from engine.serving.server_process import memory_mb
from engine.tests.serving.made import ROW
from engine.tests.serving.soak import scaled
from engine.tests.serving.test_run import serving

PATHS = ("/v1/predict", "/v1/labels", "/v2/models/parcels-for-tests/infer", "/invocations")
GOOD = json.dumps(ROW).encode()
HEAD = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\n"
# What a client can send before it is cut off: what the server drops, and the system's buffers.
MOST_TAKEN = 2 * LINGER_BYTES
# Growth of the server's memory over all tests: its limits allow a few large bodies.
MOST_MB = 100
Served = tuple[str, subprocess.Popen[str]]


@pytest.fixture(scope="module")
def served(bundle_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests; at the end it must stop in order and need no more memory."""
    folder = tmp_path_factory.mktemp("hostile")
    with serving(folder, "--bundle", bundle_path, "--rehearsal") as (url, process):
        well(url)
        before = memory_mb(process.pid)
        yield url, process
        well(url)
        assert memory_mb(process.pid) < before + MOST_MB
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def well(url: str) -> None:
    """A valid request gets a prediction."""
    assert httpx.post(f"{url}/v1/predict", json=ROW).status_code == 200


def request(body: bytes, *headers: str, path: str = "/v1/predict") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: a", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@asynccontextmanager
async def connected(
    url: str,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = httpx.URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def exchange(url: str, *pieces: bytes, seconds: float = 60) -> bytes:
    """All bytes that the server sends in response to these pieces."""
    async with asyncio.timeout(seconds), connected(url) as (reader, writer):
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            return await reader.read()
        except ConnectionError:
            return b""  # cut off while it sent


def statuses(received: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def spoiled(dice: random.Random) -> bytes:
    """An invalid body: random bytes, or a valid body with a fault."""
    at = dice.randrange(len(GOOD))
    number = dice.choice(["1e999", "-1e999", "9" * 5_000, "1e-999", "NaN", "-Infinity", "-0"])
    text = dice.choice(["\ud800", "\x00", "a" * 100_000, "٣", "' OR 1=1 --"])
    deep = dice.choice([b"[", b'{"rows":', b'{"a":', b'{"inputs":['])
    bodies: list[Any] = [
        dice.randbytes(dice.randrange(2_000)),
        GOOD[:at],
        GOOD[:at] + dice.randbytes(dice.randrange(4)) + GOOD[at + 1 :],
        deep * dice.choice([5, 90_000]),
        json.dumps(ROW | {"items": "here"}).replace('"here"', number).encode(),
        {dice.choice(["rows", "labels", "inputs", "instances"]): [ROW] * 1_100},
        {"dataframe_split": {"columns": [], "data": [[]] * 1_000}},
        ROW | {"carrier": text},
    ]
    body = dice.choice(bodies)
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def test_random_bodies_do_not_stop_the_server(served: Served) -> None:
    url, process = served
    dice = random.Random(0)  # noqa: S311  # chance that repeats itself
    with httpx.Client(base_url=url) as client:
        for number in range(scaled(400, 20_000)):
            body = spoiled(dice)
            kind = {"Content-Type": dice.choice(["application/json", "text/csv"])}
            response = client.post(dice.choice(PATHS), content=body, headers=kind)
            allowed = {200, 400, 413, 415, 422}
            assert response.status_code in allowed, (response.status_code, body[:200])
            if number % 100 == 0:
                well(url)
    assert process.poll() is None


def test_random_bytes_do_not_stop_the_server(served: Served) -> None:
    url, process = served
    dice = random.Random(0)  # noqa: S311  # chance that repeats itself

    def bytes_of_nobody() -> bytes:
        fine = request(GOOD, "Connection: close")
        at = dice.randrange(len(fine))
        return dice.choice(
            [
                dice.randbytes(dice.randrange(1, 3_000)),
                fine[:at] + dice.randbytes(dice.randrange(1, 9)) + fine[at + 1 :],
                fine[:at] + dice.choice([b"\r\n", b"\n", b"\0", b":", b" "]) + fine[at:],
                HEAD + b"Content-Length: -1\r\n\r\n" + GOOD,
                HEAD + b"Content-Length: 9\r\nContent-Length: 10\r\n\r\n" + GOOD,
                HEAD + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n" + GOOD,
                HEAD + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
                HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
                b"GET " + b"/" * 5_000 + b" HTTP/1.1\r\n\r\n",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            ]
        )

    async def send() -> None:
        for _ in range(scaled(10, 500)):
            received = await asyncio.gather(
                *(half(url, bytes_of_nobody()) for _ in range(20)), asyncio.to_thread(well, url)
            )
            assert not any(
                status >= 500 for one in received[:-1] for status in statuses(one or b"")
            )

    asyncio.run(send())
    assert process.poll() is None


async def half(url: str, piece: bytes) -> bytes:
    """The first bytes of the response; then the client disconnects."""
    async with connected(url) as (reader, writer):
        writer.write(piece)
        try:
            async with asyncio.timeout(0.5):
                return await reader.read(10_000)
        except (TimeoutError, ConnectionError):
            return b""


def test_pipelined_requests_are_served_in_order(served: Served) -> None:
    url, _ = served
    pieces = [request(GOOD), request(b"{"), request(GOOD, "Connection: close")]
    assert statuses(asyncio.run(exchange(url, b"".join(pieces)))) == [200, 400, 200]


def test_chunked_body_is_accepted(served: Served) -> None:
    url, _ = served
    pieces = [b"%x\r\n%s\r\n" % (1, GOOD[at : at + 1]) for at in range(len(GOOD))]
    head = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(asyncio.run(exchange(url, head, *pieces, b"0\r\n\r\n"))) == [200]


def test_unbounded_request_is_cut_off(served: Served) -> None:
    """Each would fill the memory if it were read whole. None is read to its end, nor waited for."""
    url, _ = served
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    long = b"a" * 100_000
    header, chunk = b"x: " + long + b"\r\n", b"186a0\r\n" + long + b"\r\n"
    ended = b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    unbounded = {
        "head": (HEAD, header),
        "header": (HEAD + b"x: ", long),
        "address": (b"GET /", long),
        "body": (chunked, chunk),
        "labels": (chunked.replace(b"predict", b"labels"), chunk),
        "after the body": (chunked + b"0\r\n", header),
        "after the answer": (ended, long),
    }

    async def send() -> list[bool]:
        return await asyncio.gather(*(is_cut_off(url, *one) for one in unbounded.values()))

    assert dict(zip(unbounded, asyncio.run(send()), strict=True)) == dict.fromkeys(unbounded, True)
    well(url)


async def is_cut_off(url: str, begin: bytes, piece: bytes) -> bool:
    """Whether the server ends the connection before it has taken `MOST_TAKEN` bytes."""
    async with connected(url) as (_, writer):
        try:
            async with asyncio.timeout(ARRIVE_SECONDS - 1):  # before the server's own patience ends
                writer.write(begin)
                for _ in range(MOST_TAKEN // len(piece)):
                    writer.write(piece)
                    await writer.drain()
        except ConnectionError:
            return True
        return False


def test_incomplete_requests_time_out_and_others_are_served(
    served: Served,
) -> None:
    url, _ = served
    raise_file_limit()

    async def send() -> dict[str, bytes]:
        slow = {
            "half a head": exchange(url, HEAD),
            "no body": exchange(url, HEAD + b"Content-Length: 9\r\n\r\n"),
            "half a body": exchange(url, HEAD + b"Content-Length: 999\r\n\r\n" + GOOD),
            "no last chunk": exchange(url, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
            "another head": exchange(url, request(GOOD) + HEAD),
        }
        idle = [connected(url) for _ in range(scaled(300, 1_000))]
        for one in idle:
            await one.__aenter__()
        answers = asyncio.gather(*slow.values())
        while not answers.done():
            await asyncio.to_thread(well, url)
            await asyncio.sleep(0.05)
        for one in idle:
            await one.__aexit__(None, None, None)
        return dict(zip(slow, await answers, strict=True))

    received = asyncio.run(send())
    assert {name: statuses(one) for name, one in received.items()} == {
        "half a head": [408],
        "no body": [408],
        "half a body": [408],
        "no last chunk": [408],
        "another head": [200, 408],
    }
    assert all(b"urn:problem:too-slow" in one for one in received.values())


def test_client_that_does_not_read_is_disconnected(served: Served) -> None:
    url, process = served

    async def send() -> None:
        async with connected(url) as (_, writer):
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            many = request(json.dumps({"rows": [ROW] * 1_000}).encode())
            for _ in range(1_000):  # until the buffers of both sides are full
                writer.write(many)
                try:
                    await writer.drain()
                except ConnectionError:
                    return
            raise AssertionError("it took all of it")

    asyncio.run(asyncio.wait_for(send(), 60))
    assert process.poll() is None
