"""The HTTP face of a predictor: predict, labels, probes, metrics, documentation."""

import asyncio
from collections.abc import AsyncIterator, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, PlainTextResponse

from engine.serving.http.errors import Refusal
from engine.serving.http.front import Front, failed
from engine.serving.http.intake import labels_of, read_body
from engine.serving.http.keys import Keys
from engine.serving.http.offload import offload
from engine.serving.http.openapi import READING, asks_for_reasons, documented, gives, refuses, takes
from engine.serving.http.predict import Predict
from engine.serving.http.protocols import infer, invocations
from engine.serving.http.protocols.asked import Asked
from engine.serving.http.schema import Limits
from engine.serving.live import Live
from engine.serving.log.labels import STORE_SECONDS, Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.metrics import Metrics
from engine.serving.model.predictor import Predictor

PREDICT = "/v1/predict"


def create_app(
    predictor: Predictor,
    log: PredictionLog,
    labels: Labels,
    limits: Limits | None = None,
    keys: Keys | None = None,
    origins: Collection[str] = (),
) -> Front:
    """The application that answers with `predictor` and keeps `log` and `labels`.

    With `keys`, rows and labels are taken from those who hold one; without, web pages may write if
    they are the server's own or their origin is one of `origins`.

    Setting `app.state.draining` makes /readyz say no, so that no new work is sent here; requests
    that come nevertheless are answered.
    """
    metrics = Metrics(log)
    live = Live(predictor, limits or Limits(), metrics)
    predict = Predict(live, log)
    storing = ThreadPoolExecutor(1, thread_name_prefix="labels")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        live.close()
        storing.shutdown()

    app = FastAPIOffline(
        title=predictor.bundle.problem.decision.name,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,
        static_url="/docs/static",
        swagger_ui_parameters={"validatorUrl": None},  # a badge that would ask the internet
    )
    app.state.live = live
    app.state.draining = app.state.parted = False
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _failed)
    app.openapi = documented(app, live, with_keys=keys is not None)  # type: ignore[method-assign]
    app.include_router(_predictions(predict))
    app.include_router(_labels(labels, live, metrics, storing))
    asked = Asked(live, predict)
    app.include_router(infer.router(asked))
    app.include_router(invocations.router(asked))
    app.include_router(_operate(live, metrics))
    return Front(app, {PREDICT: predict}, metrics, keys, origins)


def _predictions(predict: Predict) -> APIRouter:
    router = APIRouter(tags=["predict"])

    @router.post(
        PREDICT,
        openapi_extra={**takes("Row", "Rows"), **asks_for_reasons()},
        responses=gives("The answer, or one a row.", "Answer", "Answers")
        | refuses(*READING, "busy"),
    )
    async def answer(request: Request) -> Response:
        """Answer one row, or all of `{"rows": [...]}` in their order."""
        body = await predict(request.scope, request.receive)
        return Response(body, media_type="application/json")

    return router


def _labels(labels: Labels, live: Live, metrics: Metrics, storing: ThreadPoolExecutor) -> APIRouter:
    router = APIRouter(tags=["labels"])

    @router.post(
        "/v1/labels",
        openapi_extra=takes("Label", "Labels"),
        responses=gives("They are on the disk.", "Stored") | refuses(*READING, "not-stored"),
    )
    async def label(request: Request) -> Response:
        """Say what really happened: late labels are welcome, the latest known counts."""
        body = await read_body(request.scope, request.receive, live.limits)
        found = await offload(len(body), lambda: labels_of(body, live.now.schema))
        try:
            work = asyncio.get_running_loop().run_in_executor(storing, labels.add, found)
            await asyncio.wait_for(work, STORE_SECONDS)
        except OSError as error:  # or TimeoutError, which is one
            reason = error.strerror or "it hangs"
            detail = f"the disk did not take them ({reason}); send them again later"
            raise Refusal("not-stored", detail, headers={"Retry-After": "30"}) from None
        metrics.labels.inc(len(found))
        return JSONResponse({"stored": len(found)})

    return router


def _operate(live: Live, metrics: Metrics) -> APIRouter:
    router = APIRouter(tags=["operate"])

    @router.get("/livez", responses=gives("It is alive."))
    async def livez() -> Response:
        """Is the process alive? If not, restart it."""
        return JSONResponse({"status": "alive"})

    @router.get("/health", responses=gives("As /readyz.") | refuses("not-ready"))
    @router.get("/readyz", responses=gives("Send requests here.") | refuses("not-ready"))
    async def readyz(request: Request) -> Response:
        """Should requests be sent here? The golden rows have answered before there was a port."""
        if request.app.state.draining:
            raise Refusal("not-ready", "this server is stopping; ask another")
        told = {"status": "ready", "bundle": live.now.predictor.bundle.id}
        refused = {"refused": asdict(live.refused)} if live.refused else {}
        return JSONResponse(told | refused)

    @router.get("/metrics", response_class=PlainTextResponse, responses=gives("Metrics as text."))
    async def read_metrics() -> Response:
        """Counters and histograms, for Prometheus."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _refused(request: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101  # the handler is registered for nothing else
    return refusal.response(_path(request))


async def _failed(request: Request, _error: Exception) -> Response:
    return failed(_path(request))


async def _gone(_request: Request, _error: Exception) -> Response:
    """Nobody reads it; it is counted, as nginx counts it."""
    return Response(status_code=499)


async def _not_routed(request: Request, error: Exception) -> Response:
    """What the framework itself refuses, in the same words as everything else."""
    assert isinstance(error, HTTPException)  # noqa: S101
    kind, headers = "not-found", dict(error.headers or {})
    if error.status_code == 405:
        kind = "method-not-allowed"
        allowed = set(headers["Allow"].split(", "))
        if "GET" in allowed:  # then HEAD works as well: see `Front`
            allowed.add("HEAD")
        headers["Allow"] = ", ".join(sorted(allowed))
    detail = f"{request.method} {request.url.path} is not served; /docs shows what is"
    return Refusal(kind, detail, headers=headers).response(_path(request))


def _path(request: Request) -> str:
    """The path that routes know."""
    # Below a mount, the root path is the mount's.
    root = request.scope.get("app_root_path", request.scope.get("root_path", ""))
    return str(request.scope["path"]).removeprefix(root)
