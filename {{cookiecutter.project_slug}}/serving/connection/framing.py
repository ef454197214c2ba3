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

from serving.http.errors import Refusal

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 200
# A body in chunks may carry so many bytes of framing, and a quarter of its own size more: one-byte
# chunks would else cost a hundred times the work of the same body in one piece.
MAX_CHUNK_OVERHEAD = 65_536
MAX_CHUNK_LINE = MAX_TRAILER_BYTES = 4_096

Headers = list[tuple[bytes, bytes]]

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*+"
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]++) HTTP/([0-9])\.([0-9])\r\n" % _TOKEN)
_HEADER = re.compile(rb"(%b):[ \t]*+(%b)\r\n" % (_TOKEN, _TEXT))
_HEADER_LINES = re.compile(rb"(?:%b:%b\r\n)*+" % (_TOKEN, _TEXT))
# Every chunk but the first one follows the line end of the one before.
_FIRST_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;%b|[ \t]*+)\r\n" % _TEXT)
_NEXT_CHUNK = re.compile(b"\r\n" + _FIRST_CHUNK.pattern)
_LENGTH = re.compile(rb"[0-9]{1,20}")
# Headers that this module reads.
_FRAMING = frozenset({b"host", b"connection", b"content-length", b"transfer-encoding", b"expect"})


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
        self._chunks = _ChunkedBody()

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
            if buffer and (buffer[0] <= 0x20 or buffer.find(b"\n\n", self._searched) >= 0):
                raise _bad("lines that end in CRLF, the first of them a request line")
            if len(buffer) > MAX_HEAD_BYTES:
                raise _head_too_large(f"{MAX_HEAD_BYTES:,} bytes")
            self._searched = max(0, len(buffer) - 2)
            return None
        if end + 3 > MAX_HEAD_BYTES:
            raise _head_too_large(f"{MAX_HEAD_BYTES:,} bytes")
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

    def _parse(self, lines: bytes) -> Head:
        line = _REQUEST_LINE.match(lines)
        if line is None:
            raise _bad("a request line such as 'GET /livez HTTP/1.1'")
        method, target, major, minor = line.groups()
        if major != b"1":
            raise _bad("HTTP/1.1")
        if _HEADER_LINES.fullmatch(lines, line.end()) is None:
            raise _bad("header lines of the form 'Name: value'")
        found = _HEADER.findall(lines, line.end())
        if len(found) > MAX_HEADERS:
            raise _head_too_large(f"{MAX_HEADERS} headers")
        headers = [(name.lower(), value.rstrip(b" \t")) for name, value in found]
        framing: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            if name in _FRAMING:
                framing.setdefault(name, []).append(value)
        is_old = minor == b"0"
        if len(framing.get(b"host", ())) != (0 if is_old and b"host" not in framing else 1):
            raise _bad("exactly one Host header")
        self._missing, self._chunks = _body_length(framing), _ChunkedBody()
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
            raise _bad("a Content-Length or a Transfer-Encoding, not both")
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise _bad("Transfer-Encoding: chunked, and no other coding")
        return None
    if not lengths:
        return 0
    # Repeated, it must say the same each time.
    values = {value.strip(b" \t") for line in lengths for value in line.split(b",")}
    value = values.pop()
    if values or not _LENGTH.fullmatch(value):
        raise _bad("one whole number as Content-Length")
    return int(value)


def _members(lines: Sequence[bytes] | None) -> Sequence[bytes]:
    """The members of a header that is a list, in lower case."""
    if not lines:
        return ()
    return [member.strip(b" \t") for member in b",".join(lines).lower().split(b",")]


class _ChunkedBody:
    """A body in chunks (RFC 9112, 7.1); extensions and trailers are checked and dropped."""

    def __init__(self) -> None:
        self._line = _FIRST_CHUNK
        self._missing = 0  # bytes of the current chunk that are still to come
        self._overhead = 0  # bytes of framing so far, less a quarter of the data
        self._in_trailer = False

    def read(self, buffer: bytearray) -> tuple[bytes, bool]:
        """Take what has arrived out of `buffer`: data, and whether it is all.

        Raises:
            Refusal: these are no chunks, or very small ones in great number.
        """
        data, at = bytearray(), 0
        while not self._in_trailer:
            if self._missing:
                piece = buffer[at : at + self._missing]
                data += piece
                at += len(piece)
                self._missing -= len(piece)
                self._overhead -= len(piece) // 4
                if self._missing:
                    break
                self._line = _NEXT_CHUNK
            line = self._line.match(buffer, at)
            if line is None:
                self._check_beginning(buffer[at : at + MAX_CHUNK_LINE])
                break
            self._overhead += line.end() - at
            if self._overhead > MAX_CHUNK_OVERHEAD:
                raise _bad("larger chunks, or a Content-Length")
            at, self._missing = line.end(), int(line[1], 16)
            self._in_trailer = not self._missing
        del buffer[:at]
        return bytes(data), self._in_trailer and self._trailer_ended(buffer)

    def _check_beginning(self, line: bytearray) -> None:
        """Raise a Refusal if no bytes to come can make this the line of a chunk."""
        begun = 0 if self._line is _FIRST_CHUNK else 2
        if (
            line[:begun] != b"\r\n"[: len(line)][:begun]
            or line.find(b"\n", begun) >= 0
            or len(line) == MAX_CHUNK_LINE
        ):
            raise _bad("CRLF after a chunk, and the size of the next in hexadecimal digits")

    def _trailer_ended(self, buffer: bytearray) -> bool:
        if buffer[:2] == b"\r\n":
            del buffer[:2]
            return True
        end = buffer.find(b"\n\r\n")
        if end < 0:
            begins_well = buffer[:1] > b" " or b"\r\n".startswith(buffer)
            if not begins_well or buffer.find(b"\n\n") >= 0:
                raise _bad("trailers whose lines end in CRLF")
            if len(buffer) > MAX_TRAILER_BYTES:
                raise _bad(f"at most {MAX_TRAILER_BYTES:,} bytes of trailers")
            return False
        lines = bytes(buffer[: end + 1])
        names = {name.lower() for name, _ in _HEADER.findall(lines)}
        if _HEADER_LINES.fullmatch(lines) is None or names & _FRAMING:
            raise _bad("trailers of the form 'Name: value' that frame nothing")
        del buffer[: end + 3]
        return True


CLOSE = {"Connection": "close"}


def incomplete() -> Refusal:
    """What a client gets that ends its side of the connection in the middle of a request."""
    return _bad("a whole request before the end of the connection")


def _bad(expected: str) -> Refusal:
    return Refusal("not-http", f"expected {expected}; see RFC 9112", headers=CLOSE)


def _head_too_large(most: str) -> Refusal:
    return Refusal("head-too-large", f"expected at most {most} before the body", headers=CLOSE)
