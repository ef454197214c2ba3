"""What it costs to read the head of a request: h11, httptools, and the server's own reader.

`python -m benchmarks.framing` reads the same head many times with each, in turns.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import h11
import httptools

from benchmarks.explore import INSIDE, environment

ROUNDS, HEADS = 7, 5_000
HEAD = (
    b"POST /v1/predict HTTP/1.1\r\nHost: model.example:8000\r\nUser-Agent: python-requests/2.32\r\n"
    b"Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\n"
    b"Content-Length: 0\r\nContent-Type: application/json\r\n\r\n"
)
# Runs with the project's Python, which has the server's packages.
OWN = f"""
import time
from engine.serving.connection.framing import RequestReader

began = time.perf_counter()
for _ in range({HEADS}):
    reader = RequestReader()
    reader.buffer += {HEAD!r}
    reader.read_head()
print((time.perf_counter() - began) / {HEADS})
"""


def main() -> int:
    """Print the table as Markdown."""
    python = environment()
    readers: dict[str, Callable[[], float]] = {
        "h11": lambda: _timed(_read_by_h11),
        "httptools": lambda: _timed(_read_by_httptools),
        "engine/serving/connection/framing.py": lambda: float(
            subprocess.run(
                [str(python), "-c", OWN], cwd=INSIDE, check=True, stdout=subprocess.PIPE, text=True
            ).stdout
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, read in readers.items():
            taken[name].append(read() * 1e6)
    print(f"| head of a request, median of {ROUNDS} | µs |\n| --- | --- |")
    for name, times in taken.items():
        print(f"| {name} | {statistics.median(times):.1f} |")
    return 0


def _timed(read: Callable[[], Any]) -> float:
    began = time.perf_counter()
    for _ in range(HEADS):
        read()
    return (time.perf_counter() - began) / HEADS


def _read_by_h11() -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(HEAD)
    connection.next_event()


class _Headers:
    """What httptools calls for each header, as a server collects them."""

    def __init__(self) -> None:
        self.found: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header."""
        self.found.append((name.lower(), value))


def _read_by_httptools() -> None:
    parser = httptools.HttpRequestParser(_Headers())
    parser.feed_data(HEAD)
    parser.get_method()
    parser.get_http_version()
    parser.should_keep_alive()


if __name__ == "__main__":
    sys.exit(main())
