"""More than a server can answer: what it answers still, and how soon it says no.

Requests hold 100 rows each, so that the sender's one core can send three times what the server can
answer. They are sent at fixed moments, whether earlier ones were answered or not: a sender that
waits for answers slows down with the server and never asks too much.
"""

import asyncio
import json
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.servers import SENDER, Place, Server, ours

ROWS, TURNS, SECONDS, CONNECTIONS = 100, 3, 5.0, 64
TIMES, GOODPUT = 3.0, 0.9
# A body that a sender holds back would be an answer to an earlier moment.
MOST_OPEN = 4_000


@dataclass
class Seen:
    """Milliseconds of answers and of refusals, and what was neither."""

    answered: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    failed: int = 0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answered) / SECONDS


def table(place: Place) -> bool:
    """Goodput at three times saturation against the peak, in turns; whether what is promised holds.

    Each turn's overload is three times what that turn's peak was.
    """
    peaks, overs = [], []
    with ours(place, "this project") as server:
        _sent(server, None)  # the first calls pay for what later ones find made
        for _ in range(TURNS):
            peaks.append(_sent(server, None))
            overs.append(_sent(server, TIMES * peaks[-1].rate))
    most = statistics.median(one.rate for one in peaks)
    parts = [over.rate / peak.rate for over, peak in zip(overs, peaks, strict=True)]
    goodput, failed = statistics.median(parts), sum(one.failed for one in (*peaks, *overs))
    answered, refused = _together(overs, "answered"), _together(overs, "refused")
    print(f"\n| requests of {ROWS} rows | answered a second | p50, ms | refused, p50, ms |")
    print("| --- | --- | --- | --- |")
    print(f"| {CONNECTIONS} at a time | {most:,.0f} | {_middle(_together(peaks, 'answered'))} | |")
    print(f"| three times as many | {statistics.median(one.rate for one in overs):,.0f} "
          f"| {_middle(answered)} | {_middle(refused)} |")  # fmt: skip
    print(
        f"\nGoodput {goodput:.2f} of the peak (median of {TURNS}); promised: at least {GOODPUT:g}, "
        f"all others refused sooner than answers come ({failed} failed).",
        flush=True,
    )
    sooner = bool(refused) and statistics.median(refused) < statistics.median(answered)
    return sooner and not failed and goodput >= GOODPUT


def _together(several: list[Seen], name: str) -> list[float]:
    return [one for seen in several for one in getattr(seen, name)]


def _middle(times: list[float]) -> str:
    return f"{statistics.median(times):,.1f}" if times else "none"


def _sent(server: Server, rate: float | None) -> Seen:
    """What a sender on its own core saw; without a rate each connection waits for its answer."""
    rows = json.dumps({"rows": [json.loads(server.body)] * ROWS})
    words = [server.url, str(rate or 0)]
    command = ["taskset", "--cpu-list", SENDER, sys.executable, "-m", "benchmarks.overload", *words]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[1], check=True, input=rows, text=True,
        stdout=subprocess.PIPE,
    )  # fmt: skip
    return Seen(**json.loads(done.stdout))


class _Sender:
    """Sends one body again and again, on as many connections as are needed."""

    def __init__(self, url: str, body: bytes) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._request = head.encode() + body
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.seen = Seen()

    async def one(self) -> None:
        """Send once and read what comes."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            pair = self._idle.pop() if self._idle else await asyncio.open_connection(*self._address)
            reader, writer = pair
            writer.write(self._request)
            status = int((await reader.readuntil(b"\r\n")).split()[1])
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError):
            self.seen.failed += 1
            return
        self._idle.append(pair)
        taken = 1000 * (loop.time() - began)
        if status in (200, 503):
            (self.seen.answered if status == 200 else self.seen.refused).append(taken)
        else:
            self.seen.failed += 1

    async def closed(self) -> None:
        """As many at a time as there are connections, each again as soon as it is answered."""
        until = asyncio.get_running_loop().time() + SECONDS

        async def again() -> None:
            while asyncio.get_running_loop().time() < until:
                await self.one()

        await asyncio.gather(*(again() for _ in range(CONNECTIONS)))

    async def open(self, rate: float) -> None:
        """So many a second, at fixed moments."""
        loop = asyncio.get_running_loop()
        began, sent = loop.time(), 0
        tasks: set[asyncio.Task[None]] = set()
        while loop.time() - began < SECONDS:
            due = int((loop.time() - began) * rate)
            while sent < due and len(tasks) < MOST_OPEN:
                task = loop.create_task(self.one())
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                sent += 1
            sent = due
            await asyncio.sleep(0.001)
        await asyncio.gather(*tasks)


def main() -> None:
    """The sender: URL and rate on the command line, the body on stdin, what it saw on stdout."""
    sender, rate = _Sender(sys.argv[1], sys.stdin.read().encode()), float(sys.argv[2])
    asyncio.run(sender.open(rate) if rate else sender.closed())
    print(json.dumps(vars(sender.seen)))


if __name__ == "__main__":
    main()
