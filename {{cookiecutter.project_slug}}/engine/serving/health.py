"""Whether the server of a container is ready: `python -m engine.serving.health`, its health check.

The address is that of the container's first process, whatever ports its command line names.
"""

import argparse
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from engine.problem.arguments import port
from engine.serving.address import Address, address

COMMAND_LINE = Path("/proc/1/cmdline")
SECONDS = 4.0  # Docker stops the check after five


def server_address() -> Address:
    """The address of the server: by the first process, which may be another program, or PORT."""
    words = COMMAND_LINE.read_bytes().decode(errors="replace").split("\0")
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--host", default="127.0.0.1")
    for option in ("--port", "--operate-port"):
        parser.add_argument(option, type=port)
    # An init program has its own words and `--` before the server's.
    given, others = parser.parse_known_args([word for word in words if word != "--"])
    is_sagemaker = "serve" in others
    return address(given.host, given.port, given.operate_port, "", sagemaker=is_sagemaker)


def is_ready(at: Address) -> bool:
    """Whether the server at an address takes requests; False if there is none."""
    host = "127.0.0.1" if at.host in ("0.0.0.0", "::") else at.host  # noqa: S104  # compared only
    number = at.port if at.operate_port is None else at.operate_port
    with closing(HTTPConnection(host, number, timeout=SECONDS)) as server:
        try:
            server.request("GET", "/readyz")
            return server.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def main() -> int:
    """The exit code of a health check: 0 if the server is ready, else 1."""
    return 0 if is_ready(server_address()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
