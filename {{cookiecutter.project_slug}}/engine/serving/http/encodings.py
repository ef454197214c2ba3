"""Decodes the body of a request that came with a Content-Encoding (RFC 9110, section 8.4)."""

import zlib
from collections.abc import Iterable

from engine.serving.http.errors import ProblemError, echo

ACCEPTED = "gzip, identity"
_HEADER = b"content-encoding"
_GZIP = (["gzip"], ["x-gzip"])
_GZIP_FORMAT = 16 + zlib.MAX_WBITS  # as zlib wants it: a gzip header and its checksum


def decoded(body: bytes, headers: Iterable[tuple[bytes, bytes]], most: int) -> bytes:
    """The body as it was before its sender encoded it, of at most `most` bytes.

    Raises:
        Refusal: the encoding is not supported, the body is not encoded so, or it becomes too long.
    """
    given = b",".join(value for name, value in headers if name == _HEADER).decode("latin-1")
    codings = [coding.strip().lower() for coding in given.split(",")]
    codings = [coding for coding in codings if coding not in ("", "identity")]
    if not codings:
        return body
    if codings not in _GZIP:
        raise ProblemError(
            "wrong-encoding",
            f"expected the Content-Encoding gzip or none, got {echo(given)}; send it plain",
            headers={"Accept-Encoding": ACCEPTED},
        )
    return _inflated(body, most)


def _inflated(body: bytes, most: int) -> bytes:
    engine = zlib.decompressobj(_GZIP_FORMAT)
    try:
        # It stops there: a body of 1 MB may otherwise become 1 GB.
        made = engine.decompress(body, most + 1)
    except zlib.error:
        raise _not_decoded("something else") from None
    if len(made) > most:
        raise too_large(most, "decoded")
    if not engine.eof:
        raise _not_decoded("one that ends too early")
    if engine.unused_data:
        raise _not_decoded("one with more bytes behind its end")
    return made


def _not_decoded(got: str) -> ProblemError:
    return ProblemError(
        "not-decoded", f"expected one gzip stream, as Content-Encoding says, got {got}"
    )


def too_large(most: int, form: str = "sent") -> ProblemError:
    """The error for a body of more than `most` bytes, sent or decoded."""
    return ProblemError(
        "body-too-large",
        f"expected a body of at most {most:,} bytes, got more ({form}); send its rows in several "
        "requests",
        headers={"Connection": "close"} if form == "sent" else None,
    )
