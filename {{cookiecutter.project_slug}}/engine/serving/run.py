"""Runs the server: one process and one model, until SIGTERM or Ctrl-C."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.serving import ids
from engine.serving.access import KEYS, keys_of, origins_of
from engine.serving.address import Address
from engine.serving.connection.timeouts import raise_file_limit
from engine.serving.http.app import Start
from engine.serving.http.gateway import Gateway
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model_holder import load_predictor
from engine.serving.release_watcher import ReleaseWatcher
from engine.serving.server import Server

# A release that is being loaded at the end gets so long to stop.
STOP_SECONDS = 1.0


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

    The port opens after the golden rows were replayed, so every client that connects is served.

    Args:
        bundle: the first bundle to serve.
        create_app: makes the application (see serving/app.py).
        rehearsal: whether the bundle is not accepted; marks every response.
        follow: whether to serve another bundle when the release file names it.
        at: the address. With an `operate_port` probes and metrics are only there.
        logs: the folder of predictions and labels.
        drain: seconds to serve on after the signal.

    Raises:
        BadInput: the bundle, the address, a variable or an own route is invalid.
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
    with PredictionLog(logs / "predictions", personal=personal) as log, ExitStack() as opened:
        app = create_app(Start(load, log, Labels(logs / "labels"), keys, origins))
        app.own.refuse_hidden(at.root_path)
        watcher = ReleaseWatcher(app.state.live, log) if follow else None
        ports = [port for port in (at.port, at.operate_port) if port is not None]
        listeners = [opened.enter_context(listen(at.host, port)) for port in ports]
        address, *admin = map(_address, listeners)
        greeting = f"serving {bundle.id[:12]} on {address}"
        if admin:
            app.split_admin(listeners[1].getsockname()[1])
            greeting += f"\nprobes and metrics on {admin[0]}"
        if keys is None:
            open_to = f"anyone who can reach {address} can query the model"
            notice(f"No API key is set: {open_to}. Set {KEYS}.")
        if rehearsal:
            notice("REHEARSAL: the bundle is not accepted; every response is marked.")
        notice(f"API documentation: {address}/docs")
        Server(app, greeting, drain, watcher, at.root_path).run(sockets=listeners)
    if watcher and not watcher.stopped(STOP_SECONDS):
        # All responses are sent and the log is written. A load cannot be interrupted, and may crash
        # the interpreter during a normal exit.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on the address; BadInput if it is taken or invalid."""
    # An explicit IPPROTO_TCP: only then asyncio sets TCP_NODELAY. Without it a response, which is
    # sent in two pieces, waits 40 ms for the acknowledgement of the first.
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
            "stop what runs there or choose another --port (0 takes a free one)",
            code="address-taken",
        ) from None
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
