"""Requests as bytes, well and badly framed; a new case is one line.

`test_framing.py` reads each as h11 does. A case in `STRICTER` is one that h11 takes and the server
refuses, with the reason.
"""

from collections.abc import Mapping

GET = b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /post HTTP/1.1\r\nHost: a\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def get(*headers: bytes) -> bytes:
    """A GET with more header lines."""
    return GET[:-2] + b"".join(line + b"\r\n" for line in headers) + b"\r\n"


def post(body: bytes, *headers: bytes) -> bytes:
    """A POST with a body in one piece, its length in the first header line given."""
    return POST + b"".join(line + b"\r\n" for line in headers) + b"\r\n" + body


CASES: Mapping[str, bytes] = {
    # Lengths.
    "no body": GET,
    "length": post(b"abc", b"Content-Length: 3"),
    "length of zero": post(b"", b"Content-Length: 0") + GET,
    "length, zeros before": post(b"abc", b"Content-Length: 003"),
    "length, spaces around": post(b"abc", b"Content-Length: \t3 \t"),
    "length, one byte too many": post(b"abcd", b"Content-Length: 3"),
    "length, one byte too few": post(b"ab", b"Content-Length: 3"),
    "length twice, equal": post(b"abc", b"Content-Length: 3", b"Content-Length: 3"),
    "length as a list, equal": post(b"abc", b"Content-Length: 3, 3"),
    "length twice, different": post(b"abc", b"Content-Length: 3", b"Content-Length: 4"),
    "length as a list, different": post(b"abc", b"Content-Length: 3, 4"),
    "length, comma at the end": post(b"abc", b"Content-Length: 3,"),
    "length negative": post(b"abc", b"Content-Length: -3"),
    "length with a sign": post(b"abc", b"Content-Length: +3"),
    "length hexadecimal": post(b"abc", b"Content-Length: 0x3"),
    "length with a space inside": post(b"abc", b"Content-Length: 3 3"),
    "length with an underscore": post(b"abc", b"Content-Length: 1_0"),
    "length empty": post(b"", b"Content-Length:"),
    "length in other digits": post(b"abc", "Content-Length: ٣".encode()),
    "length of 20 digits": post(b"abc", b"Content-Length: 12345678901234567890"),
    "length of 23 digits": post(b"abc", b"Content-Length: 12345678901234567890123"),
    "length on a GET": get(b"Content-Length: 3") + b"abc" + GET,
    # Chunks.
    "chunks": CHUNKED + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" + GET,
    "chunks, hexadecimal": CHUNKED + b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "chunks, zeros before": CHUNKED + b"003\r\nabc\r\n000\r\n\r\n" + GET,
    "chunks, line ends in the data": CHUNKED + b"6\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n" + GET,
    "chunk extensions": CHUNKED + b"3;a=b\r\nabc\r\n0;c\r\n\r\n",
    "chunk extension, quoted line end": CHUNKED + b'3;a="\r\nabc\r\n0\r\n\r\n',
    "chunk extension, bare LF": CHUNKED + b"3;a\nb\r\nabc\r\n0\r\n\r\n",
    "chunk size, spaces after": CHUNKED + b"3  \r\nabc\r\n0\r\n\r\n",
    "chunk size, space before": CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n",
    "chunk size, space before the extension": CHUNKED + b"3 ;a\r\nabc\r\n0\r\n\r\n",
    "chunk size with 0x": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "chunk size negative": CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n",
    "chunk size with an underscore": CHUNKED + b"1_0\r\nabc\r\n0\r\n\r\n",
    "chunk size empty": CHUNKED + b"\r\nabc\r\n0\r\n\r\n",
    "chunk size of 16 digits": CHUNKED + b"ffffffffffffffff\r\nabc",
    "chunk size of 23 digits": CHUNKED + b"fffffffffffffffffffffff\r\nabc",
    "chunk longer than its size": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "chunk shorter than its size": CHUNKED + b"3\r\nab\r\n0\r\n\r\n",
    "no last chunk": CHUNKED + b"3\r\nabc\r\n",
    "trailers": CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\nZ: w\r\n\r\n" + GET,
    "trailer that is none": CHUNKED + b"0\r\nX y\r\n\r\n",
    # Transfer codings.
    "coding in capitals": post(b"0\r\n\r\n", b"Transfer-Encoding: CHUNKED"),
    "coding twice": post(b"0\r\n\r\n", *[b"Transfer-Encoding: chunked"] * 2),
    "coding as a list, equal": post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, chunked"),
    "coding gzip, then chunked": post(b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked"),
    "coding identity": post(b"", b"Transfer-Encoding: identity"),
    "coding unknown": post(b"0\r\n\r\n", b"Transfer-Encoding: xchunked"),
    "coding with a parameter": post(b"0\r\n\r\n", b"Transfer-Encoding: chunked;q=1"),
    "coding empty": post(b"", b"Transfer-Encoding:"),
    "coding behind a vertical tab": post(b"0\r\n\r\n", b"Transfer-Encoding: \x0bchunked"),
    "coding, space before the colon": post(b"0\r\n\r\n", b"Transfer-Encoding : chunked"),
    "coding on HTTP/1.0": b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + GET,
    # Upgrades are ignored (RFC 9110, 7.8).
    "upgrade to a web socket": get(b"Connection: Upgrade", b"Upgrade: websocket") + GET,
    "upgrade to HTTP/2, as Java asks": post(
        b"abc", b"Content-Length: 3", b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c", b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
    ) + GET,
    "upgrade of a chunked body": post(
        b"3\r\nabc\r\n0\r\n\r\n", b"Transfer-Encoding: chunked", b"Connection: upgrade",
        b"Upgrade: x",
    ) + GET,
    "upgrade with a request as its body": post(
        GET, b"Content-Length: %d" % len(GET), b"Connection: Upgrade", b"Upgrade: x"
    ) + GET,
    "upgrade without Connection": post(b"abc", b"Content-Length: 3", b"Upgrade: x") + GET,
    # One after the other.
    "two": GET + GET,
    "three, one with a body": GET + post(b"abc", b"Content-Length: 3") + GET,
    "a bad one behind a good one": GET + b"BAD\r\n\r\n",
    "a bad body behind a good request": GET + CHUNKED + b"x\r\n",
    "an empty line between": GET + b"\r\n" + GET,
    "a request behind the last": get(b"Connection: close") + GET,
    "close in capitals, in a list": get(b"Connection: Keep-Alive, CLOSE") + GET,
    "half a request behind a good one": GET + GET[:9],
    # Versions, hosts, expectations, methods, targets.
    "HTTP/1.0": b"GET / HTTP/1.0\r\n\r\n" + GET,
    "HTTP/1.0, keep alive": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + GET,
    "HTTP/1.0, length": b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.0, two hosts": b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "version in small letters": b"GET / http/1.1\r\nHost: a\r\n\r\n",
    "version of one digit": b"GET / HTTP/1\r\nHost: a\r\n\r\n",
    "version of three digits": b"GET / HTTP/1.10\r\nHost: a\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two hosts": get(b"Host: b"),
    "expects 100": post(b"abc", b"Content-Length: 3", b"Expect: 100-continue"),
    "expects 100 on HTTP/1.0": b"POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n",
    "expects something else": post(b"abc", b"Content-Length: 3", b"Expect: x"),
    "CONNECT": b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" + GET,
    "OPTIONS of all": b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    "absolute target": b"GET http://a/get HTTP/1.1\r\nHost: a\r\n\r\n" + GET,
    "a method of one's own": b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
    "method in small letters": b"get / HTTP/1.1\r\nHost: a\r\n\r\n",
    "method that is no token": b"G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    "two spaces": b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a tab for a space": b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "a space behind the version": b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
    "a target in UTF-8": "GET /é HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
    # Header lines.
    "empty value": get(b"X:"),
    "tabs in a value": get(b"X:\ta\tb\t"),
    "latin letters in a value": get(b"X: \xe9"),
    "latin letters in a name": get(b"\xe9: a"),
    "space before the colon": get(b"X : a"),
    "no colon": get(b"X"),
    "no name": get(b": a"),
    "NUL in a value": get(b"X: a\0b"),
    "CR in a value": get(b"X: a\rb"),
    "folded first line": b"GET / HTTP/1.1\r\n X: a\r\nHost: a\r\n\r\n",
    # No HTTP at all.
    "words": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an empty line first": b"\r\n" + GET,
    "a space first": b" " + GET,
}  # fmt: skip

STRICTER: Mapping[str, tuple[str, bytes]] = {
    "length and chunks": (
        "proxies differ in which of the two they believe",
        post(b"0\r\n\r\n", b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    ),
    "bare LF": (
        "a proxy may take it for a part of the line",
        b"GET / HTTP/1.1\nHost: a\n\n",
    ),
    "one bare LF": (
        "a proxy may take it for a part of the line",
        b"GET / HTTP/1.1\r\nHost: a\n\r\n",
    ),
    "another protocol": (
        "h11 waits for the end of a head that cannot come",
        b"SSH-2.0-OpenSSH_9.0\r\n",
    ),
    "bare LF, the head unfinished": (
        "h11 waits for the end of a head that cannot come",
        b"GET / HTTP/1.1\nHost: a\n",
    ),
    "bare CR": (
        "h11 waits for the end of a head that cannot come",
        b"GET / HTTP/1.1\rHost: a\r\r",
    ),
    "chunk size, unfinished": (
        "h11 waits for the end of the line",
        CHUNKED + b"ZZ",
    ),
    "bare LF in chunks": (
        "h11 waits for the line end for ever",
        CHUNKED + b"3\nabc\n0\n\n",
    ),
    "framing in a trailer": (
        "RFC 9110, 6.5.1: it does not belong there",
        CHUNKED + b"0\r\nContent-Length: 9\r\n\r\n" + GET,
    ),
    "folded line": (
        "RFC 9112, 5.2: a server refuses it, or replaces the fold by spaces",
        get(b"X: a", b" b"),
    ),
    "control character in a value": (
        "RFC 9110, 5.5: it is invalid",
        get(b"X: a\x01b"),
    ),
    "DEL in a value": (
        "RFC 9110, 5.5: it is invalid",
        get(b"X: a\x7fb"),
    ),
    "HTTP/2 without its negotiation": (
        "RFC 9113, 3.4: the client goes on in frames",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ),
    "HTTP/0.9 by name": (
        "it has no headers, so nothing marks the end of a body",
        b"GET / HTTP/0.9\r\n\r\n",
    ),
}
