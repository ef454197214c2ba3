"""Encoded bodies, and media types in all their spellings."""

import gzip
import json
import zlib
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.serving.http.schema import Limits
from engine.tests.serving.http.test_protocols import INFER, tensors
from engine.tests.serving.made import ROW

LIMIT = Limits().body_bytes
ROUTES: tuple[tuple[str, Any], ...] = (
    ("/v1/predict", ROW),
    ("/v1/predict", {"rows": [ROW] * 500}),
    ("/v1/labels", {"prediction_id": "0" * 32, "label": True}),
    (INFER, {"inputs": tensors([ROW])}),
    ("/invocations", {"instances": [ROW]}),
)
# Without a time: tests are named by their bytes.
ZIPPED = gzip.compress(json.dumps(ROW).encode(), mtime=0)


def posted(client: TestClient, content: bytes, *codings: str, path: str = "/v1/predict") -> Any:
    return client.post(path, content=content, headers=[("Content-Encoding", c) for c in codings])


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", " gzip , identity"])
@pytest.mark.parametrize(("path", "body"), ROUTES)
def test_body_in_gzip_is_served_on_every_route(
    client: TestClient, path: str, body: Any, coding: str
) -> None:
    content = gzip.compress(json.dumps(body).encode())
    assert posted(client, content, coding, path=path).status_code == 200


def test_body_in_identity_is_served_as_it_is(client: TestClient) -> None:
    for codings in (("identity",), ("",), ("identity", "identity")):
        assert posted(client, json.dumps(ROW).encode(), *codings).status_code == 200


@pytest.mark.parametrize("codings", [("br",), ("deflate",), ("gzip, gzip",), ("gzip", "zstd")])
@pytest.mark.parametrize(("path", "body"), ROUTES)
def test_body_in_another_encoding_is_refused_by_its_name(
    client: TestClient, path: str, body: Any, codings: tuple[str, ...]
) -> None:
    answer = posted(client, json.dumps(body).encode(), *codings, path=path)
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip, identity"
    assert all(coding in answer.text for coding in codings)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        json.dumps(ROW).encode(),
        zlib.compress(json.dumps(ROW).encode()),
        ZIPPED[:-1],
        ZIPPED[:20],
        ZIPPED[:-8] + bytes(8),
        ZIPPED + b"x",
        ZIPPED + ZIPPED,
        gzip.compress(b"", mtime=0) * 40_000,
    ],
)
def test_body_that_is_not_one_gzip_stream_is_refused(client: TestClient, content: bytes) -> None:
    answer = posted(client, content, "gzip")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:problem:not-decoded"


def test_body_in_gzip_may_be_as_long_as_another(client: TestClient) -> None:
    row = json.dumps(ROW).encode()
    for spaces, status in ((LIMIT - len(row), 200), (LIMIT - len(row) + 1, 413)):
        content = gzip.compress(b" " * spaces + row)
        assert posted(client, content, "gzip").status_code == status


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        'application/json; charset="UTF-8"',
        "application/json;Charset=utf-8",
        "application/json ; charset = utf8",
        "application/json;",
        "APPLICATION/JSON; charset=utf-8 ;",
    ],
)
def test_media_type_in_every_spelling_is_read(client: TestClient, kind: str) -> None:
    body = json.dumps({"instances": [ROW]})
    answer = client.post("/invocations", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ("application/json; charset=latin-1", "latin-1"),
        ('application/json; charset="utf-16"', "utf-16"),
        ("text/csv; header=absent", "header=absent"),
        ("application/json; charset=utf-8; format=pandas-split", "pandas-split"),
        ("application/x-ndjson", "x-ndjson"),
    ],
)
def test_media_type_that_is_not_read_is_refused_by_its_name(
    client: TestClient, kind: str, named: str
) -> None:
    body = json.dumps({"instances": [ROW]})
    answer = client.post("/invocations", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert named in answer.json()["detail"]
