"""HTTP/1.1 framing (RFC 9112): where a request begins, which bytes are its body, where it ends.

It does no input or output: bytes go in, heads and pieces of bodies come out. A request is read only
when it is asked for, so bytes that a client sends ahead cost no more than their own size.

The rules are h11's, and a test compares both on a table of requests. Where they differ, this reader
is stricter, because a proxy in front might read the same bytes otherwise: line ends are CRLF,
folded header lines, control characters, and a length beside `Transfer-Encoding` are refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.serving.connection.chunks import ChunkedBody
from engine.serving.connection.grammar import (
    FRAMING_HEADERS,
    HEADER,
    HEADER_LINES,
    TOKEN,
    head_too_large,
    not_http,
)

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 200

Headers = list[tuple[bytes, bytes]]

_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]++) HTTP/([0-9])\.([0-9])\r\n" % TOKEN)
_BARE_CR = re.compile(rb"\r[^\n]")
_LENGTH = re.compile(rb"[0-9]{1,20}")


@dataclass(slots=True)
class Head:
    """What comes before a request's body; the names of headers are in lower case."""

    method: str
    target: bytes
    version: str
    headers: Headers
    keep_alive: bool
    """Whether the client expects to send another request on the same connection."""
    expects_continue: bool
    """Whether the client waits for `100 Continue` before it sends the body."""


class RequestReader:
    """Splits the bytes of one connection into requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # no head ends before this place in the buffer
        # Bytes of the body that are still to come; None if it comes in chunks.
        self._missing: int | None = 0
        self._chunks = ChunkedBody()

    @property
    def buffered(self) -> int:
        """Bytes that were received and not yet read."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Add bytes of the connection."""
        self._buffer += data

    def clear(self) -> None:
        """Forget all bytes that were not read."""
        self._buffer.clear()

    def read_head(self) -> Head | None:
        """The head of the next request, or None while its end has not arrived.

        Raises:
            Refusal: the bytes are no request of HTTP/1, or the head is too large.
        """
        buffer = self._buffer
        end = buffer.find(b"\n\r\n", self._searched)
        if end < 0:
            if len(buffer) > MAX_HEAD_BYTES:
                raise head_too_large(f"{MAX_HEAD_BYTES:,} bytes")
            self._check_beginning()
            self._searched = max(0, len(buffer) - 2)
            return None
        if end + 3 > MAX_HEAD_BYTES:
            raise head_too_large(f"{MAX_HEAD_BYTES:,} bytes")
        lines = bytes(buffer[: end + 1])
        del buffer[: end + 3]
        self._searched = 0
        return self._parse(lines)

    def read_body(self) -> tuple[bytes, bool]:
        """What has arrived of the body of the last request, and whether that is its end.

        Raises:
            Refusal: the body is not framed as its head says.
        """
        if self._missing is None:
            return self._chunks.read(self._buffer)
        data = bytes(self._buffer[: self._missing])
        del self._buffer[: self._missing]
        self._missing -= len(data)
        return data, not self._missing

    def _check_beginning(self) -> None:
        """Raise a Refusal if no bytes to come can make this the head of a request."""
        buffer = self._buffer
        if (buffer and buffer[0] <= 0x20) or _BARE_CR.search(buffer, self._searched):
            raise not_http("lines that end in CRLF, the first of them a request line")
        if buffer.find(b"\n", self._searched) < 0:  # no line has ended since the last time
            return
        line = _REQUEST_LINE.match(buffer)
        headers = line and HEADER_LINES.match(buffer, line.end())
        if headers is None or buffer.find(b"\n", headers.end()) >= 0:
            raise not_http("a request line, then header lines of the form 'Name: value'")

    def _parse(self, lines: bytes) -> Head:
        line = _REQUEST_LINE.match(lines)
        if line is None:
            raise not_http("a request line such as 'GET /livez HTTP/1.1'")
        method, target, major, minor = line.groups()
        if major != b"1":
            raise not_http("HTTP/1.1")
        if HEADER_LINES.fullmatch(lines, line.end()) is None:
            raise not_http("header lines of the form 'Name: value'")
        found = HEADER.findall(lines, line.end())
        if len(found) > MAX_HEADERS:
            raise head_too_large(f"{MAX_HEADERS} headers")
        headers = [(name.lower(), value.rstrip(b" \t")) for name, value in found]
        framing: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            if name in FRAMING_HEADERS:
                framing.setdefault(name, []).append(value)
        is_old = minor == b"0"
        if len(framing.get(b"host", ())) != (0 if is_old and b"host" not in framing else 1):
            raise not_http("exactly one Host header")
        self._missing, self._chunks = _body_length(framing), ChunkedBody()
        return Head(
            method.decode("ascii"),
            target,
            "1.0" if is_old else "1.1",
            headers,
            not is_old and b"close" not in _members(framing.get(b"connection")),
            not is_old and b"100-continue" in _members(framing.get(b"expect")),
        )


def _body_length(framing: Mapping[bytes, Sequence[bytes]]) -> int | None:
    """How many bytes the body has (RFC 9112, 6.3); None if it comes in chunks."""
    codings, lengths = framing.get(b"transfer-encoding"), framing.get(b"content-length")
    if codings:
        if lengths:
            raise not_http("a Content-Length or a Transfer-Encoding, not both")
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise not_http("Transfer-Encoding: chunked, and no other coding")
        return None
    if not lengths:
        return 0
    # Repeated, it must say the same each time.
    values = {value.strip(b" \t") for line in lengths for value in line.split(b",")}
    value = values.pop()
    if values or not _LENGTH.fullmatch(value):
        raise not_http("one whole number as Content-Length")
    return int(value)


def _members(lines: Sequence[bytes] | None) -> Sequence[bytes]:
    """The members of a header that is a list, in lower case."""
    if not lines:
        return ()
    return [member.strip(b" \t") for member in b",".join(lines).lower().split(b",")]
