"""Whether the server of a container is ready: `python -m serving health`, its health check.

The address is that of the container's first process, whatever ports its command line names.
"""

from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from engine.serving.address import Address

COMMAND_LINE = Path("/proc/1/cmdline")
SECONDS = 4.0  # Docker stops the check after five


def server_words() -> list[str]:
    """The words behind `-m serving` of the first process; `run` alone if it is another program."""
    words = COMMAND_LINE.read_bytes().decode(errors="replace").split("\0")[:-1]
    return words[words.index("serving") + 1 :] if "serving" in words else ["run"]


def is_ready(at: Address) -> bool:
    """Whether the server at an address takes requests, or can be probed there at all."""
    host = "127.0.0.1" if at.host in ("0.0.0.0", "::") else at.host  # noqa: S104  # compared only
    port = at.port if at.operate_port is None else at.operate_port
    with closing(HTTPConnection(host, port, timeout=SECONDS)) as server:
        try:
            server.request("GET", "/readyz")
            return server.getresponse().status == 200
        except (OSError, HTTPException):
            return False
