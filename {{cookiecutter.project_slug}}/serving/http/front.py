"""The outermost layer of every request: who may ask, counts, times, and no stack trace out."""

import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Response
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from serving.http.errors import Refusal
from serving.http.keys import Keys
from serving.metrics import Metrics

logger = logging.getLogger("serving")

# What needs a key, where keys are used. Probes, metrics and documentation hold no row.
GUARDED = ("/v1/", "/v2/models/", "/invocations")
# What may be had on a port of its own, where the public does not come.
OPERATE = frozenset({"/livez", "/readyz", "/metrics"})
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


class Front:
    """The server as ASGI; an exception becomes problem details and a line in the server's log.

    What is asked most, POST to one of `hot`, goes straight to what answers it and saves the way
    through `api`, which answers all else and documents both. `state` is the server's: see
    `create_app`.
    """

    def __init__(
        self, api: FastAPI, hot: Mapping[str, Hot], metrics: Metrics, keys: Keys | None
    ) -> None:
        self.api, self.state = api, api.state
        self.hot = hot
        self.metrics = metrics
        self.keys = keys
        self._shows: Callable[[str], bool] = lambda _: True

    def part(self) -> "Front":
        """Probes and metrics alone, as another application; this one has all the rest from now on.

        The lifespan stays with this one.
        """
        other = Front(self.api, {}, self.metrics, None)
        other._shows = OPERATE.__contains__
        self._shows = lambda path: path not in OPERATE
        self.state.parted = True
        return other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what is no HTTP request passes untouched."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        hot = self.hot.get(scope["path"]) if scope["method"] == "POST" else None

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        try:
            if self.keys and scope["path"].startswith(GUARDED):
                check(self.keys, scope)
            if hot:
                body = await hot(scope, receive)
                headers = [(b"content-length", b"%d" % len(body)), *_OF_DATA]
                status = 200
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                await send({"type": "http.response.body", "body": body})
            elif self._shows(scope["path"]):
                await self.api(scope, receive, watched)
            else:
                raise Refusal("not-found", "this is not served on this port")
        except Refusal as reason:
            await reason.response(scope["path"])(scope, receive, watched)
        except ClientDisconnect:
            logger.info("a client left before its request was read")
        except Exception as error:
            logger.error("%s", where(error))
            if not status:
                await failed(scope["path"])(scope, receive, watched)
        finally:
            # 499, as nginx counts it: the client was gone before there was a status.
            # The route's pattern, not the path: paths are the sender's to invent.
            route = scope["path"] if hot else getattr(scope.get("route"), "path", "none")
            self.metrics.request(route, status or 499, time.perf_counter() - began)


def check(keys: Keys, scope: Scope) -> None:
    """Raise a Refusal unless the request carries a valid key."""
    told = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(told) != 1 or not keys.admit(told[0].decode("latin-1")):
        raise Refusal(
            "no-key",
            "expected the header 'Authorization: Bearer KEY' with a valid key; ask the owners of "
            "this model for one",
            headers={"WWW-Authenticate": "Bearer"},
        )


def failed(path: str) -> Response:
    """What a client hears of a fault of ours."""
    return Refusal("internal", "the fault is ours; try again, or tell its owners").response(path)


def where(error: BaseException) -> str:
    """Which exception was raised, and where. Not its message: that may quote the row."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([f"a request failed with {type(error).__qualname__}", *places])
