"""What a route gets of a request: its path without a prefix, its body within the limits."""

import asyncio
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.serving.http.gateway import route_path
from engine.serving.http.own_routes import OWN, _overlap
from engine.serving.http.parse import Bound
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import ROW


@pytest.mark.parametrize(
    ("root", "given", "path", "whole"),
    [
        ("", "/v1/x", "/v1/x", "/v1/x"),
        ("/m", "/m/v1/x", "/v1/x", "/m/v1/x"),
        ("/m", "/m/m/v1/x", "/v1/x", "/m/v1/x"),
        ("/m", "/m/m/m/x", "/m/x", "/m/m/x"),
        ("/m", "/mx/v1", "/mx/v1", "/m/mx/v1"),
        ("/m", "/m", "/m", "/m/m"),
        ("/a/b", "/a/b/a/b/", "/", "/a/b/"),
    ],
)
def test_prefix_leaves_the_path_once_or_twice(root: str, given: str, path: str, whole: str) -> None:
    """The connection puts it there, and so may a proxy."""
    scope: dict[str, Any] = {"path": given, "root_path": root}
    assert route_path(scope) == path
    assert scope["path"] == whole
    assert route_path({"path": given}) == given


@pytest.mark.parametrize(
    ("one", "other", "overlaps"),
    [
        ("/a/b", "/a/b", True),
        ("/a/b", "/a/c", False),
        ("/a/{x}", "/a/b", True),
        ("/a/b", "/{x}/b", True),
        ("/{x}/c", "/a/b", False),
        ("/a", "/a/b", False),
        ("/a/b/c", "/a/b", False),
        ("/{x}", "/a/b", False),
        ("/a/{rest:path}", "/a/b/c", True),
        ("/a/b/c", "/a/{rest:path}", True),
        ("/b/{rest:path}", "/a/b", False),
        ("/x{n}", "/y", True),  # of one segment with a parameter, it may
    ],
)
def test_paths_that_may_fit_both_templates(one: str, other: str, overlaps: bool) -> None:
    assert _overlap(one, other) == overlaps
    assert _overlap(other, one) == overlaps


def within_limits(
    client: TestClient, body: bytes, headers: list[tuple[bytes, bytes]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The scope and both first messages that an own route gets."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": body},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def run() -> tuple[Any, Any]:
        routes = client.app.own  # type: ignore[attr-defined]
        scope = {"type": "http", "headers": headers, "path": "/own"}
        made, receive_again = await routes.within_limits(scope, receive, "/own/{n}")
        assert scope["headers"] is headers
        return made, [await receive_again(), await receive_again()]

    result: tuple[dict[str, Any], list[dict[str, Any]]] = asyncio.run(run())
    return result


def test_own_route_gets_the_body_that_was_read(client: TestClient) -> None:
    others = [(b"content-type", b"text/plain"), (b"x-more", b"1")]
    removed = [(b"content-encoding", b"identity"), (b"content-length", b"3"),
            (b"transfer-encoding", b"chunked")]  # fmt: skip
    scope, messages = within_limits(client, b"abc", [*removed, *others])
    assert scope["headers"] == [*others, (b"content-length", b"3")]
    assert (scope[OWN], scope["path"], scope["type"]) == ("/own/{n}", "/own", "http")
    assert messages == [{"type": "http.request", "body": b"abc"}, {"type": "http.disconnect"}]


@pytest.mark.parametrize(
    ("kind", "is_bounded"),
    [(None, True), (b"application/json", True), (b"Application/Problem+JSON", True),
     (b"text/csv", False)],
)  # fmt: skip
def test_values_of_json_are_bounded_on_own_routes(
    connect: Connect, predictor: Predictor, kind: bytes | None, is_bounded: bool
) -> None:
    client = connect(predictor, Limits(rows=2))
    bound = client.app.state.live.current.schema.bounds["Row"]  # type: ignore[attr-defined]
    assert bound == Bound(2, len(ROW))
    body = b"[" + b"{}," * 500 + b"{}]"
    headers = [] if kind is None else [(b"content-type", kind)]
    if is_bounded:
        with pytest.raises(Exception, match="many more values"):
            within_limits(client, body, headers)
    else:
        assert within_limits(client, body, headers)[1][0]["body"] == body
