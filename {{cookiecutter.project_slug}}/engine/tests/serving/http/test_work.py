"""A refused body costs what its size costs: no shape of it takes long or needs much memory."""

import asyncio
import gzip
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from engine.serving.http.errors import MOST_ERRORS, ProblemError
from engine.serving.http.request_parsing import read_body
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor
from engine.tests.serving.http.bodies import BODIES, CSV, INVOKE, JSON, LABELS, PREDICT
from engine.tests.serving.http.test_protocols import INFER, tensors
from engine.tests.serving.made import ROW

LIMIT = Limits().body_bytes
CALLS = 20_000  # of functions, Python's and C's: fewer than a body has values
MEMORY = 40_000_000
ANSWER = 20_000

# What a text may hold that JSON and CSV use themselves.
MARKS = [",", "{", "[", '"', ":", "\\", '\\"', "é", "\n", "\u2028"]


def body_of(start: bytes, piece: bytes, end: bytes) -> bytes:
    space = LIMIT - len(start) - len(end)
    longest = piece.replace(b"#", b"%d" % LIMIT)
    pieces = (piece.replace(b"#", b"%d" % number) for number in range(space // len(longest)))
    middle = b"".join(pieces) if b"#" in piece else piece * (space // len(piece))
    return start + middle + end


def sent(
    client: TestClient, path: str, kind: str, body: bytes, coding: bytes = b"identity"
) -> tuple[int, bytes]:
    """Status and body of the answer, without a client and a network between."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"content-type", kind.encode()), (b"content-encoding", coding)],
    }
    messages: list[Any] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        messages.append(message)

    asyncio.run(client.app(scope, receive, send))  # type: ignore[arg-type]
    return messages[0]["status"], b"".join(message.get("body", b"") for message in messages[1:])


@pytest.mark.parametrize(
    ("path", "kind", "start", "piece", "end"),
    BODIES,
    ids=[f"{path} {start[:40]!r} {piece[:20]!r}" for path, _, start, piece, _ in BODIES],
)
def test_body_of_any_shape_is_refused_at_the_cost_of_its_size(
    client: TestClient, path: str, kind: str, start: bytes, piece: bytes, end: bytes
) -> None:
    body = body_of(start, piece, end)
    status, answer = costs(client, path, kind, body)
    assert 400 <= status < 500
    assert len(answer) <= ANSWER
    assert len(json.loads(answer).get("errors", ())) <= MOST_ERRORS


def costs(
    client: TestClient, path: str, kind: str, body: bytes, coding: bytes = b"identity"
) -> tuple[int, bytes]:
    """As `sent`; fails where that needs more calls or memory than a body may."""
    sent(client, path, kind, b"")  # whatever is made once is made now
    with counted_calls() as calls:
        answer = sent(client, path, kind, body, coding)
    assert calls.total() <= CALLS, calls.most_common(5)
    tracemalloc.start()
    try:
        sent(client, path, kind, body, coding)
        assert tracemalloc.get_traced_memory()[1] <= MEMORY
    finally:
        tracemalloc.stop()
    return answer


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Calls by function, on this thread and on the one that reads large bodies.

    Unlike seconds, they are the same on a busy machine.
    """
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, called: Any) -> None:
        if event == "call":
            calls[frame.f_code.co_qualname] += 1
        elif event == "c_call":
            calls[called.__qualname__] += 1

    def run(read: Callable[[], Any]) -> Any:
        sys.setprofile(count)
        try:
            return read()
        finally:
            sys.setprofile(None)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.serving.http.request_parsing._run", run)
        sys.setprofile(count)
        try:
            yield calls
        finally:
            sys.setprofile(None)


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Less than a body may have, and five hundred times as much inside."""
    made = gzip.compress(bytes(500 * LIMIT))
    assert len(made) <= LIMIT
    return made


@pytest.mark.parametrize("path", [PREDICT, LABELS, INFER, INVOKE])
def test_body_that_becomes_too_long_is_not_inflated_whole(
    client: TestClient, path: str, bomb: bytes
) -> None:
    assert costs(client, path, JSON, bomb, b"gzip")[0] == 413


def test_body_without_an_end_is_read_up_to_the_limit() -> None:
    received = 0

    async def receive() -> dict[str, Any]:
        nonlocal received
        received += 100
        assert received < 100_000
        return {"type": "http.request", "body": b"a" * 100, "more_body": True}

    with pytest.raises(ProblemError) as refused:
        asyncio.run(read_body({"headers": []}, receive, Limits(body_bytes=1_000)))
    assert (refused.value.code, received) == ("body-too-large", 1_100)


@pytest.mark.parametrize("marks", MARKS)
def test_text_of_commas_and_brackets_counts_as_one_value(client: TestClient, marks: str) -> None:
    """As many rows as are allowed, each with the longest text of characters that JSON uses."""
    rows = [ROW | {"carrier": (marks * 200)[:200]}] * Limits().rows
    columns = {name: [row[name] for row in rows] for name in ROW}
    table = {"columns": list(ROW), "data": [list(row.values()) for row in rows]}
    nested = [
        one | {"shape": [1_000, 1], "data": [[v] for v in one["data"]]} for one in tensors(rows)
    ]
    bodies: list[tuple[str, Any]] = [
        (PREDICT, {"rows": rows}),
        (INFER, {"inputs": tensors(rows)}),
        (INFER, {"inputs": nested}),
        (INVOKE, {"instances": rows}),
        (INVOKE, {"dataframe_records": rows}),
        (INVOKE, {"dataframe_split": table | {"index": list(range(1_000))}}),
        (INVOKE, {"inputs": columns}),
    ]
    tried = 0
    for path, body in bodies:
        for ascii_only in (True, False):
            content = json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":")).encode()
            if len(content) <= LIMIT:
                assert sent(client, path, JSON, content)[0] == 200
                tried += 1
    assert tried >= len(bodies)
    text = pd.DataFrame(rows).to_csv(index=False).encode()
    assert sent(client, INVOKE, CSV, text)[0] == 200


def test_few_mistakes_in_many_rows_are_listed_exactly(client: TestClient) -> None:
    rows: list[dict[str, Any]] = [dict(ROW) for _ in range(Limits().rows)]
    rows[3]["items"], rows[998]["colour"] = 0, 1
    del rows[999]["service"]
    status, answer = sent(client, PREDICT, JSON, json.dumps({"rows": rows}).encode())
    assert status == 422
    fields = [error["field"] for error in json.loads(answer)["errors"]]
    assert fields == ["rows[3].items", "rows[998].colour", "rows[999].service"]


@pytest.mark.parametrize(("others", "listed"), [(200, MOST_ERRORS), (201, 0)])
def test_object_with_too_many_members_is_refused_by_their_number(
    client: TestClient, others: int, listed: int
) -> None:
    row = ROW | {f"other{number}": 1 for number in range(others)}
    for path, body in ((PREDICT, row), (PREDICT, {"rows": [row]}), (INVOKE, {"instances": [row]})):
        status, answer = sent(client, path, JSON, json.dumps(body).encode())
        assert status == 422
        assert len(json.loads(answer).get("errors", ())) == listed
        assert listed or str(len(row)) in json.loads(answer)["detail"]


def test_row_too_many_is_counted_exactly(client: TestClient) -> None:
    status, answer = sent(client, PREDICT, JSON, json.dumps({"rows": [ROW] * 1_001}).encode())
    assert status == 413
    assert json.loads(answer)["type"] == "urn:problem:too-many-rows"
    assert "1001" in json.loads(answer)["detail"]


def test_long_query_is_refused_unread(client: TestClient) -> None:
    query = "a&" * 100_000
    status, answer = costs(client, f"{PREDICT}?reasons=1&{query}", JSON, json.dumps(ROW).encode())
    assert status == 422
    assert len(answer) <= ANSWER


def test_body_is_read_again_after_a_release_during_the_reading(
    client: TestClient, predictor: Predictor
) -> None:
    """The rows are checked by the contract of the bundle that predicts."""
    live = client.app.state.live  # type: ignore[attr-defined]
    before, seen = live.current, []

    async def run() -> Any:
        predict = client.app.predict  # type: ignore[attr-defined]

        def read(answering: Any) -> None:
            seen.append(answering)
            live.current = after

        return await predict.read(1_000_000, read)

    after = live.activate(predictor)
    try:
        assert asyncio.run(run())[0] is after
    finally:
        live.current = before
        after.batcher.close()
    assert seen == [before, after]
