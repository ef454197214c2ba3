"""Runs the server: one process, one model, until it is told to stop."""

import gc
import logging
import os
import socket
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Literal

import uvicorn

from handoff.bundle import Bundle
from problem.errors import BadInput
from serving import ids
from serving.http.app import create_app
from serving.http.connection import IDLE_SECONDS, Connection, Patience, make_room
from serving.http.front import Front
from serving.http.keys import KEYS, keys_of
from serving.live import ready
from serving.log.labels import Labels
from serving.log.predictions import PredictionLog
from serving.watch import Watch

# A request that takes longer than this to finish after SIGTERM is cut off.
FINISH_SECONDS = 30
# A swap that was begun by then gets so long to notice that nobody waits for it.
NOTICE_SECONDS = 1.0


def serve(
    bundle: Bundle,
    *,
    rehearsal: bool,
    follow: bool,
    host: str,
    port: int,
    operate_port: int | None,
    logs: Path,
    drain: float,
) -> None:
    """Load a bundle that may be served, answer until SIGTERM or Ctrl-C, then finish what was begun.

    The port opens once the golden rows have answered, so whoever can connect gets answers. With
    `follow` another bundle answers in its place when the release file names it. With `operate_port`
    probes and metrics are there, and nowhere else.

    Raises:
        BadInput: the bundle does not answer as it should, the address is taken, or API keys are
            spoken of and there is none.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    make_room()
    keys = keys_of()
    ids.OURS.use(ids.keys_of())
    print(f"loading {bundle.id[:12]}, asking its golden rows …", file=sys.stderr, flush=True)
    # What is imported by now stays: the collector, which stops everything while it looks through
    # it, need look at models alone when one leaves.
    gc.freeze()
    predictor = ready(bundle, rehearsal=rehearsal)
    with (
        listen(host, port) as listener,
        nullcontext() if operate_port is None else listen(host, operate_port) as beside,
        PredictionLog(logs / "predictions", personal=bundle.problem.columns.personal) as log,
    ):
        app = create_app(predictor, log, Labels(logs / "labels"), keys=keys)
        del predictor  # another may answer in its place, and it is to go then
        watch = Watch(app.state.live, log) if follow else None
        if keys is None:
            open_to_all = f"NO API KEYS: whoever reaches this port is answered; see {KEYS}"
            print(open_to_all, file=sys.stderr, flush=True)
        if rehearsal:
            print("REHEARSAL: not accepted; every answer says so", file=sys.stderr, flush=True)
        address = _address(listener)
        print(f"what it takes: {address}/docs", file=sys.stderr, flush=True)
        greeting = f"serving {bundle.id[:12]} on {address}"
        server = _Server(app, greeting, drain, watch)
        if beside:
            server.beside = _Beside(app.part(), beside)
        server.run(sockets=[listener])
    if watch and not watch.left(NOTICE_SECONDS):
        # All is answered and written. A load cannot be interrupted, and it may crash a Python that
        # takes itself down around it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address.

    Raises:
        BadInput: the address is taken, or is none.
    """
    # TCP by name: asyncio sends without delay only on sockets that say so, and an answer, which
    # goes out in two parts, would else wait 40 ms for the receiver to confirm the first.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        raise BadInput(
            f"expected a free address, {host} port {port} cannot be opened: {error}; "
            "stop what runs there or choose another --port (0 takes a free one)"
        ) from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _config(app: Front, lifespan: Literal["on", "off"]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        lifespan=lifespan,
        ws="none",
        log_level="error",  # what clients send wrong is theirs to hear, not ours to log
        access_log=False,  # /metrics counts, the prediction log remembers
        server_header=False,
        proxy_headers=False,  # nobody asks who sent it
        timeout_keep_alive=int(IDLE_SECONDS),
        timeout_graceful_shutdown=FINISH_SECONDS,
    )


class _Beside(uvicorn.Server):
    """Another port in the same loop, begun and ended by the server that it stands beside."""

    def __init__(self, app: Front, listener: socket.socket) -> None:
        super().__init__(_config(app, "off"))
        self._listener = listener

    async def begin(self) -> None:
        self.config.load()
        self.lifespan = self.config.lifespan_class(self.config)
        await self.startup([self._listener])
        print(f"probes and metrics on {_address(self._listener)}", flush=True)

    async def end(self) -> None:
        await self.shutdown([self._listener])


class _Server(uvicorn.Server):
    """uvicorn that says when it answers, and leaves in order.

    At the first signal /readyz says no and answers go on for `drain` seconds, so that a load
    balancer can look away; then the port closes, and what was begun is finished. A second signal
    skips the wait. uvicorn itself would die of the signal in the end; here leaving is success.
    """

    def __init__(self, app: Front, greeting: str, drain: float, watch: Watch | None) -> None:
        super().__init__(_config(app, "on"))
        self._app, self._greeting, self._drain, self._watch = app, greeting, drain, watch
        self._leave_at: float | None = None
        self._patience = Patience()
        self.beside: _Beside | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._watch:
            self._watch.start()
        print(self._greeting, flush=True)
        if self.beside:
            await self.beside.begin()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.beside:  # until now it said that this one is not ready
            await self.beside.end()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        again = self._leave_at is not None
        self._app.state.draining = True
        self._leave_at = time.monotonic() + (0 if again else self._drain)

    async def on_tick(self, counter: int) -> bool:
        if self.beside:
            await self.beside.on_tick(counter)
        if counter % 10 == 0:  # each second
            beside = self.beside.server_state.connections if self.beside else set()
            self._patience.look(self.server_state.connections | beside)
        if self._leave_at is not None and self._watch:
            self._watch.leave()
        leave = self._leave_at is not None and time.monotonic() >= self._leave_at
        return await super().on_tick(counter) or leave
