"""How long a client may take, checked once a second for all connections together.

A request that arrives in one piece, as nearly all do, pays for this with reading a clock.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from engine.serving.connection.connection import Connection
from engine.serving.http.errors import ProblemError

# For a request to arrive, and for the client to receive a response.
ARRIVE_SECONDS = 10.0
# Load balancers keep idle connections for a minute; they, not the server, should close them.
IDLE_SECONDS = 75.0
# Files that are not connections: the log, libraries, what a bundle loads.
_OTHER_FILES = 200


class ConnectionTimeouts:
    """Ends connections whose client does nothing for too long."""

    def __init__(self, arrive: float = ARRIVE_SECONDS, idle: float = IDLE_SECONDS) -> None:
        self._arrive, self._idle = arrive, idle

    def check(self, connections: Iterable[Any]) -> None:
        """Check all connections; call this about once a second, in the event loop."""
        now = asyncio.get_running_loop().time()
        checked = [one for one in connections if isinstance(one, Connection)]
        many = len(checked) > Connection.limit // 2
        for connection in checked:
            waits_for = connection.waits_for
            # Some clients connect before they have a request; many connections cost too much.
            is_idle = waits_for == "next request" or (waits_for == "first request" and not many)
            longest = self._idle if is_idle else self._arrive
            if not waits_for or now - connection.since < longest:
                continue
            if waits_for in ("head", "body"):
                detail = f"expected the whole request within {self._arrive:g} s; send it faster"
                connection.refuse(ProblemError("too-slow", detail, headers={"Connection": "close"}))
            elif waits_for == "response taken":
                connection.transport.abort()
            else:
                connection.close()


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
