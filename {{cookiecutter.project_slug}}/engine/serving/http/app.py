"""What a server's application is built with: its start, an empty API, and the gateway before it."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.serving.access import Keys
from engine.serving.http.errors import ProblemError, invalid_fields, problem
from engine.serving.http.gateway import FAILED, PATH, Gateway, count_refused
from engine.serving.http.openapi import documented
from engine.serving.http.own_routes import OWN, CurrentModel, OwnRoutes
from engine.serving.http.predict import Predict
from engine.serving.http.schema import Limits
from engine.serving.limits import limits_of
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.refused import RefusedLog
from engine.serving.metrics import Metrics
from engine.serving.model.predictor import Predictor
from engine.serving.model_holder import ModelHolder


@dataclass(frozen=True)
class Start:
    """What a server starts with."""

    load: Callable[[], Predictor]  # nothing here holds the first one: replaced, it leaves memory
    log: PredictionLog
    labels: Labels
    keys: Keys | None = None
    origins: Collection[str] = ()
    refused: RefusedLog | None = None

    def load_model(self, limits: Limits) -> ModelHolder:
        """The holder of the current model, with the limits of serving/app.py or the environment.

        BadInput: the bundle does not load as it should, or a limit is none.
        """
        return ModelHolder(self.load(), limits_of(limits), Metrics(self.log, self.refused))


def new_api(model: ModelHolder) -> FastAPI:
    """An API without routes: its errors are problem details, its documentation loads offline."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        model.close()

    api = FastAPIOffline(
        title=model.current.predictor.bundle.problem.decision.name,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        static_url="/docs/static",
        swagger_ui_parameters={"validatorUrl": None},  # a badge that would load from the internet
    )
    api.state.live, api.state.error_forms = model, {}
    api.state.draining = api.state.admin_split = False
    for kind in (ProblemError, RequestValidationError, HTTPException, ClientDisconnect, Exception):
        api.add_exception_handler(kind, _respond)
    return api


def gateway(api: FastAPI, predict: Predict, start: Start, own: APIRouter) -> Gateway:
    """The whole application: `api` with the team's `own` routes; BadInput for an invalid one."""
    model: ModelHolder = api.state.live
    routes = OwnRoutes(api, own, model)
    api.state.model = CurrentModel(model, predict)
    contexts = [(one.path, one.methods or ()) for one in iter_route_contexts(api.routes)]
    model.metrics.expect(str(path) for path, methods in contexts if "POST" in methods)
    document = documented(api, model, routes.templates, with_keys=start.keys is not None)
    api.openapi = document  # type: ignore[method-assign]
    return Gateway(api, predict, model.metrics, start.keys, start.origins, routes)


async def _respond(request: Request, error: Exception) -> Response:
    """Whatever a route or the framework raised, as problem details."""
    if isinstance(error, ClientDisconnect):
        return Response(status_code=499)  # nobody reads it; it is counted as in nginx
    if isinstance(error, HTTPException):
        headers = dict(error.headers or {})
        wrong_method = error.status_code == 405 and "Allow" in headers
        if OWN in request.scope and not wrong_method:
            return problem(error.status_code, str(error.detail), headers)
        if wrong_method:
            methods = headers["Allow"].split(", ")
            methods += ["HEAD"] if "GET" in methods else []  # the gateway serves it
            headers["Allow"] = ", ".join(sorted(set(methods)))
        detail = f"{request.method} {request.url.path} is not served; /docs describes what is"
        code = "method-not-allowed" if wrong_method else "not-found"
        error = ProblemError(code, detail, headers=headers)
    elif isinstance(error, RequestValidationError):  # of an own route; all others check themselves
        first, *_ = details = error.errors()
        error = invalid_fields(details)
        if first["type"] == "json_invalid":
            error = ProblemError("not-json", f"expected JSON: {first['ctx']['error']}")
    elif not isinstance(error, ProblemError):
        error = ProblemError("internal", FAILED)
    path, state = request.scope[PATH], request.app.state
    if "route" in request.scope:  # else the client invented the path
        is_own = OWN in request.scope
        count_refused(state.live.metrics, error, request.scope, path, own=is_own)
    return error.response(path, state.error_forms)
