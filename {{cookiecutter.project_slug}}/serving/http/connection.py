"""What uvicorn leaves open: how long a request may take to arrive, how large what comes before its
body may be, and how many may be connected at once.

A request that arrives in one piece, as nearly all do, pays for this with one comparison: time is
looked at once a second for all connections together, by `Patience`.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from serving.http.errors import Refusal, too_slow

# How long what has begun may take to come in, and an answer to be taken.
ARRIVE_SECONDS = 10.0
# Load balancers keep idle connections for a minute; they, not we, should be the ones to close.
IDLE_SECONDS = 75.0
# An idle connection costs some 10 kB, and a file of the process.
MOST_CONNECTIONS = 10_000
# Files that are not connections: the log, libraries, what a bundle loads.
_OTHER_FILES = 200
# Beside the piece of at most 256 kB in which they begin.
MOST_HEAD_BYTES = 65_536
# A body that is refused is read on for a while, see `intake`; what still comes then is no request.
MOST_BYTES = 16_000_000

logger = logging.getLogger("serving.http.connection")


class Connection(HttpToolsProtocol):
    """A connection that takes no endless head, no endless body, and says in problem details why."""

    most = MOST_CONNECTIONS
    _size = 0
    _of: Any = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """One more, unless there are as many as may be: then it is closed."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a piece in, and count it if it is not the last of a request."""
        super().data_received(data)
        cycle = self.cycle
        if cycle is not None and not cycle.more_body and cycle.scope is self.scope:
            return
        if self.scope is not self._of:
            self._of, self._size = self.scope, 0
            return
        self._size += len(data)
        in_head = cycle is None or cycle.scope is not self.scope
        if in_head and self._size > MOST_HEAD_BYTES:
            self.refuse(Refusal("head-too-large", f"expected at most {MOST_HEAD_BYTES:,} bytes"))
        elif self._size > MOST_BYTES:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What the parser cannot read."""
        self.refuse(Refusal("not-http", "expected a request of HTTP/1.1, got something else"))

    def refuse(self, refusal: Refusal) -> None:
        """Say so if nothing else is being said, and close."""
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:
            said = refusal.response()
            lines = [f"HTTP/1.1 {said.status_code} {HTTPStatus(said.status_code).phrase}"]
            lines += [f"{name.decode()}: {value.decode()}" for name, value in said.raw_headers]
            head = "\r\n".join([*lines, "connection: close", "", ""])
            self.transport.write(head.encode("latin-1") + bytes(said.body))
        self.transport.close()

    @property
    def waits_for(self) -> str:
        """What this connection waits for its other side to do; empty if it waits for us."""
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if self.flow.write_paused:
                return "take"
            return "body" if cycle.more_body else ""
        if self.scope is None:
            return "begin"
        between = cycle is not None and cycle.scope is self.scope and self.timeout_keep_alive_task
        return "" if between else "head"  # between two requests uvicorn's own clock is running


class Patience:
    """Closes connections whose other side does nothing for too long."""

    def __init__(self, arrive: float = ARRIVE_SECONDS, idle: float = IDLE_SECONDS) -> None:
        self._arrive, self._idle = arrive, idle
        self._since: dict[Connection, tuple[str, object, float]] = {}
        self._crowded = False

    def look(self, connections: Iterable[Any], now: float | None = None) -> None:
        """To be called about once a second, in the event loop."""
        now = time.monotonic() if now is None else now
        open_now = [one for one in connections if isinstance(one, Connection)]
        self._notice_crowd(len(open_now))
        since, self._since = self._since, {}
        for one in open_now:
            what = one.waits_for
            if what == "body":
                one.cycle.message_event.set()  # wakes `read_body`, which has a clock of its own
            elif what:
                seen = since.get(one, ("", None, 0.0))
                begun = seen[2] if seen[:2] == (what, id(one.scope)) else now
                self._since[one] = (what, id(one.scope), begun)
                self._judge(one, what, now - begun)

    def _judge(self, one: Connection, what: str, seconds: float) -> None:
        if what == "begin":
            # Some open connections ahead of need; where many are open, that is too dear.
            if seconds >= (self._arrive if self._crowded else self._idle):
                one.transport.close()
        elif seconds >= self._arrive:
            if what == "take":
                one.transport.abort()
            else:
                one.refuse(too_slow(self._arrive))

    def _notice_crowd(self, count: int) -> None:
        crowded = count > Connection.most // 2
        if crowded and not self._crowded:
            logger.warning("%d connections are open, %d may be", count, Connection.most)
        self._crowded = crowded


def make_room() -> None:
    """Let the process open as many files as connections may be, or no more connections than files.

    Systems begin with as few as 1,024 of at most a million, and who has none left answers nobody.
    """
    try:
        import resource  # noqa: PLC0415  # not everywhere
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    room = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (room, hard))
    Connection.most = max(room - _OTHER_FILES, room // 2)
