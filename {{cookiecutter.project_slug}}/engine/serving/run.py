"""Runs the server: one process and one model, until SIGTERM or Ctrl-C."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import math
import os
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.serving import ids
from engine.serving.access import KEYS, keys_of, origins_of
from engine.serving.address import Address
from engine.serving.connection.connection import Connection
from engine.serving.http.app import Start
from engine.serving.http.errors import ProblemError
from engine.serving.http.gateway import Gateway
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.refused import RefusedLog
from engine.serving.model_holder import ReleaseWatcher, load_predictor

STOP_SECONDS = 1.0  # a release that is being loaded at the end gets so long to stop
FINISH_SECONDS = 30  # a request that takes longer than this to finish after the drain is cut off
ACCEPT_SECONDS = 0.05  # time for the event loop to accept the clients that the system has connected
ARRIVE_SECONDS = 10.0  # for a request to arrive, and for the client to receive a response
# Load balancers keep idle connections for a minute; they, not the server, should close them.
IDLE_SECONDS = 75.0
_OTHER_FILES = 200  # files that are not connections: the log, libraries, what a bundle loads
_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it


def serve(
    bundle: Bundle,
    create_app: Callable[[Start], Gateway],
    *,
    rehearsal: bool,
    follow: bool,
    at: Address,
    logs: Path,
    drain: float,
) -> None:
    """Load a bundle, serve until SIGTERM or Ctrl-C, then finish the open requests.

    The port opens after the golden rows were replayed. `follow`: serve another bundle once the
    release file names it. `drain`: seconds to serve on after the signal. BadInput: the bundle, the
    address, a variable or an own route is invalid.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    raise_file_limit()
    keys, origins = keys_of(), origins_of()
    ids.OURS.use(ids.keys_of())
    notice = partial(print, file=sys.stderr, flush=True)
    notice(f"loading {bundle.id[:12]}, replaying its golden rows …")
    # Imported modules stay. Frozen, they do not lengthen the collector's pause after a release.
    gc.freeze()
    load = partial(load_predictor, bundle, rehearsal=rehearsal)
    personal = bundle.problem.columns.personal
    with (
        PredictionLog(logs / "predictions", personal=personal) as log,
        RefusedLog(logs / "refused") as refused,
    ):
        app = create_app(Start(load, log, Labels(logs / "labels"), keys, origins, refused))
        app.own.refuse_hidden(at.root_path)
        watcher = ReleaseWatcher(app.state.live, log) if follow else None
        listeners = [listen(at.host, at.port)]
        address = _address(listeners[0])
        greeting = f"serving {bundle.id[:12]} on {address}"
        if at.operate_port is not None:
            listeners.append(listen(at.host, at.operate_port))
            app.split_admin(listeners[1].getsockname()[1])
            greeting += f"\nprobes and metrics on {_address(listeners[1])}"
        if keys is None:
            open_to = f"anyone who can reach {address} can query the model"
            notice(f"No API key is set: {open_to}. Set {KEYS}.")
        if rehearsal:
            notice("REHEARSAL: the bundle is not accepted; every response is marked.")
        notice(f"API documentation: {address}/docs")
        Server(app, greeting, drain, watcher, at.root_path).run(sockets=listeners)
    if watcher and not watcher.stopped(STOP_SECONDS):
        # All is sent and written. A load cannot be interrupted, and may crash a normal exit.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; BadInput if it is taken or invalid."""
    is_ipv6 = ":" in host
    try:
        listener = socket.create_server(
            (host, port),
            family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
            backlog=2048,
            dualstack_ipv6=is_ipv6 and socket.has_dualstack_ipv6(),
        )
    except (OSError, OverflowError) as error:
        message = f"expected a free address, {host} port {port} cannot be opened: {error}; stop "
        message += "what runs there or choose another --port (0 takes a free one)"
        raise BadInput(message, code="address-taken") from None
    # Connections inherit it. Without it the second piece of a response waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def raise_file_limit() -> None:
    """Let the process open a file for each connection, or limit the connections to its files."""
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = Connection.limit + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    Connection.limit = max(files - _OTHER_FILES, files // 2)


class Server(uvicorn.Server):
    """Serves until SIGTERM or Ctrl-C, drains until a second signal at most, and exits with 0."""

    def __init__(
        self, app: Gateway, greeting: str, drain: float, watcher: ReleaseWatcher | None, root: str
    ) -> None:
        config = uvicorn.Config(
            app,
            http=Connection,
            root_path=root,
            ws="none",
            log_level="error",  # errors of clients go into their responses, not into the log
            access_log=False,  # /metrics and the prediction log replace it
            server_header=False,
            proxy_headers=False,  # nothing uses the client's address
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
        super().__init__(config)
        self._app, self._greeting, self._drain, self._watcher = app, greeting, drain, watcher
        self._drain_until = math.inf

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
        self._drain_until = time.monotonic() + (0 if self._app.draining else self._drain)
        self._app.state.draining = True

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to stop."""
        if self._app.draining and self._watcher:
            self._watcher.stop()
        return await super().on_tick(counter) or time.monotonic() >= self._drain_until

    async def _check_timeouts(self) -> None:
        while True:
            check_timeouts(self.server_state.connections)
            await asyncio.sleep(1)


def check_timeouts(
    connections: Iterable[Any], arrive: float = ARRIVE_SECONDS, idle: float = IDLE_SECONDS
) -> None:
    """End connections whose client does nothing for too long; call this once a second."""
    now = asyncio.get_running_loop().time()
    checked = [one for one in connections if isinstance(one, Connection)]
    many = len(checked) > Connection.limit // 2
    for connection in checked:
        waits_for = connection.waits_for
        # Some clients connect before they have a request; many connections cost too much.
        is_idle = waits_for == "next request" or (waits_for == "first request" and not many)
        longest = idle if is_idle else arrive
        if not waits_for or now - connection.since < longest:
            continue
        if waits_for in ("head", "body"):
            detail = f"expected the whole request within {arrive:g} s; send it faster"
            connection.refuse(ProblemError("too-slow", detail, headers={"Connection": "close"}))
        elif waits_for == "response taken":
            connection.transport.abort()
        else:
            connection.close()


def refuse_clients(listener: socket.socket) -> None:
    """Connect no more clients, and keep those that are connected but not yet accepted.

    Closing a port resets the clients in its queue. So on Linux a filter (socket(7),
    SO_ATTACH_FILTER) first drops every packet that opens a connection.
    """
    if sys.platform != "linux":
        return
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # BPF_RET, 0 bytes
    program = struct.pack("HP", 1, ctypes.addressof(drop_all))
    # A sandbox may forbid filters. The port closes then as it does elsewhere.
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
