"""Requests are split as h11 splits them, whole or in pieces, or more strictly."""

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import h11
import pytest

from engine.serving.connection.framing import (
    MAX_CHUNK_OVERHEAD,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    RequestReader,
)
from engine.serving.http.errors import ProblemError
from engine.tests.serving.connection.framing_cases import CASES, CHUNKED, GET, POST, STRICTER, get
from engine.tests.serving.soak import scaled

Request = tuple[str, bytes, bytes]


class Read(NamedTuple):
    """The requests that were read (method, target, body), and what comes next."""

    requests: list[Request]
    next: str
    """`refused`, `closed`, or in what part more bytes are waited for: `head`, `body`, `request`."""


def read_by_server(pieces: Sequence[bytes]) -> Read:
    reader, head, body = RequestReader(), None, b""
    requests: list[Request] = []
    try:
        for piece in pieces:
            reader.buffer += piece
            while head := head or reader.read_head():
                data, ended = reader.read_body()
                body += data
                if not ended:
                    break
                requests.append((head.method, head.target, body))
                if not head.keep_alive:
                    return Read(requests, "closed")
                head, body = None, b""
    except ProblemError:
        return Read(requests, "refused")
    return Read(requests, "body" if head else "head" if reader.buffer else "request")


def read_by_h11(data: bytes) -> Read:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    requests: list[Request] = []
    method, target, body = "", b"", b""
    try:
        while (event := connection.next_event()) is not h11.NEED_DATA:
            if event is h11.PAUSED:
                return Read(requests, "closed")
            if isinstance(event, h11.Request):
                method, target, body = event.method.decode(), event.target, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                requests.append((method, target, body))
                method = ""
                connection.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is not h11.DONE:
                    return Read(requests, "closed")
                connection.start_next_cycle()
    except h11.RemoteProtocolError:
        return Read(requests, "refused")
    waits_in_head = bool(connection.trailing_data[0])
    return Read(requests, "body" if method else "head" if waits_in_head else "request")


@pytest.mark.parametrize("name", CASES)
def test_request_whole_is_read_as_h11_reads_it(name: str) -> None:
    assert read_by_server([CASES[name]]) == read_by_h11(CASES[name])


@pytest.mark.parametrize("name", STRICTER)
def test_request_that_a_proxy_may_read_otherwise_is_refused(name: str) -> None:
    _, data = STRICTER[name]
    assert read_by_server([data]) == Read([], "refused")
    assert read_by_h11(data) != Read([], "refused")  # else it belongs to the other table


@pytest.mark.parametrize("name", [*CASES, *STRICTER])
def test_request_split_anywhere_is_read_the_same(name: str) -> None:
    data = CASES[name] if name in CASES else STRICTER[name][1]
    whole = read_by_server([data])
    for at in range(1, len(data)):
        assert read_by_server([data[:at], data[at:]]) == whole
    assert read_by_server([data[at : at + 1] for at in range(len(data))]) == whole


def test_two_requests_after_each_other_keep_their_bodies() -> None:
    """Every pair of the well framed ones; none takes a byte of the other."""
    good = {name: data for name, data in CASES.items() if read_by_h11(data).next == "request"}
    assert len(good) > 20
    for (_, first), (_, second) in pairwise(good.items()):
        both = read_by_server([first + second])
        assert both.requests == [*read_by_h11(first).requests, *read_by_h11(second).requests]


@pytest.mark.parametrize(
    "name",
    ENDLESS := {
        "head": get(b"X: " + b"a" * MAX_HEAD_BYTES),
        "head without an end": get(b"X: " + b"a" * MAX_HEAD_BYTES)[:-4],
        "target": b"GET /" + b"a" * MAX_HEAD_BYTES,
        "headers": get(*[b"X: a"] * MAX_HEADERS),
        "tiny chunks": CHUNKED + b"1\r\na\r\n" * MAX_CHUNK_OVERHEAD,
        "chunk extension": CHUNKED + b"1;" + b"a" * MAX_HEAD_BYTES,
        "trailer": CHUNKED + b"0\r\nX: " + b"a" * MAX_HEAD_BYTES,
    },
)
def test_framing_over_its_limit_is_refused(name: str) -> None:
    assert read_by_server([ENDLESS[name]]).next == "refused"


def test_framing_of_a_usual_size_is_read() -> None:
    assert len(read_by_server([get(b"X: " + b"a" * 60_000)]).requests) == 1
    small_chunks = CHUNKED + b"1\r\na\r\n" * 10_000 + b"0\r\n\r\n"
    assert read_by_server([small_chunks]).requests[0][2] == b"a" * 10_000
    assert len(read_by_server([POST + b"Content-Length: 9\r\n\r\n" + b"a" * 9 + GET]).requests) == 2


def test_damaged_request_is_never_read_more_freely_than_by_h11() -> None:
    """Bytes changed by chance: the requests that h11 finds, or the first of them and a refusal."""
    dice = random.Random(0)  # noqa: S311  # chance that repeats itself
    cases = list(CASES.values())
    for _ in range(scaled(3_000, 200_000)):
        data = bytearray(dice.choice(cases))
        for _ in range(dice.randrange(1, 4)):
            at = dice.randrange(len(data) + 1)
            piece = bytes(dice.choices(b"\r\n \t:,;03aAx-\0\x01\xe9", k=dice.randrange(3)))
            data[at : at + dice.randrange(3)] = piece
        result, expected = read_by_server([bytes(data)]), read_by_h11(bytes(data))
        if result.next == "refused":
            assert result.requests == expected.requests[: len(result.requests)], bytes(data)
        else:
            assert result == expected, bytes(data)
