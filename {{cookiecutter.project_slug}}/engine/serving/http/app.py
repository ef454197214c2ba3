"""What a server's application is built with: its start, an empty API, and the gateway before it."""

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.serving.access.keys import Keys
from engine.serving.http.errors import ProblemError, problem, unfit
from engine.serving.http.gateway import Gateway, failed
from engine.serving.http.openapi import documented
from engine.serving.http.own_routes import OWN, CurrentModel, OwnRoutes
from engine.serving.http.predict import Predict
from engine.serving.http.routes import PREDICT
from engine.serving.http.schema import Limits
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.metrics import Metrics
from engine.serving.model.predictor import Predictor
from engine.serving.model_holder import ModelHolder


@dataclass(frozen=True)
class Start:
    """What a server starts with.

    `load` makes the first predictor; this object does not hold it, so that a model which a release
    has replaced leaves memory. With `keys`, rows and labels are taken from those who hold one;
    without, web pages may write if they are the server's own or their origin is one of `origins`.
    """

    load: Callable[[], Predictor]
    log: PredictionLog
    labels: Labels
    keys: Keys | None = None
    origins: Collection[str] = ()

    def load_model(self, limits: Limits) -> ModelHolder:
        """The model that serves now; a release replaces it while the server runs.

        Raises:
            BadInput: the bundle does not load here, or does not give its golden answers.
        """
        return ModelHolder(self.load(), limits, Metrics(self.log))


def new_api(model: ModelHolder) -> FastAPI:
    """An API without routes: its errors are problem details, its documentation loads offline.

    Setting its `state.draining` makes /readyz refuse, so that no new work is sent here; requests
    that come nevertheless are answered.
    """

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
        swagger_ui_parameters={"validatorUrl": None},  # a badge that would ask the internet
    )
    api.state.live = model
    api.state.draining = api.state.parted = False
    api.add_exception_handler(ProblemError, _refused)
    api.add_exception_handler(RequestValidationError, _unfit)
    api.add_exception_handler(HTTPException, _not_routed)
    api.add_exception_handler(ClientDisconnect, _gone)
    api.add_exception_handler(Exception, _failed)
    return api


def gateway(api: FastAPI, predict: Predict, start: Start, own: APIRouter) -> Gateway:
    """The whole application: `api` with the team's `own` routes, documented and guarded.

    Include the server's own routers in `api` before.

    Raises:
        BadInput: an own route takes a path of the server's, or is none that can be guarded.
    """
    model: ModelHolder = api.state.live
    routes = OwnRoutes(api, own, model)
    api.state.model = CurrentModel(model, predict)
    guarded = start.keys is not None
    api.openapi = documented(  # type: ignore[method-assign]
        api, model, routes.templates, with_keys=guarded
    )
    return Gateway(api, {PREDICT: predict}, model.metrics, start.keys, start.origins, routes)


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, ProblemError)  # noqa: S101  # the handler is registered for nothing else
    return refusal.response(_path(request))


async def _unfit(request: Request, error: Exception) -> Response:
    """What FastAPI refuses of a request to an own route; the server's own check theirs."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return unfit(error.errors()).response(_path(request))


async def _failed(request: Request, _error: Exception) -> Response:
    return failed(_path(request))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads it; it is counted, as nginx counts it."""
    return Response(status_code=499)


async def _not_routed(request: Request, error: Exception) -> Response:
    """What the framework refuses, or an own route, in the same form as everything else."""
    assert isinstance(error, HTTPException)  # noqa: S101
    kind, headers = "not-found", dict(error.headers or {})
    if error.status_code == 405 and "Allow" in headers:
        kind = "method-not-allowed"
        allowed = set(headers["Allow"].split(", "))
        if "GET" in allowed:  # then HEAD works as well: see `Front`
            allowed.add("HEAD")
        headers["Allow"] = ", ".join(sorted(allowed))
    elif OWN in request.scope:
        return problem(error.status_code, error.detail, headers)
    detail = f"{request.method} {request.url.path} is not served; /docs shows what is"
    return ProblemError(kind, detail, headers=headers).response(_path(request))


def _path(request: Request) -> str:
    """The path that routes know."""
    # Below a mount, the root path is the mount's.
    root = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    return str(request.scope["path"]).removeprefix(root)
