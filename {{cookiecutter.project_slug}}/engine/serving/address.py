"""The address of the server, from the command line and the variables that platforms set."""

import argparse
import re
from dataclasses import dataclass

from engine.problem.arguments import port as port_kind
from engine.problem.arguments import variable
from engine.problem.errors import BadInput

PORT, SAGEMAKER_PORT = 8000, 8080
# A path, and none that would hide a path of the server's own below it.
_ROOT_PATH = re.compile(r"(?!/(v1|v2(/.*)?|docs(/static)?)$)(/\w[\w.~-]*)+", re.ASCII)


@dataclass(frozen=True)
class Address:
    """Host and ports of the server, and the path below which a proxy exposes it."""

    host: str
    port: int
    operate_port: int | None = None
    root_path: str = ""


def root_path(word: str) -> str:
    """A kind of argument: the path below which a proxy exposes the server."""
    if word and not _ROOT_PATH.fullmatch(word):
        message = f"expected a path such as /models/parcels, got {word!r:.80}; it begins with /, "
        message += "does not end with it, and is not one of the server's own paths, such as /v1"
        raise argparse.ArgumentTypeError(message)
    return word


def address(
    host: str, port: int | None, operate_port: int | None, root: str | None, *, sagemaker: bool
) -> Address:
    """The address; variables give what the command line omits. BadInput: one port for both."""
    if port is None and (port := variable("PORT", port_kind)) is None:
        port = SAGEMAKER_PORT if sagemaker else PORT
    if port and port == operate_port:
        message = f"expected another --operate-port than {port}, which --port or PORT names"
        raise BadInput(f"{message}; give one of its own, or omit it", code="same-port")
    if root is None:
        root = variable("UVICORN_ROOT_PATH", root_path) or ""
    return Address(host, port, operate_port, root)
