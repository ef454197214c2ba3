"""The outermost layer of every request: keys and origins, counts, times, and no stack trace out."""

import logging
import time
from collections.abc import Collection

from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from engine.serving.access import Keys, refuse_foreign_page
from engine.serving.http.errors import ProblemError, is_refusal, where
from engine.serving.http.openapi import GUARDED, OPERATE
from engine.serving.http.own_routes import OwnRoutes
from engine.serving.http.predict import Predict
from engine.serving.http.routes import LABELS, PREDICT
from engine.serving.metrics import Metrics

logger = logging.getLogger("serving")

# A response is for its sender alone, and has the type that it declares.
_ALL_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_JSON_HEADERS = ((b"content-type", b"application/json"), *_ALL_HEADERS)
# It belongs in no frame. Nobody shows JSON in a frame, nor follows a link in it.
HEADERS = (*_ALL_HEADERS, (b"referrer-policy", b"no-referrer"), (b"x-frame-options", b"DENY"))

PATH = "served_path"  # key of the scope for the path as routes have it, without a prefix
FAILED = "the server failed; try again, or report it to its owners"


class Gateway:
    """The server as ASGI; POST /v1/predict takes a fast path past `api`, which serves all else."""

    def __init__(
        self,
        api: FastAPI,
        predict: Predict,
        metrics: Metrics,
        keys: Keys | None,
        origins: Collection[str],
        own: OwnRoutes,
    ) -> None:
        self.api, self.state, self.predict = api, api.state, predict
        self.metrics, self.keys, self.origins, self.own = metrics, keys, origins, own
        self.admin_port: int | None = None

    def split_admin(self, port: int) -> None:
        """Serve probes and metrics on this port alone from now on, and nothing else there."""
        self.admin_port, self.state.admin_split = port, True

    @property
    def draining(self) -> bool:
        """Whether the server is about to stop: each response is the last one of its connection."""
        return bool(self.state.draining)

    def count_refusal(self, status: int) -> None:
        """Count a request that was refused before its route was known."""
        self.metrics.request("none", status, 0.0)

    def _authorise(self, scope: Scope, path: str, own: str | None) -> None:
        """Raise a ProblemError unless the sender may send this."""
        if self.keys is None:
            if scope["method"] != "GET":
                refuse_foreign_page(scope["headers"], self.origins)
        # No page knows a key, and no browser adds one by itself: the page's origin does not matter.
        elif own or path.startswith(GUARDED):
            values = [value for name, value in scope["headers"] if name == b"authorization"]
            if len(values) != 1 or not self.keys.admit(values[0].decode("latin-1")):
                detail = "expected the header 'Authorization: Bearer KEY' with a valid key; the "
                detail += "owners of this model issue keys"
                raise ProblemError("no-key", detail, headers={"WWW-Authenticate": "Bearer"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what is no HTTP request passes unchanged."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # the connection, with its own scope, sends no body
        path = route_path(scope)
        on_admin_port = self.admin_port is not None and scope["server"][1] == self.admin_port
        is_here = self.admin_port is None or on_admin_port == (path in OPERATE)
        is_fast = path == PREDICT and scope["method"] == "POST" and is_here
        own = None if is_fast else self.own.template(path)

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        async def respond(error: ProblemError) -> None:
            count_refused(self.metrics, error, scope, path, own=own is not None)
            await error.response(path, self.state.error_forms)(scope, receive, send_guarded)

        try:
            self._authorise(scope, path, own)
            if is_fast:
                body = await self.predict(scope, receive)
                headers = [(b"content-length", b"%d" % len(body)), *_JSON_HEADERS]
                status = 200
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
            elif is_here and not path.endswith("\n"):  # `$` of a route would match it
                if own:
                    scope, receive = await self.own.within_limits(scope, receive, own)
                scope[PATH] = path
                await self.api(scope, receive, send_guarded)
            else:
                raise ProblemError("not-found", "this address is not served on this port")
        except ProblemError as error:
            await respond(error)
        except ClientDisconnect:
            logger.info("A client disconnected before its request was read.")
        except Exception as error:
            logger.error("%s", where(error))
            if not status:
                await respond(ProblemError("internal", FAILED))
        finally:
            # The route's pattern, not the path: senders can invent paths.
            route = path if is_fast else own or getattr(scope.get("route"), "path", None)
            # 499 as in nginx: the client disconnected before there was a status.
            self.metrics.request(route or "none", status or 499, time.perf_counter() - began)


def count_refused(
    metrics: Metrics, error: ProblemError, scope: Scope, path: str, *, own: bool
) -> None:
    """Count a 4xx response to a request for predictions; an own route may predict."""
    predicts = path.startswith(GUARDED) and path != LABELS and scope["method"] == "POST"
    if is_refusal(error.status) and (predicts or own):
        metrics.refuse(error.code, error.fields)


def route_path(scope: Scope) -> str:
    """The path as routes have it; `scope["path"]` becomes the root path and this."""
    root, path = scope.get("root_path", ""), str(scope["path"])
    # The connection has put the prefix there, and so has a proxy that does not strip it.
    for _ in range(2 if root else 0):
        if path.startswith(f"{root}/"):
            path = path.removeprefix(root)
    scope["path"] = root + path
    return path
