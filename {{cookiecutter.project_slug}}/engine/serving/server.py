"""Starts and stops the HTTP server: readiness, draining, and a shutdown that loses no request."""

import asyncio
import contextlib
import ctypes
import socket
import struct
import sys
import time
from types import FrameType

import uvicorn

from engine.serving.connection.connection import Connection
from engine.serving.connection.timeouts import ConnectionTimeouts
from engine.serving.http.gateway import Gateway
from engine.serving.release_watcher import ReleaseWatcher

# A request that takes longer than this to finish after the drain is cut off.
FINISH_SECONDS = 30
# Time for the event loop to accept the clients that the system has connected.
ACCEPT_SECONDS = 0.05
_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it


class Server(uvicorn.Server):
    """Serves until SIGTERM or Ctrl-C, drains, and ends with exit code 0.

    At the first signal `/readyz` fails, and for `drain` seconds requests are still served, each as
    the last of its connection. Then the port closes; open requests are finished, and a connection
    that was just in use may send one more. A second signal ends the drain.
    """

    def __init__(
        self,
        app: Gateway,
        greeting: str,
        drain: float,
        watcher: ReleaseWatcher | None,
        root_path: str = "",
    ) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            root_path=root_path,
            ws="none",
            log_level="error",  # errors of clients go into their responses, not into the log
            access_log=False,  # /metrics and the prediction log replace it
            server_header=False,
            proxy_headers=False,  # nothing uses the client's address
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
        super().__init__(config)
        self._app, self._greeting, self._drain, self._watcher = app, greeting, drain, watcher
        self._drain_until: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the ports, and print the greeting."""
        await super().startup(sockets)
        self._timing = asyncio.create_task(self._check_timeouts())
        if self._watcher:
            self._watcher.start()
        print(self._greeting, flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the ports, then each connection after its last response."""
        for listener in sockets or ():
            refuse_clients(listener)
        await asyncio.sleep(ACCEPT_SECONDS)
        await super().shutdown(sockets)
        self._timing.cancel()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; at a second signal, stop."""
        again = self._drain_until is not None
        self._app.state.draining = True
        self._drain_until = time.monotonic() + (0 if again else self._drain)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop."""
        if self._drain_until is not None and self._watcher:
            self._watcher.stop()
        drained = self._drain_until is not None and time.monotonic() >= self._drain_until
        return await super().on_tick(counter) or drained

    async def _check_timeouts(self) -> None:
        timeouts = ConnectionTimeouts()
        while True:
            timeouts.check(self.server_state.connections)
            await asyncio.sleep(1)


def refuse_clients(listener: socket.socket) -> None:
    """Connect no more clients, and keep those that are connected but not yet accepted.

    Closing a port resets the clients in its queue, some of which have already sent a request. So on
    Linux a filter (socket(7), SO_ATTACH_FILTER) first drops every packet that opens a connection;
    such a client tries again, and finds the port closed.
    """
    if sys.platform != "linux":
        return
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # BPF_RET, 0 bytes
    program = struct.pack("HP", 1, ctypes.addressof(drop_all))
    # A sandbox may forbid filters. The port closes then as it does elsewhere.
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
