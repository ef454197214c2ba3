"""Runs the server: one process, one model, until it is told to stop."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from engine.bundle.bundle import Bundle
from engine.problem.errors import BadInput
from engine.serving import ids
from engine.serving.access.keys import KEYS, keys_of
from engine.serving.access.origins import origins_of
from engine.serving.address import Address
from engine.serving.connection.timeouts import raise_file_limit
from engine.serving.http.app import Start
from engine.serving.http.gateway import Gateway
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model_holder import load_predictor
from engine.serving.release_watcher import ReleaseWatcher
from engine.serving.server import AdminServer, Server

# A swap that was begun by then gets so long to notice that nobody waits for it.
NOTICE_SECONDS = 1.0


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
    """Load a bundle that may be served, answer until SIGTERM or Ctrl-C, then finish what was begun.

    The port opens once the golden rows have answered, so whoever can connect gets answers.

    Args:
        bundle: what answers first.
        create_app: makes the application; serving/app.py has it.
        rehearsal: whether the bundle is not accepted, which every answer then says.
        follow: whether another bundle answers in its place when the release file names it.
        at: where to listen. With an `operate_port` probes and metrics are there, and nowhere else.
        logs: the folder of predictions and labels.
        drain: seconds to answer on after the signal.

    Raises:
        BadInput: the bundle does not answer as it should, the address is taken, API keys are spoken
            of and there is none, origins are listed that are none, or an own route takes a path of
            the server's.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    raise_file_limit()
    keys, origins = keys_of(), origins_of()
    ids.OURS.use(ids.keys_of())
    print(f"loading {bundle.id[:12]}, asking its golden rows …", file=sys.stderr, flush=True)
    # What is imported by now stays: the collector, which stops everything while it looks through
    # it, need look at models alone when one leaves.
    gc.freeze()
    load = partial(load_predictor, bundle, rehearsal=rehearsal)
    with PredictionLog(logs / "predictions", personal=bundle.problem.columns.personal) as log:
        app = create_app(Start(load, log, Labels(logs / "labels"), keys, origins))
        app.own.refuse_hidden(at.root_path)
        watch = ReleaseWatcher(app.state.live, log) if follow else None
        admin_port = at.operate_port
        with (
            listen(at.host, at.port) as listener,
            nullcontext() if admin_port is None else listen(at.host, admin_port) as beside,
        ):
            address = _address(listener)
            _print_notices(address, has_keys=keys is not None, rehearsal=rehearsal)
            greeting = f"serving {bundle.id[:12]} on {address}"
            server = Server(app, greeting, drain, watch, at.root_path)
            if beside:
                server.admin = AdminServer(app.split_admin(), beside, _address(beside))
            server.run(sockets=[listener])
    if watch and not watch.left(NOTICE_SECONDS):
        # All is answered and written. A load cannot be interrupted, and it may crash a Python that
        # takes itself down around it.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


def _print_notices(address: str, *, has_keys: bool, rehearsal: bool) -> None:
    if not has_keys:
        open_to_all = f"NO API KEYS: whoever reaches this port is answered; see {KEYS}"
        print(open_to_all, file=sys.stderr, flush=True)
    if rehearsal:
        print("REHEARSAL: not accepted; every answer says so", file=sys.stderr, flush=True)
    print(f"what it takes: {address}/docs", file=sys.stderr, flush=True)


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
