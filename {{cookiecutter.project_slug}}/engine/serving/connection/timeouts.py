"""How long a client may take, looked at once a second for all connections together.

A request that arrives in one piece, as nearly all do, pays for this with reading a clock.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from engine.serving.connection.connection import Connection, Wait
from engine.serving.http.errors import too_slow

# For a request to arrive, and for a response to be taken in.
ARRIVE_SECONDS = 10.0
# Load balancers keep idle connections for a minute; they, not the server, should close them.
IDLE_SECONDS = 75.0
# Files that are not connections: the log, libraries, what a bundle loads.
_OTHER_FILES = 200

logger = logging.getLogger("engine.serving.http")


class ConnectionTimeouts:
    """Ends connections whose client does nothing for too long."""

    def __init__(self, arrive: float = ARRIVE_SECONDS, idle: float = IDLE_SECONDS) -> None:
        self._arrive, self._idle = arrive, idle
        self._crowded = False

    def check(self, connections: Iterable[Any]) -> None:
        """Look at all connections; call this about once a second, in the event loop."""
        now = asyncio.get_running_loop().time()
        found = [one for one in connections if isinstance(one, Connection)]
        self._notice_crowd(len(found))
        for one in found:
            self._check(one, now - one.since)

    def _check(self, one: Connection, seconds: float) -> None:
        waits_for = one.waits_for
        if not waits_for or seconds < self._limit(waits_for):
            return
        if waits_for in ("head", "body"):
            one.refuse(too_slow(self._arrive))
        elif waits_for == "response taken":
            one.transport.abort()
        else:
            one.close()

    def _limit(self, waits_for: Wait) -> float:
        # Some clients connect ahead of need; where many are connected, that costs too much.
        may_be_idle = waits_for == "next request" or not self._crowded
        return self._idle if waits_for.endswith("request") and may_be_idle else self._arrive

    def _notice_crowd(self, count: int) -> None:
        crowded = count > Connection.limit // 2
        if crowded and not self._crowded:
            logger.warning("%d connections are open; the limit is %d.", count, Connection.limit)
        self._crowded = crowded


def raise_file_limit() -> None:
    """Let the process open a file for each connection, or limit the connections to its files.

    Systems begin with as few as 1,024 of at most a million files; without a free one a server
    accepts nobody.
    """
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
