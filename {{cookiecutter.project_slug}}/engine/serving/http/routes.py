"""The server's own routes, a router for each group: predictions, labels, probes, metrics."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse

from engine.serving.http.errors import ProblemError
from engine.serving.http.offload import offload
from engine.serving.http.openapi import READING, asks_for_reasons, gives, refuses, takes
from engine.serving.http.predict import Predict
from engine.serving.http.request_parsing import labels_of, read_body
from engine.serving.log.labels import STORE_SECONDS, Labels
from engine.serving.model_holder import ModelHolder

PREDICT = "/v1/predict"


def predict_router(predict: Predict) -> APIRouter:
    """POST /v1/predict. Its requests take the fast path past FastAPI; this documents them."""
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


def labels_router(model: ModelHolder, labels: Labels) -> APIRouter:
    """POST /v1/labels; a thread of its own writes them, so that a slow disk delays nobody else."""
    storing = ThreadPoolExecutor(1, thread_name_prefix="labels")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        storing.shutdown()

    router = APIRouter(tags=["labels"], lifespan=lifespan)

    @router.post(
        "/v1/labels",
        openapi_extra=takes("Label", "Labels"),
        responses=gives("They are on the disk.", "Stored") | refuses(*READING, "not-stored"),
    )
    async def label(request: Request) -> Response:
        """Say what really happened: late labels are welcome, the latest known counts."""
        body = await read_body(request.scope, request.receive, model.limits)
        found = await offload(len(body), lambda: labels_of(body, model.current.schema))
        try:
            work = asyncio.get_running_loop().run_in_executor(storing, labels.add, found)
            await asyncio.wait_for(work, STORE_SECONDS)
        except OSError as error:  # or TimeoutError, which is one
            reason = error.strerror or "it hangs"
            detail = f"the disk did not take them ({reason}); send them again later"
            raise ProblemError("not-stored", detail, headers={"Retry-After": "30"}) from None
        model.metrics.labels.inc(len(found))
        return JSONResponse({"stored": len(found)})

    return router


def probes_router(model: ModelHolder) -> APIRouter:
    """GET /livez, /readyz and /health, for whoever restarts this server or sends requests to it."""
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
            raise ProblemError("not-ready", "this server is stopping; ask another")
        told = {"status": "ready", "bundle": model.current.predictor.bundle.id}
        refused = {"refused": asdict(model.refused)} if model.refused else {}
        return JSONResponse(told | refused)

    return router


def metrics_router(model: ModelHolder) -> APIRouter:
    """GET /metrics, for Prometheus."""
    router = APIRouter(tags=["operate"])

    @router.get("/metrics", response_class=PlainTextResponse, responses=gives("Metrics as text."))
    async def read_metrics() -> Response:
        """Counters and histograms, for Prometheus."""
        return Response(generate_latest(model.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
