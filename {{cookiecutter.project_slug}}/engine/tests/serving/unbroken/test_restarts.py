"""A restart loses no request: during the drain every response closes its connection."""

import asyncio
import json
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path

from engine.tests.serving.made import ROW
from engine.tests.serving.soak import scaled
from engine.tests.serving.unbroken.process import Server, serving

CLIENTS, DRAIN_SECONDS = 64, 1.0
BODY = json.dumps(ROW).encode()
REQUEST = (
    b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
)


@dataclass
class Clients:
    """Clients that keep connections open, and reconnect after `Connection: close`."""

    port: int
    pauses: tuple[float, float]
    answered: int = 0
    failed: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Return once the port refuses all of them."""
        await asyncio.gather(*(self._send_until_refused() for _ in range(CLIENTS)))

    async def _send_until_refused(self) -> None:
        dice = random.Random(0)  # noqa: S311  # pauses, not secrets
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionRefusedError:
                return
            try:
                is_last = False
                while not is_last:
                    writer.write(REQUEST)
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
                    await reader.readexactly(length)
                    assert head.startswith(b"HTTP/1.1 200 ")
                    self.answered += 1
                    is_last = b"connection: close" in head
                    await asyncio.sleep(0 if is_last else dice.uniform(*self.pauses))
            except (OSError, EOFError, AssertionError) as error:
                self.failed.append(repr(error))
            finally:
                writer.close()


async def restart_under(server: Server, clients: Clients) -> None:
    """Stop the server while the clients send."""
    sending = asyncio.create_task(clients.run())
    while clients.answered < 3 * CLIENTS:
        await asyncio.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(sending, 120)
    assert await asyncio.to_thread(server.process.wait, 60) == 0


def test_restart_with_drain_fails_no_request(tmp_path: Path, bundle_path: Path) -> None:
    options = ("--drain", str(DRAIN_SECONDS))
    for _ in range(scaled(2, 20)):
        with serving(tmp_path, bundle_path, options=options) as server:
            # Each client sends at least twice within the drain, on a busy machine, too.
            clients = Clients(server.port, pauses=(0.0, DRAIN_SECONDS / 2))
            asyncio.run(restart_under(server, clients))
            assert clients.failed == []


def test_restart_without_drain_fails_no_busy_client(tmp_path: Path, bundle_path: Path) -> None:
    for _ in range(scaled(2, 20)):
        with serving(tmp_path, bundle_path) as server:
            clients = Clients(server.port, pauses=(0.0, 0.1))
            asyncio.run(restart_under(server, clients))
            assert clients.failed == []
