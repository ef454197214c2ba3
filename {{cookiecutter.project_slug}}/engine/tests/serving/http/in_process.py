"""Calls the application as its connection does."""

import asyncio
from typing import Any
from urllib.parse import unquote

from pydantic_core import to_json
from starlette.testclient import TestClient

from engine.tests.serving.made import ROW

KEY = "k" * 32
PREFIX = "/models/parcels"
BODY = to_json(ROW)
Headers = dict[str, str]
Response = tuple[int, Headers, bytes]


def send(
    client: TestClient,
    method: str,
    target: str,
    headers: Headers | None = None,
    root: str = "",
    body: bytes | None = BODY,
) -> Response:
    """Call the application as the connection does: path decoded once, behind the root path.

    Without a `body`, reading it is an error.
    """
    sent: list[Any] = []
    bodies = [] if body is None else [None, body]
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "root_path": root,
        "path": root + unquote(path),
        "raw_path": (root + path).encode(),
        "query_string": query.encode(),
        "headers": [
            (name.lower().encode(), text.encode()) for name, text in (headers or {}).items()
        ],
    }

    async def receive() -> dict[str, Any]:
        assert bodies, "the body was read"
        body = bodies.pop()
        if body is None:  # the client stays and sends nothing more
            await asyncio.Event().wait()
        return {"type": "http.request", "body": body}

    async def keep(message: Any) -> None:
        sent.append(message)

    assert client.portal is not None
    client.portal.call(client.app, scope, receive, keep)
    start, *rest = sent
    response_headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], response_headers, b"".join(one.get("body", b"") for one in rest)
