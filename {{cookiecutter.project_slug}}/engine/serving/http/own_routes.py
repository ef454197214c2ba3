"""The team's own routes: what they may use of the server, and what they may not be."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.routing import compile_path
from starlette.types import Message, Receive, Scope

from engine.bundle.bundle import Contract
from engine.problem.errors import BadInput
from engine.serving.http.openapi import BODY_PROBLEMS, problems
from engine.serving.http.predict import Predict
from engine.serving.http.request_parsing import count_rows, read_body
from engine.serving.model_holder import ModelHolder

OWN = "own_route"  # key of the scope for the template of an own route
# Everything below these is the server's, also what it does not serve today.
_RESERVED = ("/v2/{rest:path}", "/docs/{rest:path}")
_VALUE_BYTES = 20  # of JSON, about: many rows are checked beside the event loop


class CurrentModel:
    """The model that serves now, for own routes, as a parameter of type `Model`."""

    def __init__(self, model: ModelHolder, predict: Predict) -> None:
        self._model, self._predict = model, predict

    @property
    def bundle_id(self) -> str:
        """The id of the bundle."""
        return self._model.current.predictor.bundle.id

    @property
    def contract(self) -> Contract:
        """The contract of its rows: `inputs`, `outputs`, `task`, `classes`."""
        return self._model.current.predictor.bundle.contract

    async def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One prediction a row, in order, checked and logged as in /v1/predict; let errors pass."""
        self._model.current.batcher.refuse_if_full()
        count_rows(len(rows), self._model.limits)
        size = len(rows) * len(self.contract.inputs) * _VALUE_BYTES
        records = [dict(row) for row in rows]
        return (await self._predict.records(size, lambda _: records))[1]


async def _current(request: Request) -> CurrentModel:
    model: CurrentModel = request.app.state.model
    return model


Model = Annotated[CurrentModel, Depends(_current)]


class OwnRoutes:
    """The own routes of a server; making it includes them in its API, or raises BadInput."""

    def __init__(self, api: FastAPI, router: APIRouter, model: ModelHolder) -> None:
        self._model = model
        taken = [*_RESERVED, *(str(one.path) for one in iter_route_contexts(api.routes))]
        routes = _checked(router, taken)
        # Types of one name would be one type in the OpenAPI document.
        document = get_openapi(title="own", version="1", routes=router.routes) if routes else {}
        types = document.get("components", {}).get("schemas", {}).keys()
        if both := sorted(types & model.current.schema.components().keys()):
            fault = f"the own type {both[0]} has the name of a type of the server's own"
            raise _bad_route("type-taken", f"{fault} in /openapi.json; give it another name")
        api.include_router(router, responses=problems(*BODY_PROBLEMS, "busy"))
        self.templates = frozenset(str(route.path_format) for route in routes)
        self._patterns = [(compile_path(str(one.path))[0], str(one.path_format)) for one in routes]

    def template(self, path: str) -> str | None:
        """The template of the own route that serves this path; None without such a route."""
        return next((name for pattern, name in self._patterns if pattern.match(path)), None)

    async def within_limits(
        self, scope: Scope, receive: Receive, template: str
    ) -> tuple[Scope, Receive]:
        """The same request with its body read and decoded, which FastAPI would read unlimited."""
        body = await read_body(scope, receive, self._model.limits)
        if b"json" in dict(scope["headers"]).get(b"content-type", b"json").lower():
            self._model.current.schema.bounds["Row"].check(body)
        about_body = (b"content-encoding", b"content-length", b"transfer-encoding")
        headers = [header for header in scope["headers"] if header[0] not in about_body]
        headers.append((b"content-length", b"%d" % len(body)))
        messages: list[Message] = [{"type": "http.request", "body": body}]

        async def receive_again() -> Message:
            return messages.pop() if messages else await receive()

        return {**scope, "headers": headers, OWN: template}, receive_again

    def refuse_hidden(self, root_path: str) -> None:
        """Raise BadInput if the path before all paths makes one of the routes unreachable."""
        hidden = [path for path in self.templates if path.startswith(f"{root_path}/")]
        if root_path and hidden:
            fault = f"--root-path {root_path} hides the own route {min(hidden)}"
            raise _bad_route("route-hidden", f"{fault}; give one of the two another path")


def _bad_route(code: str, message: str) -> BadInput:
    return BadInput(f"serving/app.py: {message}", code=code)


def _checked(router: APIRouter, taken: Sequence[str]) -> list[RouteContext]:
    """The routes that FastAPI routes; other kinds would bypass keys, limits and documentation."""
    # FastAPI has no public list of pages that `router.frontend` serves.
    if getattr(router, "_low_priority_routes", ()):
        raise _bad_route("route-kind", "expected own routes such as @own.get, got own.frontend")
    routes: list[RouteContext] = []
    for route in iter_route_contexts(router.routes):
        path, methods = str(route.path), set(route.methods or ())
        if not isinstance(route.original_route, APIRoute):
            kind = f"{type(route.original_route).__name__} at {path}"
            expected = f"expected own routes such as @own.get or @own.post, got a {kind}"
            raise _bad_route("route-kind", f"{expected}; make it a route, or run it elsewhere")
        if not path.startswith("/"):
            raise _bad_route("route-path", f"expected a path that begins with /, got {path!r}")
        if name := next((name for name in taken if _overlap(path, name)), None):
            fault = f"the own route {path} would take requests for {name}, a path of the server's"
            raise _bad_route("route-taken", f"{fault} own; give it another, such as /v1/action")
        for other in routes:
            # Of two routes that match the same request, the first responds without any notice.
            matches = compile_path(str(other.path))[0].match(str(route.path_format))
            if matches and methods & set(other.methods or ()):
                fault = f"the own route {path} is never reached, {other.path} stands before it"
                raise _bad_route("route-hidden", f"{fault}; put it first, or change its path")
        routes.append(route)
    return routes


def _overlap(one: str, other: str) -> bool:
    """Whether a path may fit both templates; of two segments one of which is a parameter, yes."""
    for left, right in zip_longest(one.split("/"), other.split("/")):
        if ":path}" in (left or "") + (right or ""):
            return True
        if left is None or right is None or (left != right and "{" not in left + right):
            return False
    return True
