"""A refused body costs what its size costs: no shape of it takes long or needs much memory."""

import asyncio
import gc
import json
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from serving.http.errors import MOST_ERRORS
from serving.http.schema import Limits
from serving.model.predictor import Predictor
from tests.serving.http.test_protocols import INFER, MODEL, tensors
from tests.serving.made import ROW

LIMIT = Limits().body_bytes
SECONDS = 0.15  # of processor time
MEMORY = 40_000_000
ANSWER = 20_000
PREDICT, LABELS, INVOKE = "/v1/predict", "/v1/labels", "/invocations"
JSON, CSV = "application/json", "text/csv"
TENSOR = b'{"name":"items","shape":[1],"datatype":"INT64","data":[1]'
# So long that as many rows as are allowed fill a body.
WRONG = json.dumps(dict.fromkeys(ROW, "x" * 110)).encode()
VALUES = b'{"inputs":[{"name":"items","datatype":"INT64",'
INPUTS = b'{"inputs":[' + TENSOR
OUTPUT = b'{"name":"score"}'
LABEL = b'{"prediction_id":"' + b"0" * 32 + b'","label":'

# A path, a media type, and a body: its start, a piece that is repeated up to the limit, its end.
# '#' in the piece is the number of the piece.
BODIES: list[tuple[str, str, bytes, bytes, bytes]] = [
    (PREDICT, JSON, b'{"a":1', b',"f#":1', b"}"),
    (PREDICT, JSON, b'{"a":1', b',"f#":{}', b"}"),
    (PREDICT, JSON, b'{"rows":[{}', b",{}", b"]}"),
    (PREDICT, JSON, b'{"rows":[1', b",1", b"]}"),
    (PREDICT, JSON, b'{"rows":[[]', b",[]", b"]}"),
    (PREDICT, JSON, b'{"rows":[{}],"a":1', b',"f#":1', b"}"),
    (PREDICT, JSON, b'{"rows":[' + WRONG, b"," + WRONG, b"]}"),
    (PREDICT, JSON, b'{"rows":[{"a":1', b',"f#":1', b"}]}"),
    (PREDICT, JSON, b'{"rows":[{"a":{}}', b',{"f#":1}', b"]}"),
    (PREDICT, JSON, b'{"rows":[""', b',""', b"]}"),
    (PREDICT, JSON, b'{"rows":["\\\\"', b',"\\\\"', b"]}"),
    (PREDICT, JSON, b'{"a":', b"[", b"}"),
    (PREDICT, JSON, b'{"a":', b'{"a":', b"}"),
    (PREDICT, JSON, b"[[]", b",[]", b"]"),
    (PREDICT, JSON, b'{"', b"x", b'":1}'),
    (PREDICT, JSON, b'{"', b"\\u0041", b'":1}'),
    (PREDICT, JSON, b'{"carrier":"', b"x", b'"}'),
    (PREDICT, JSON, b'{"carrier":"', b"\\u0041", b'"}'),
    (PREDICT, JSON, b'{"carrier":"', b'\\"', b'"}'),
    (PREDICT, JSON, b'{"carrier":"', b'\\"', b""),
    (PREDICT, JSON, b'{"service":"', b"{", b'"}'),
    (PREDICT, JSON, b'{"ordered_at":"', b"2026-", b'"}'),
    (PREDICT, JSON, b'{"items":', b"1", b"}"),
    (PREDICT, JSON, b'{"items":1e', b"9", b"}"),
    (PREDICT, JSON, b'{"items":1.', b"1", b"}"),
    (PREDICT, JSON, b'{"items":1', b',"items":1', b"}"),
    (PREDICT, JSON, b'{"items":[' + b"1" * 4_000, b"," + b"1" * 4_000, b"]}"),
    (PREDICT, JSON, b'"', b"x", b'"'),
    (PREDICT, JSON, b"", b" ", b""),
    (PREDICT, JSON, b"", b'"', b""),
    (PREDICT, JSON, b"", b"\\", b""),
    (PREDICT, JSON, b"", b"\x00", b""),
    (PREDICT, JSON, b"", b"\xff", b""),
    (PREDICT + "?reasons=3", JSON, b'{"rows":[' + WRONG, b"," + WRONG, b"]}"),
    (LABELS, JSON, b'{"labels":[{}', b",{}", b"]}"),
    (LABELS, JSON, b'{"labels":[' + LABEL + b"[]}", b"," + LABEL + b"[]}", b"]}"),
    (LABELS, JSON, b'{"labels":[{"prediction_id":"x#"}', b',{"prediction_id":"x#"}', b"]}"),
    (LABELS, JSON, b'{"labels":[' + LABEL + b'true,"known_at":"', b"2", b'"}]}'),
    (LABELS, JSON, LABEL + b"true", b',"f#":1', b"}"),
    (LABELS, JSON, LABEL + b'true,"known_at":"', b"2026-03-01T09:30:00Z", b'"}'),
    (LABELS, JSON, b'{"prediction_id":"', b"0", b'","label":true}'),
    (LABELS, JSON, b'{"a":1', b',"f#":1', b"}"),
    (INFER, JSON, b'{"inputs":[{}', b",{}", b"]}"),
    (INFER, JSON, b'{"inputs":[1', b",1", b"]}"),
    (INFER, JSON, INPUTS + b"}", b"," + TENSOR + b"}", b"]}"),
    (INFER, JSON, INPUTS, b',"f#":1', b"}]}"),
    (INFER, JSON, INPUTS + b',"parameters":{"a":1', b',"f#":1', b"}}]}"),
    (INFER, JSON, b'{"inputs":[{"shape":[1', b",1", b"]}]}"),
    (INFER, JSON, b'{"inputs":[{"shape":["a"', b',"a"', b"]}]}"),
    (INFER, JSON, VALUES + b'"data":[],"shape":[1', b",1", b"]}]}"),
    (INFER, JSON, VALUES + b'"shape":[1],"data":[1', b",1", b"]}]}"),
    (INFER, JSON, VALUES + b'"shape":[1],"data":[[1]', b",[1]", b"]}]}"),
    (INFER, JSON, b'{"inputs":[{"name":"', b"x", b'","datatype":"INT64","shape":[2],"data":[1]}]}'),
    (INFER, JSON, b'{"inputs":[{"name":"', b"x", b'","datatype":"INT64","shape":[1],"data":[1]}]}'),
    (INFER, JSON, INPUTS + b'}],"outputs":[{}', b",{}", b"]}"),
    (INFER, JSON, INPUTS + b'}],"outputs":[' + OUTPUT, b"," + OUTPUT, b"]}"),
    (INFER, JSON, INPUTS + b'}],"outputs":[{"name":"', b"x", b'"}]}'),
    (INFER, JSON, INPUTS + b'}],"parameters":{"a":1', b',"f#":1', b"}}"),
    (INFER, JSON, b'{"inputs":[],"a":1', b',"f#":1', b"}"),
    (f"{MODEL}/versions/1/infer", JSON, b'{"inputs":[{}', b",{}", b"]}"),
    (INVOKE, JSON, b'{"instances":[{}', b",{}", b"]}"),
    (INFER, JSON, INPUTS + b'}],"outputs":[' + b",".join([OUTPUT] * 20), b" ", b"]}"),
    (INVOKE, JSON, b'{"instances":[' + WRONG, b"," + WRONG, b"]}"),
    (INVOKE, JSON, b'{"instances":[{"a":1', b',"f#":1', b"}]}"),
    (INVOKE, JSON, b'{"dataframe_records":[{}', b",{}", b"]}"),
    (INVOKE, JSON, b'{"dataframe_records":[[]', b",[]", b"]}"),
    (INVOKE, JSON, b'{"inputs":{"a":[1]', b',"f#":[1]', b"}}"),
    (INVOKE, JSON, b'{"inputs":{"a":[1', b",1", b"]}}"),
    (INVOKE, JSON, b'{"inputs":[{}', b",{}", b"]}"),
    (INVOKE, JSON, b'{"dataframe_split":{"columns":["a"', b',"f#"', b'],"data":[[1]]}}'),
    (INVOKE, JSON, b'{"dataframe_split":{"columns":["a"', b',"a"', b'],"data":[[1]]}}'),
    (INVOKE, JSON, b'{"dataframe_split":{"columns":["a"],"data":[[1]', b",[1]", b"]}}"),
    (INVOKE, JSON, b'{"dataframe_split":{"columns":["a"],"data":[[]', b",[]", b"]}}"),
    (INVOKE, JSON, b'{"dataframe_split":{"columns":["a"],"data":[[1', b",1", b"]]}}"),
    (INVOKE, JSON, b'{"dataframe_split":{"columns":["a"],"data":[[1]],"index":[1', b",1", b"]}}"),
    (INVOKE, JSON, b'{"instances":[],"a":1', b',"f#":1', b"}"),
    (INVOKE, JSON, b'{"instances":[],"', b"x", b'":1}'),
    (INVOKE, CSV, b",".join(b"%x" % i for i in range(990)) + b"\n", b"," * 989 + b"\n", b""),
    (INVOKE, CSV, ",".join(ROW).encode() + b"\n", b"x" + b",x" * (len(ROW) - 1) + b"\n", b""),
    (INVOKE, CSV, b"items\n", b"1\n", b""),
    (INVOKE, CSV, b"items,items\n", b"1,1\n", b""),
    (INVOKE, CSV, b"items\n", b"1,", b""),
    (INVOKE, CSV, b"items\n", b"9", b""),
    (INVOKE, CSV, b"carrier\n", b"x" * 100_000 + b"\n", b""),
    (INVOKE, CSV, b"f", b",f#", b"\n1"),
    (INVOKE, CSV, b"", b'"', b""),
    (INVOKE, CSV, b"", b",", b""),
    (INVOKE, CSV, b"", b"\n", b""),
    (INVOKE, CSV, b"", b"\r", b""),
    (INVOKE, CSV, b'"', b"\n", b'"'),
    (INVOKE, CSV, b"items\n", "\u2028".encode(), b""),
]  # fmt: skip

