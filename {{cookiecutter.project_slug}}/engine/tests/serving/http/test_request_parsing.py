"""A body is read within its limit, decoded, and checked record by record."""

import asyncio
import gzip
import json
import sys
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from engine.bundle.bundle import Contract
from engine.serving.http.errors import MOST_ERRORS, ProblemError
from engine.serving.http.request_parsing import (
    TURN_SECONDS,
    count_rows,
    labels_of,
    read_body,
    read_rows,
    small_turns,
    validated,
)
from engine.serving.http.schema import Limits, Schema, schema_of
from engine.tests.serving.made import COLUMNS, ROW

LIMITS = Limits(body_bytes=100, rows=3)
LABEL = {"prediction_id": "0" * 32, "label": True}
Headers = list[tuple[bytes, bytes]]


@pytest.fixture(scope="module")
def schema() -> Schema:
    return schema_of(Contract("binary", (False, True), COLUMNS, ()), LIMITS)


def read(pieces: Iterable[Any], headers: Headers = []) -> tuple[bytes, int]:  # noqa: B006
    """The body that comes in these pieces (None: the client leaves), and how many were read."""
    messages = [
        {"type": "http.disconnect"}
        if piece is None
        else {"type": "http.request", "body": piece, "more_body": True}
        for piece in pieces
    ]
    if messages and messages[-1]["type"] == "http.request":
        del messages[-1]["more_body"]
    count = len(messages)

    async def receive() -> Any:
        return messages.pop(0)

    body = asyncio.run(read_body({"headers": headers}, receive, LIMITS))
    return body, count - len(messages)


def refusal(pieces: Iterable[Any], headers: Headers = []) -> ProblemError:  # noqa: B006
    with pytest.raises(ProblemError) as refused:
        read(pieces, headers)
    return refused.value


def test_body_is_all_of_its_pieces() -> None:
    assert read([b"ab", b"", b"c"]) == (b"abc", 3)
    assert read([b""]) == (b"", 1)
    assert read([b"x" * 60, b"x" * 40]) == (b"x" * 100, 2)
    assert read([b"x" * 100], [(b"content-length", b"100"), (b"host", b"1000")])[0] == b"x" * 100


def test_body_over_the_limit_ends_the_connection() -> None:
    """What of it is still to come would be read as the next request."""
    for pieces in ([b"x" * 101], [b"x" * 60, b"x" * 41, b"x"]):
        error = refusal(pieces)
        assert (error.code, error.headers) == ("body-too-large", {"Connection": "close"})
        assert "at most 100 bytes" in error.detail


def test_body_with_a_length_over_the_limit_is_refused_unread() -> None:
    error = refusal([], [(b"content-length", b"101")])
    assert (error.code, error.headers) == ("body-too-large", {"Connection": "close"})
    for length in (b"", b"-101", b"1e9", b"+101", b"101,101"):  # what is no length is counted
        assert read([b"abc"], [(b"content-length", length)])[0] == b"abc"


@pytest.mark.parametrize("pieces", [[None], [b"abc", None]])
def test_client_that_leaves_ends_the_reading(pieces: list[Any]) -> None:
    with pytest.raises(ClientDisconnect):
        read(pieces)


def encoded(*names: bytes) -> Headers:
    return [(b"content-encoding", name) for name in names]


@pytest.mark.parametrize(
    "names",
    [[b"gzip"], [b"X-GZip"], [b" identity ,gzip, "], [b"identity", b"gzip"], [b"", b"gzip"]],
)
def test_body_in_gzip_is_decoded_up_to_the_limit(names: list[bytes]) -> None:
    whole = gzip.compress(b"a" * 100)
    assert read([whole[:5], whole[5:]], encoded(*names))[0] == b"a" * 100
    assert read([gzip.compress(b"")], encoded(*names))[0] == b""
    error = refusal([gzip.compress(b"a" * 101)], encoded(*names))
    # All of it was read, so the connection may stay.
    assert (error.code, error.headers) == ("body-too-large", {})


@pytest.mark.parametrize("names", [[b"identity"], [b""], [b"identity, identity"], [b" , "]])
def test_body_without_a_coding_is_as_it_is(names: list[bytes]) -> None:
    assert read([b"abc"], encoded(*names))[0] == b"abc"


@pytest.mark.parametrize(
    ("names", "shown"),
    [([b"br"], "br"), ([b"gzip, gzip"], "gzip, gzip"), ([b"gzip", b"\xe9"], "é")],
)
def test_other_coding_is_told_with_those_that_are_read(names: list[bytes], shown: str) -> None:
    error = refusal([b"abc"], encoded(*names))
    assert error.code == "wrong-encoding"
    assert error.headers == {"Accept-Encoding": "gzip, identity"}
    assert shown in error.detail


# Without a time: tests are named by their bytes.
ONE_STREAM = gzip.compress(b"abc", mtime=0)


