"""Where a server listens: what the command line says, and what platforms say in variables."""

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
    """Where the server listens, and below which path a proxy shows it."""

    host: str
    port: int
    operate_port: int | None = None
    root_path: str = ""


def root_path(word: str) -> str:
    """Where a proxy shows this server; a kind of argument (see `engine.problem.arguments`).

    Raises:
        ArgumentTypeError: it is no path, or one of the server's own.
    """
    if word and not _ROOT_PATH.fullmatch(word):
        raise argparse.ArgumentTypeError(
            f"expected a path such as /models/parcels, got {word!r:.80}; it begins with /, does "
            "not end with it, and is not one of the server's own paths, such as /v1"
        )
    return word


def address(
    host: str, port: int | None, operate_port: int | None, root: str | None, *, sagemaker: bool
) -> Address:
    """The address of a command line; what it leaves open is in PORT and UVICORN_ROOT_PATH.

    Args:
        host: the name or number to listen on.
        port: 0 for a free one; None for PORT (Cloud Run), else SageMaker's or our own.
        operate_port: where probes and metrics are to be; None for the same port.
        root: the path before each path, as users of a proxy know it; None for UVICORN_ROOT_PATH.
        sagemaker: whether SageMaker has started this server.

    Raises:
        BadInput: a variable holds no such value, or both ports are one.
    """
    if port is None:
        port = variable("PORT", port_kind)
    if port is None:
        port = SAGEMAKER_PORT if sagemaker else PORT
    if port and port == operate_port:
        raise BadInput(
            f"expected another --operate-port than {port}, which --port or PORT names; give one "
            "of its own, or leave it out"
        )
    if root is None:
        root = variable("UVICORN_ROOT_PATH", root_path) or ""
    return Address(host, port, operate_port, root)
