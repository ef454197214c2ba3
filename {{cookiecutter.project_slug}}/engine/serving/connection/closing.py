"""The end of a connection, in two steps (RFC 9112, 9.6).

The server ends its own side, then drops what still arrives until the client closes. If it closed at
once, the system could reset the connection, which can destroy a response that was not read.
"""

import asyncio
from typing import Any

# What arrives is dropped for so long and up to so many bytes.
LINGER_SECONDS, LINGER_BYTES = 2.0, 16_000_000
# A client may take so long to receive its last response.
LAST_RESPONSE_SECONDS = 10.0


class Closing(asyncio.Protocol):
    """Takes over the transport of a connection whose last response was written."""

    def __init__(
        self, transport: asyncio.Transport, connections: set[Any], *, read_ended: bool
    ) -> None:
        self._transport, self._connections = transport, connections
        self._loop = asyncio.get_running_loop()
        self._until = self._loop.time() + LAST_RESPONSE_SECONDS
        self._dropped = 0
        connections.add(self)
        transport.set_protocol(self)
        self._timer = self._loop.call_later(LINGER_SECONDS, self._stop)
        if read_ended:
            transport.close()  # once all is written
        else:
            transport.write_eof()

    def data_received(self, data: bytes) -> None:
        """Drop it."""
        self._dropped += len(data)
        if self._dropped > LINGER_BYTES:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has closed, or was disconnected."""
        self._timer.cancel()
        self._connections.discard(self)

    def shutdown(self) -> None:
        """Nothing to do: it ends by itself soon enough."""

    def _stop(self) -> None:
        """Disconnect the client, unless it is still receiving the last response."""
        if self._transport.get_write_buffer_size() and self._loop.time() < self._until:
            self._timer = self._loop.call_later(LINGER_SECONDS, self._stop)
        else:
            self._transport.abort()
