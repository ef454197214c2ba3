"""HTTP/1.1 framing (RFC 9112): where a request begins, which bytes are its body, where it ends.

The rules are h11's, and a test compares both. Where they differ, this reader is stricter, because a
proxy might read the same bytes differently: line ends are CRLF; folded header lines, control
characters, and a length beside `Transfer-Encoding` are refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from engine.serving.http.errors import ProblemError

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 200
# Bytes of framing in a chunked body, less a sixteenth of its size. A body in tiny chunks would cost
# a hundred times the work of the same body in one piece.
MAX_CHUNK_OVERHEAD = 65_536
MAX_CHUNK_LINE = MAX_TRAILER_BYTES = 4_096

# RFC 9110, 5.5 and 5.6; RFC 9112, 3 and 7.1.
_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*+"
_HEADER = re.compile(rb"(%b):[ \t]*+(%b)\r\n" % (_TOKEN, _TEXT))
_HEADER_LINES = re.compile(rb"(?:%b:%b\r\n)*+" % (_TOKEN, _TEXT))
_REQUEST_LINE = re.compile(rb"(%b) ([\x21-\x7e]++) HTTP/([0-9])\.([0-9])\r\n" % _TOKEN)
_BARE_CR = re.compile(rb"\r[^\n]")
_LENGTH = re.compile(rb"[0-9]{1,20}")
# Every chunk but the first one follows the line end of the previous one.
_FIRST_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;%b|[ \t]*+)\r\n" % _TEXT)
_NEXT_CHUNK = re.compile(b"\r\n" + _FIRST_CHUNK.pattern)
_CHUNK_BEGINNING = re.compile(rb"(?:[0-9A-Fa-f]{1,16}(?:;%b|[ \t]*+)\r?)?" % _TEXT)
# These headers decide where a request ends, or what follows it.
_FRAMING_HEADERS = {b"host", b"connection", b"content-length", b"transfer-encoding", b"expect"}
_CLOSE = {"Connection": "close"}


def not_http(expected: str, code: str = "not-http") -> ProblemError:
    """The error for bytes that are not what HTTP expects in their position."""
    return ProblemError(code, f"expected {expected}; see RFC 9112", headers=_CLOSE)


@dataclass(slots=True)
class Head:
    """What comes before a request's body; the names of headers are in lower case."""

    method: str
    target: bytes
    version: str
    headers: list[tuple[bytes, bytes]]
    keep_alive: bool  # the client may send another request on the same connection
    expects_continue: bool  # the client waits for `100 Continue` before it sends the body


class RequestReader:
    """Splits the bytes of one connection into requests; raises a ProblemError for bad framing."""

    def __init__(self) -> None:
        self.buffer = bytearray()  # bytes that were received and not yet read
        self._searched = 0  # no head ends before this position in the buffer
        # Bytes of the body that are still to come; None if it comes in chunks.
        self._remaining: int | None = 0
        self._chunks = _ChunkedBody()

    def read_head(self) -> Head | None:
        """The head of the next request, or None while its end has not arrived."""
        buffer = self.buffer
        end = buffer.find(b"\n\r\n", self._searched)
        if (len(buffer) if end < 0 else end + 3) > MAX_HEAD_BYTES:
            raise not_http(f"a head of at most {MAX_HEAD_BYTES:,} bytes", "head-too-large")
        if end < 0:
            self._check_beginning()
            self._searched = max(0, len(buffer) - 2)
            return None
        lines = bytes(buffer[: end + 1])
        del buffer[: end + 3]
        self._searched = 0
        return self._parse(lines)

    def read_body(self) -> tuple[bytes, bool]:
        """What has arrived of the body of the last request, and whether that is its end."""
        if self._remaining is None:
            return self._chunks.read(self.buffer)
        data = bytes(self.buffer[: self._remaining])
        del self.buffer[: self._remaining]
        self._remaining -= len(data)
        return data, not self._remaining

    def _check_beginning(self) -> None:
        """Raise a ProblemError if no bytes to come can make this the head of a request."""
        buffer = self.buffer
        if (buffer and buffer[0] <= 0x20) or _BARE_CR.search(buffer, self._searched):
            raise not_http("lines that end in CRLF, the first of them a request line")
        if buffer.find(b"\n", self._searched) < 0:  # no line has ended since the last time
            return
        line = _REQUEST_LINE.match(buffer)
        headers = line and _HEADER_LINES.match(buffer, line.end())
        if headers is None or buffer.find(b"\n", headers.end()) >= 0:
            raise not_http("a request line, then header lines of the form 'Name: value'")

    def _parse(self, lines: bytes) -> Head:
        if (line := _REQUEST_LINE.match(lines)) is None:
            raise not_http("a request line such as 'GET /livez HTTP/1.1'")
        method, target, major, minor = line.groups()
        if major != b"1":
            raise not_http("HTTP/1.1")
        if _HEADER_LINES.fullmatch(lines, line.end()) is None:
            raise not_http("header lines of the form 'Name: value'")
        pairs = _HEADER.findall(lines, line.end())
        if len(pairs) > MAX_HEADERS:
            raise not_http(f"at most {MAX_HEADERS} headers", "head-too-large")
        headers = [(name.lower(), value.rstrip(b" \t")) for name, value in pairs]
        framing: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            if name in _FRAMING_HEADERS:
                framing.setdefault(name, []).append(value)
        is_old = minor == b"0"
        if len(framing.get(b"host", ())) != (0 if is_old and b"host" not in framing else 1):
            raise not_http("exactly one Host header")
        codings = framing.get(b"transfer-encoding", ())
        self._remaining = _body_length(codings, framing.get(b"content-length", ()))
        self._chunks = _ChunkedBody()
        version = "1.0" if is_old else "1.1"
        keep_alive = not is_old and b"close" not in _members(framing.get(b"connection", ()))
        expects_continue = not is_old and b"100-continue" in _members(framing.get(b"expect", ()))
        return Head(method.decode("ascii"), target, version, headers, keep_alive, expects_continue)


