"""The ASGI scope of a request."""

from typing import Any
from urllib.parse import unquote

from starlette.types import Scope

from engine.serving.connection.framing import Head

# The server's and the client's address: host and port first, for IPv6 more.
Ends = tuple[tuple[Any, ...] | None, tuple[Any, ...] | None]


def scope_of(head: Head, ends: Ends, root_path: str, state: dict[str, Any]) -> Scope:
    """What the application gets to know of a request before its body.

    A target in absolute form names the same resource as its path (RFC 9112, 3.2.2). As in uvicorn,
    `root_path` stands before the path.
    """
    raw_path, _, query = head.target.partition(b"?")
    if not raw_path.startswith(b"/") and b"://" in raw_path:
        raw_path = b"/" + raw_path.partition(b"://")[2].partition(b"/")[2]
    path = raw_path.decode("ascii")
    server, client = ends
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": head.version,
        "method": head.method,
        "scheme": "http",
        "root_path": root_path,
        "path": root_path + (unquote(path) if "%" in path else path),
        "raw_path": root_path.encode("ascii") + raw_path,
        "query_string": query,
        "headers": head.headers,
        "server": server and server[:2],
        "client": client and client[:2],
        "state": state.copy(),
    }
