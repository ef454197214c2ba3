"""What the files beside this one share of HTTP's grammar (RFC 9110, 5.5 and 5.6; RFC 9112)."""

import re

from engine.serving.http.errors import ProblemError

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
TEXT = rb"[^\x00-\x08\x0a-\x1f\x7f]*+"
HEADER = re.compile(rb"(%b):[ \t]*+(%b)\r\n" % (TOKEN, TEXT))
HEADER_LINES = re.compile(rb"(?:%b:%b\r\n)*+" % (TOKEN, TEXT))
# Headers that say where a request ends, or what follows it.
FRAMING_HEADERS = frozenset(
    {b"host", b"connection", b"content-length", b"transfer-encoding", b"expect"}
)

CLOSE = {"Connection": "close"}


def not_http(expected: str) -> ProblemError:
    """The error for bytes that are not what HTTP expects in their place."""
    return ProblemError("not-http", f"expected {expected}; see RFC 9112", headers=CLOSE)


def incomplete() -> ProblemError:
    """The error for a client that ends its side of the connection in the middle of a request."""
    return not_http("a whole request before the end of the connection")


def head_too_large(most: str) -> ProblemError:
    """The error for a head over a limit."""
    return ProblemError("head-too-large", f"expected at most {most} before the body", headers=CLOSE)
