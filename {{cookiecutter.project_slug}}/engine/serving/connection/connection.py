"""A client's connection: one request at a time; bytes sent ahead wait until its response is out."""

import asyncio
import select
from typing import Any, Literal

from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.server import ServerState

from engine.serving.connection.exchange import SMALL_BYTES, Closing, Exchange, Share, encode_last
from engine.serving.connection.framing import RequestReader, not_http
from engine.serving.http.errors import ProblemError
from engine.serving.http.gateway import Gateway

MAX_CONNECTIONS = 10_000  # an idle connection costs some 10 kB, and a file of the process
# Enough for the next request or two; a client that sends more ahead has to wait.
READ_AHEAD_BYTES = 65_536
# At a shutdown, a connection that was in use so recently may send one more request.
LAST_REQUEST_SECONDS, POLL_SECONDS = 1.0, 0.05

Wait = Literal["first request", "next request", "head", "body", "response taken", ""]


class Connection(asyncio.Protocol):
    """An HTTP/1.1 connection; uvicorn's server makes one for each client."""

    limit = MAX_CONNECTIONS

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], _loop: Any
    ) -> None:
        self.app: Gateway = config.loaded_app
        self.server_state = server_state
        # What the scopes of all requests have in common.
        self._scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "http",
            "root_path": config.root_path,
            "state": app_state,
        }
        self._loop = asyncio.get_running_loop()
        self._reader = RequestReader()
        self._exchange: Exchange | None = None
        self.share = Share()  # of the request that is arriving
        self._used = self._in_head = self._shutting_down = False
        self._read_ended = self._dropping = False
        self.since = self._loop.time()  # when the wait for what `waits_for` names began

    # The event loop calls these.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a client, unless there are too many."""
        self.transport, self.flow = transport, FlowControl(transport)
        for end, name in (("server", "sockname"), ("client", "peername")):
            address = transport.get_extra_info(name)  # for IPv6 more than host and port
            self._scope[end] = address and address[:2]
        self.server_state.connections.add(self)  # type: ignore[arg-type]  # uvicorn types its own only
        is_full = len(self.server_state.connections) > self.limit
        port = self._scope["server"] and self._scope["server"][1]
        if is_full and (self.app.admin_port is None or port != self.app.admin_port):
            self.app.count_refusal(503)
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read bytes of the client."""
        if not self._dropping:
            self._reader.buffer += data
            self._read()

    def eof_received(self) -> bool:
        """The client sends no more; it may still wait for a response."""
        self._read_ended = True
        if self._exchange is None or self._exchange.more_body:
            self._end_requests()
        return True  # the response closes the connection, or `Closing` does

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything, however the connection ended."""
        self.server_state.connections.discard(self)
        self._stop_reading()
        self.resume_writing()
        if self._exchange is not None:
            self._exchange.disconnect()
            self._exchange = None

    def pause_writing(self) -> None:
        """The client receives its response slowly."""
        self.since = self._loop.time()
        self.flow.pause_writing()

    def resume_writing(self) -> None:
        """The client can receive more."""
        self.flow.resume_writing()

    # The server and its timeouts call these.

    @property
    def waits_for(self) -> Wait:
        """What the client has to do next; empty if the server has to."""
        if self.flow.write_paused:
            return "response taken"
        if self._dropping:
            return ""
        if self._exchange is not None:
            return "body" if self._exchange.more_body else ""
        request: Wait = "next request" if self._used else "first request"
        return "head" if self._in_head else request

    def refuse(self, fault: ProblemError) -> None:
        """Respond with `fault` to the request that is arriving, then close."""
        self._stop_reading()
        if self._exchange is not None:
            self._exchange.fail(fault)
            return
        self.app.count_refusal(fault.status)
        self.transport.write(encode_last(fault.response()))
        self.close()

    def close(self) -> None:
        """Close a connection on which no response is due."""
        self.flow.resume_reading()
        self.connection_lost(None)
        Closing(self.transport, self.server_state.connections)
        if self._read_ended:
            self.transport.close()  # once all is written
        else:
            self.transport.write_eof()

    def shutdown(self) -> None:
        """Close the connection once it is idle; uvicorn's server calls this at its end."""
        self._shutting_down = True
        if self._exchange is not None or self._dropping:
            return
        remaining = LAST_REQUEST_SECONDS - (self._loop.time() - self.since)
        # A request may be arriving, or the client receiving a response; the timeouts end either.
        busy = self._in_head or self.transport.get_write_buffer_size() > 0
        unread = select.poll()  # the system may hold bytes that the loop has not read
        unread.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        if remaining > 0 or busy or unread.poll(0):
            self._loop.call_later(max(remaining, POLL_SECONDS), self.shutdown)
        else:
            self.close()

    # An exchange calls these.

    @property
    def draining(self) -> bool:
        """Whether the next response is the connection's last one: none was sent ahead."""
        return (self._shutting_down or self.app.draining) and not self._reader.buffer

    def finish(self, *, keep_alive: bool) -> None:
        """The response is out: read the next request, or close."""
        self.share.release()
        self.server_state.total_requests += 1
        self._exchange, self._used = None, True
        self.since = self._loop.time()
        if not keep_alive or self._dropping:
            self.close()
            return
        self.flow.resume_reading()
        if self._reader.buffer:
            self._read()
        if self._read_ended and self._exchange is None and not self._dropping:
            self._end_requests()
        if self._shutting_down:
            self.shutdown()

    def _end_requests(self) -> None:
        """The client sends no more: refuse an incomplete request, or close."""
        if self._exchange is not None or self._reader.buffer:
            self.refuse(not_http("a whole request before the end of the connection"))
        else:
            self.close()

    def _read(self) -> None:
        """Parse the bytes that have arrived."""
        try:
            exchange = self._exchange or self._read_head()
            if exchange is not None and exchange.more_body:
                exchange.add_body(*self._reader.read_body())
        except ProblemError as fault:
            self.refuse(fault)
            return
        if exchange is None:
            return
        if self._exchange is None:  # its head and the first of its body are well framed
            self._exchange = exchange
            task = self._loop.create_task(exchange.run(self.app))
            self.server_state.tasks.add(task)
            task.add_done_callback(self.server_state.tasks.discard)
        if len(exchange.body) + len(self._reader.buffer) > READ_AHEAD_BYTES:
            self.flow.pause_reading()

    def _read_head(self) -> Exchange | None:
        head = self._reader.read_head()
        if not self._in_head:
            self._in_head, self.since = True, self._loop.time()
        if head is None:
            if len(self._reader.buffer) > SMALL_BYTES:
                self.share.grow(len(self._reader.buffer))
            return None
        self._in_head = False
        self.share.release()
        return Exchange(self, head, self._scope)

    def _stop_reading(self) -> None:
        """Drop what has arrived and what will."""
        self._dropping = True
        self._reader.buffer.clear()
        self.share.release()
