"""The outermost layer of every request: who may ask, counts, times, and no stack trace out."""

import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping

from fastapi import FastAPI, Response
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from engine.serving.access.keys import Keys
from engine.serving.access.origins import refuse_foreign_page
from engine.serving.http.errors import ProblemError, where
from engine.serving.http.own_routes import OwnRoutes
from engine.serving.http.paths import GUARDED, OPERATE
from engine.serving.metrics import Metrics

logger = logging.getLogger("serving")

# An answer is for its sender alone, is what it says it is, and belongs in nobody's frame.
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)


# What answers a hot route: a request to the answer's JSON.
Hot = Callable[[Scope, Receive], Awaitable[bytes]]
# Nobody shows JSON in a frame, nor follows a link in it.
_OF_DATA = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Gateway:
    """The server as ASGI; an exception becomes problem details and a line in the server's log.

    What is asked most, POST to one of `hot`, goes straight to what answers it and saves the way
    through `api`, which answers all else and documents both. `state` is the server's: see
    `create_app`.
    """

    def __init__(
        self,
        api: FastAPI,
        hot: Mapping[str, Hot],
        metrics: Metrics,
        keys: Keys | None,
        origins: Collection[str],
        own: OwnRoutes,
    ) -> None:
        self.api, self.state = api, api.state
        self.hot = hot
        self.metrics = metrics
        self.keys = keys
        self.origins = origins
        self.own = own
        self._shows: Callable[[str], bool] = lambda _: True

    def split_admin(self) -> "Gateway":
        """Probes and metrics alone, as another application; this one has all the rest from now on.

        The lifespan stays with this one.
        """
        other = Gateway(self.api, {}, self.metrics, None, self.origins, self.own)
        other._shows = OPERATE.__contains__
        self._shows = lambda path: path not in OPERATE
        self.state.parted = True
        return other

    @property
    def draining(self) -> bool:
        """Whether the server is to stop: each response is the last one of its connection."""
        return bool(self.state.draining)

    def count_refusal(self, status: int) -> None:
        """Count a request that was refused before its route was known."""
        self.metrics.request("none", status, 0.0)

    def _admit(self, scope: Scope, path: str, own: str | None) -> None:
        """Raise a Refusal unless the sender may send this."""
        if self.keys is None:
            if scope["method"] != "GET":
                refuse_foreign_page(scope["headers"], self.origins)
        # No page knows a key, and no browser adds one by itself: the page's origin does not matter.
        elif own or path.startswith(GUARDED):
            check(self.keys, scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what is no HTTP request passes untouched."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        if scope["method"] == "HEAD":
            # What GET returns; the connection, whose scope stays as it was, sends no body.
            scope = {**scope, "method": "GET"}
        path = settle_path(scope)
        hot = self.hot.get(path) if scope["method"] == "POST" else None
        own = None if hot else self.own.template(path)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        try:
            self._admit(scope, path, own)
            if hot:
                body = await hot(scope, receive)
                headers = [(b"content-length", b"%d" % len(body)), *_OF_DATA]
                status = 200
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
            elif self._shows(path) and not path.endswith("\n"):  # `$` of a route would match it
                if own:
                    scope, receive = await self.own.within_limits(scope, receive, own)
                await self.api(scope, receive, watched)
            else:
                raise ProblemError("not-found", "this is not served on this port")
        except ProblemError as reason:
            await reason.response(path)(scope, receive, watched)
        except ClientDisconnect:
            logger.info("a client left before its request was read")
        except Exception as error:
            logger.error("%s", where(error))
            if not status:
                await failed(path)(scope, receive, watched)
        finally:
            # 499, as nginx counts it: the client was gone before there was a status.
            # The route's pattern, not the path: paths are the sender's to invent.
            route = path if hot else own
            if route is None:
                route = getattr(scope.get("route"), "path", "none")
            self.metrics.request(route, status or 499, time.perf_counter() - began)


def settle_path(scope: Scope) -> str:
    """The path that routes know; `scope["path"]` becomes the root path and this.

    Keys are checked for the very path that is routed, whatever a proxy makes of the prefix.
    """
    root, path = scope.get("root_path", ""), str(scope["path"])
    if not root:
        return path
    # The connection has put the prefix before the path. A proxy that does not strip it has done so
    # before.
    for _ in range(2):
        if path.startswith(f"{root}/"):
            path = path.removeprefix(root)
    scope["path"] = root + path
    return path


def check(keys: Keys, scope: Scope) -> None:
    """Raise a Refusal unless the request carries a valid key."""
    told = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(told) != 1 or not keys.admit(told[0].decode("latin-1")):
        raise ProblemError(
            "no-key",
            "expected the header 'Authorization: Bearer KEY' with a valid key; ask the owners of "
            "this model for one",
            headers={"WWW-Authenticate": "Bearer"},
        )


def failed(path: str) -> Response:
    """What a client hears of a fault of ours."""
    return ProblemError("internal", "the fault is ours; try again, or tell its owners").response(
        path
    )