QUOTED = [",", "{", "[", '"', ":", "\\", '\\"', "é"]


@pytest.fixture(scope="module", autouse=True)
def frozen() -> Iterator[None]:
    """What is imported is left alone by the garbage collector, as in the server (`serving.run`)."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def body_of(start: bytes, piece: bytes, end: bytes) -> bytes:
    space = LIMIT - len(start) - len(end)
    longest = piece.replace(b"#", b"%d" % LIMIT)
    pieces = (piece.replace(b"#", b"%d" % number) for number in range(space // len(longest)))
    middle = b"".join(pieces) if b"#" in piece else piece * (space // len(piece))
    return start + middle + end


def sent(client: TestClient, path: str, kind: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer, without a client and a network between."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"content-type", kind.encode())],
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
    sent(client, path, kind, b"")  # whatever is made once is made now
    began = time.process_time()
    status, answer = sent(client, path, kind, body)
    spent = time.process_time() - began

    assert 400 <= status < 500
    assert len(answer) <= ANSWER
    assert len(json.loads(answer).get("errors", ())) <= MOST_ERRORS
    assert spent <= SECONDS
    tracemalloc.start()
    try:
        sent(client, path, kind, body)
        assert tracemalloc.get_traced_memory()[1] <= MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("marks", QUOTED)
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
    for path, body in bodies:
        for ascii_only in (True, False):
            content = json.dumps(body, ensure_ascii=ascii_only, separators=(",", ":")).encode()
            if len(content) <= LIMIT:
                assert sent(client, path, JSON, content)[0] == 200
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


def test_row_too_many_is_counted_exactly(client: TestClient) -> None:
    status, answer = sent(client, PREDICT, JSON, json.dumps({"rows": [ROW] * 1_001}).encode())
    assert status == 413
    assert json.loads(answer)["type"] == "urn:problem:too-many-rows"
    assert "a list of 1001" in json.loads(answer)["detail"]


def test_long_query_is_refused_unread(client: TestClient) -> None:
    query = "a&" * 100_000
    began = time.process_time()
    status, answer = sent(client, f"{PREDICT}?reasons=1&{query}", JSON, json.dumps(ROW).encode())
    assert time.process_time() - began <= SECONDS
    assert status == 422
    assert len(answer) <= ANSWER


def test_body_is_read_again_for_a_bundle_that_came_meanwhile(
    client: TestClient, predictor: Predictor
) -> None:
    """The rows are checked by the contract of the bundle that predicts."""
    live = client.app.state.live  # type: ignore[attr-defined]
    before, seen = live.now, []

    async def run() -> Any:
        predict = client.app.hot[PREDICT]  # type: ignore[attr-defined]

        def read(answering: Any) -> None:
            seen.append(answering)
            live.now = after

        return await predict.read(1_000_000, read)

    after = live.prepared(predictor)
    try:
        assert asyncio.run(run())[0] is after
    finally:
        live.now = before
        after.coalescer.close()
    assert seen == [before, after]