def _body_length(codings: Sequence[bytes], lengths: Sequence[bytes]) -> int | None:
    """How many bytes the body has (RFC 9112, 6.3); None if it comes in chunks."""
    if codings:
        if lengths:
            raise not_http("a Content-Length or a Transfer-Encoding, not both")
        if len(codings) != 1 or codings[0].lower() != b"chunked":
            raise not_http("Transfer-Encoding: chunked, and no other coding")
        return None
    if not lengths:
        return 0
    # A repeated header must have the same value each time.
    values = {value.strip(b" \t") for line in lengths for value in line.split(b",")}
    value = values.pop()
    if values or not _LENGTH.fullmatch(value):
        raise not_http("one whole number as Content-Length")
    return int(value)


def _members(lines: Sequence[bytes]) -> Sequence[bytes]:
    """The members of a header that is a list, in lower case."""
    return [member.strip(b" \t") for member in b",".join(lines).lower().split(b",")]


class _ChunkedBody:
    """Reads a body in chunks; extensions and trailers are checked and dropped."""

    def __init__(self) -> None:
        self._line = _FIRST_CHUNK
        self._remaining = 0  # bytes of the current chunk that are still to come
        self._overhead = 0  # bytes of framing so far, less a sixteenth of the data
        self._in_trailer = False

    def read(self, buffer: bytearray) -> tuple[bytes, bool]:
        """Take what has arrived out of `buffer`: data, and whether it is all."""
        data, at = bytearray(), 0
        while not self._in_trailer:
            if self._remaining:
                piece = buffer[at : at + self._remaining]
                data += piece
                at += len(piece)
                self._remaining -= len(piece)
                self._overhead -= len(piece) // 16
                if self._remaining:
                    break
                self._line = _NEXT_CHUNK
            line = self._line.match(buffer, at)
            if line is None:
                self._check_beginning(buffer[at : at + MAX_CHUNK_LINE])
                break
            self._overhead += line.end() - at
            if self._overhead > MAX_CHUNK_OVERHEAD:
                raise not_http("larger chunks, or a Content-Length")
            at, self._remaining = line.end(), int(line[1], 16)
            self._in_trailer = not self._remaining
        del buffer[:at]
        return bytes(data), self._in_trailer and self._trailer_ended(buffer)

    def _check_beginning(self, line: bytearray) -> None:
        """Raise a ProblemError if no bytes to come can make this the line of a chunk."""
        ending = b"" if self._line is _FIRST_CHUNK else b"\r\n"
        may_fit = ending.startswith(line) or (
            line.startswith(ending) and _CHUNK_BEGINNING.fullmatch(line.removeprefix(ending))
        )
        if len(line) == MAX_CHUNK_LINE or not may_fit:
            raise not_http("CRLF after a chunk, and the size of the next in hexadecimal digits")

    def _trailer_ended(self, buffer: bytearray) -> bool:
        if buffer[:2] == b"\r\n":
            del buffer[:2]
            return True
        end = buffer.find(b"\n\r\n")
        if end < 0:
            begins_well = buffer[:1] > b" " or b"\r\n".startswith(buffer)
            if not begins_well or buffer.find(b"\n\n") >= 0:
                raise not_http("trailers whose lines end in CRLF")
            if len(buffer) > MAX_TRAILER_BYTES:
                raise not_http(f"at most {MAX_TRAILER_BYTES:,} bytes of trailers")
            return False
        lines = bytes(buffer[: end + 1])
        names = {name.lower() for name, _ in _HEADER.findall(lines)}
        if _HEADER_LINES.fullmatch(lines) is None or names & _FRAMING_HEADERS:
            raise not_http("trailers of the form 'Name: value' that frame nothing")
        del buffer[: end + 3]
        return True
