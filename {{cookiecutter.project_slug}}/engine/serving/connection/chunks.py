"""A request's body in chunks (RFC 9112, 7.1)."""

import re

from engine.serving.connection.grammar import FRAMING_HEADERS, HEADER, HEADER_LINES, TEXT, not_http

# A body in chunks may carry so many bytes of framing, and a sixteenth of its own size more: a body
# in tiny chunks would else cost a hundred times the work of the same body in one piece.
MAX_CHUNK_OVERHEAD = 65_536
MAX_CHUNK_LINE = MAX_TRAILER_BYTES = 4_096

# Every chunk but the first one follows the line end of the one before.
_FIRST_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;%b|[ \t]*+)\r\n" % TEXT)
_NEXT_CHUNK = re.compile(b"\r\n" + _FIRST_CHUNK.pattern)
_CHUNK_BEGINNING = re.compile(rb"(?:[0-9A-Fa-f]{1,16}(?:;%b|[ \t]*+)\r?)?" % TEXT)


class ChunkedBody:
    """Reads the chunks; extensions and trailers are checked and dropped."""

    def __init__(self) -> None:
        self._line = _FIRST_CHUNK
        self._missing = 0  # bytes of the current chunk that are still to come
        self._overhead = 0  # bytes of framing so far, less a sixteenth of the data
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
                self._overhead -= len(piece) // 16
                if self._missing:
                    break
                self._line = _NEXT_CHUNK
            line = self._line.match(buffer, at)
            if line is None:
                self._check_beginning(buffer[at : at + MAX_CHUNK_LINE])
                break
            self._overhead += line.end() - at
            if self._overhead > MAX_CHUNK_OVERHEAD:
                raise not_http("larger chunks, or a Content-Length")
            at, self._missing = line.end(), int(line[1], 16)
            self._in_trailer = not self._missing
        del buffer[:at]
        return bytes(data), self._in_trailer and self._trailer_ended(buffer)

    def _check_beginning(self, line: bytearray) -> None:
        """Raise a Refusal if no bytes to come can make this the line of a chunk."""
        ending = b"" if self._line is _FIRST_CHUNK else b"\r\n"
        rest = line.removeprefix(ending)
        if len(line) == MAX_CHUNK_LINE or not (
            ending.startswith(line)
            or (line.startswith(ending) and _CHUNK_BEGINNING.fullmatch(rest))
        ):
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
        names = {name.lower() for name, _ in HEADER.findall(lines)}
        if HEADER_LINES.fullmatch(lines) is None or names & FRAMING_HEADERS:
            raise not_http("trailers of the form 'Name: value' that frame nothing")
        del buffer[: end + 3]
        return True
