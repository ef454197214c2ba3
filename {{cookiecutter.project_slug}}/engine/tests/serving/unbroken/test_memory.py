"""The memory of a connection is freed however it ends (in the server's own process)."""

import asyncio
import json
import socket
import struct
from pathlib import Path

import pytest

from engine.tests.serving.made import ROW
from engine.tests.serving.soak import scaled
from engine.tests.serving.unbroken.process import Server, serving

AT_ONCE = 50
PREDICT = b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
ROWS = json.dumps({"rows": [ROW] * 300}).encode()
LARGE = PREDICT + b"Content-Length: %d\r\n\r\n%b" % (len(ROWS), ROWS)
LONG_HEAD = b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 60_000 + b"\r\n\r\n"
POINTS = {
    "before the first byte": b"",
    "within the head": LONG_HEAD[:-2],
    "within the body": LARGE[:-9],
    "while computing": LARGE,
    "sent ahead": LARGE + LONG_HEAD[:200] * 9,
    "after an answer": LONG_HEAD,
    "after an error": b"BAD\r\n\r\n",
    "after a refusal": PREDICT + b"Content-Length: 9000000\r\n\r\n" + b"{" * 9,
}


async def connect_and_end(port: int, data: bytes, end: str) -> None:
    """One client, which sends and disconnects."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        if end == "half-close":
            writer.write_eof()
            await reader.read()
        else:
            await asyncio.sleep(0.002)
        if end == "reset":
            client: socket.socket = writer.get_extra_info("socket")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:  # the server has closed it first
        pass
    finally:
        writer.transport.abort() if end == "reset" else writer.close()


async def end_many(port: int, data: bytes, end: str, many: int) -> None:
    for _ in range(0, many, AT_ONCE):
        await asyncio.gather(*(connect_and_end(port, data, end) for _ in range(AT_ONCE)))


def resident_mb(server: Server) -> float:
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


@pytest.mark.parametrize("end", ["reset", "close", "half-close"])
def test_memory_stays_flat_over_all_ends_of_connections(
    tmp_path: Path, bundle_path: Path, end: str
) -> None:
    """A connection that was not freed would cost 10 to 300 kB."""
    with serving(tmp_path, bundle_path) as server:
        for data in POINTS.values():  # allocations that happen once
            asyncio.run(end_many(server.port, data, end, 4 * AT_ONCE))
        for point, data in POINTS.items():
            before = resident_mb(server)
            asyncio.run(end_many(server.port, data, end, scaled(500, 20_000)))
            server.until(lambda: server.request("GET", "/livez")[0] == 200)
            assert resident_mb(server) - before < 20, point