@pytest.mark.parametrize("body", [b"", b"abc", ONE_STREAM[:-1], ONE_STREAM * 2])
def test_body_that_is_not_one_gzip_stream_is_told(body: bytes) -> None:
    assert refusal([body], encoded(b"gzip")).code == "not-decoded"


@pytest.mark.parametrize(("rows", "code"), [(0, "invalid"), (1, ""), (3, ""), (4, "too-many-rows")])
def test_rows_are_counted(rows: int, code: str) -> None:
    if not code:
        count_rows(rows, LIMITS)
        return
    with pytest.raises(ProblemError) as refused:
        count_rows(rows, LIMITS)
    assert refused.value.code == code
    assert f"1 to 3 rows, got {rows}" in refused.value.detail
    fault = {"field": "rows", "expected": "1 to 3", "got": "0"}
    assert refused.value.errors == ([] if rows else [fault])


def of(body: Any, schema: Schema) -> tuple[list[dict[str, Any]], bool]:
    return read_rows(json.dumps(body).encode(), schema)


def test_one_row_and_many_rows_are_told_apart(schema: Schema) -> None:
    assert of(ROW, schema) == ([ROW], False)
    assert of({"rows": [ROW]}, schema) == ([ROW], True)
    assert of({"rows": [ROW, ROW | {"items": 4}]}, schema)[0][1]["items"] == 4
    spaced = b" " * 70 + json.dumps({"rows": [ROW]}).encode()
    assert read_rows(spaced, schema) == ([ROW], True)
    # A row that is longer than most takes the other way.
    assert read_rows(b" " * 5_000 + json.dumps(ROW).encode(), schema) == ([ROW], False)


@pytest.mark.parametrize("spaces", [0, 5_000])
def test_row_is_checked_alike_however_long_its_body_is(schema: Schema, spaces: int) -> None:
    for body, code, fields in (
        ('{"items": 0}', "invalid", None),
        ("[1]", "invalid", ["body"]),
        ("{", "not-json", []),
        (json.dumps(ROW)[:-1] + ', "items": 3}', "invalid", []),
        (json.dumps(ROW | {"rows": [1]}), "invalid", None),
    ):
        with pytest.raises(ProblemError) as refused:
            read_rows(b" " * spaces + body.encode(), schema)
        assert refused.value.code == code
        if fields is not None:
            assert [one["field"] for one in refused.value.errors] == fields


def test_list_beside_other_members_is_refused_by_their_names(schema: Schema) -> None:
    with pytest.raises(ProblemError) as refused:
        of({"rows": [ROW], "row": 1, "id": 2}, schema)
    assert [(one["field"], one["expected"]) for one in refused.value.errors] == [
        ("row", "no such field; did you mean 'rows'?"),
        ("id", "no such field"),
    ]


def test_labels_come_alone_or_in_a_list(schema: Schema) -> None:
    for body in (LABEL, {"labels": [LABEL]}):
        assert labels_of(json.dumps(body).encode(), schema) == [LABEL]
    with pytest.raises(ProblemError) as refused:
        labels_of(json.dumps({"labels": [LABEL] * 4}).encode(), schema)
    assert refused.value.code == "too-many-rows"
    with pytest.raises(ProblemError) as refused:
        labels_of(json.dumps({"labels": [LABEL, {"label": 7}]}).encode(), schema)
    assert [(one["field"], one["expected"]) for one in refused.value.errors] == [
        ("labels[1].prediction_id", "the prediction_id of a prediction"),
        ("labels[1].label", "one of false, true"),
    ]


def test_records_are_checked_until_there_are_enough_errors(schema: Schema) -> None:
    read = 0

    def rows() -> Iterable[Any]:
        nonlocal read
        for number in range(1_000):
            read += 1
            yield ROW | {"items": 0 if number % 2 else 1, "days": -0.5 if number % 2 else 1}

    with pytest.raises(ProblemError) as refused:
        validated(rows(), schema)
    fields = [one["field"] for one in refused.value.errors]
    assert len(fields) == MOST_ERRORS
    assert fields[:3] == ["rows[1].items", "rows[1].days", "rows[3].items"]
    assert read == 22  # eleven rows with two errors each are more than are listed
    assert validated([ROW, ROW], schema) == [ROW, ROW]
    assert validated([], schema) == []


def test_single_record_has_no_place(schema: Schema) -> None:
    with pytest.raises(ProblemError) as refused:
        validated([ROW | {"items": 0}], schema, "Row", ())
    [fault] = refused.value.errors
    assert fault == {"field": "items", "expected": "a whole number from 1 to 100", "got": "0"}


def test_turns_are_small_until_their_last_user_ends() -> None:
    usual, first, last = sys.getswitchinterval(), threading.Event(), threading.Event()

    def use() -> None:
        with small_turns():
            first.set()
            assert last.wait(30)

    thread = threading.Thread(target=use)
    with small_turns():
        thread.start()
        assert first.wait(30)
    assert sys.getswitchinterval() == pytest.approx(TURN_SECONDS, rel=0.01)
    last.set()
    thread.join()
    assert sys.getswitchinterval() == usual
