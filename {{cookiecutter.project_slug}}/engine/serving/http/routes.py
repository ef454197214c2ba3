"""The server's own routes, a router for each group: predictions, labels, probes, metrics."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import PlainTextResponse

from engine.serving.http.errors import ProblemError
from engine.serving.http.openapi import BODY_PROBLEMS, problems, ref, request_body, response
from engine.serving.http.predict import Predict
from engine.serving.http.request_parsing import labels_of, offload, read_body
from engine.serving.log.labels import STORE_SECONDS, Labels
from engine.serving.model_holder import ModelHolder

PREDICT, LABELS = "/v1/predict", "/v1/labels"
_REASONS = {
    "name": "reasons",
    "in": "query",
    "description": "How many inputs to list for one row: those that change its score most.",
    "schema": {"type": "integer", "minimum": 1, "maximum": 99},
}


def predict_router(predict: Predict) -> APIRouter:
    """POST /v1/predict. Its requests take the fast path past FastAPI; this documents them."""
    router = APIRouter(tags=["predict"])

    @router.post(
        PREDICT,
        openapi_extra={**request_body(ref("Row"), ref("Rows")), "parameters": [_REASONS]},
        responses=response("The prediction, or one for each row.", ref("Answer"), ref("Answers"))
        | problems(*BODY_PROBLEMS, "busy"),
    )
    async def answer(request: Request) -> Response:
        """Predict one row, or all of `{"rows": [...]}` in their order."""
        body = await predict(request.scope, request.receive)
        return Response(body, media_type="application/json")

    return router


def labels_router(model: ModelHolder, labels: Labels) -> APIRouter:
    """POST /v1/labels; a thread of its own writes them, so a slow disk delays no other request."""
    storing = ThreadPoolExecutor(1, thread_name_prefix="labels")
    router = APIRouter(tags=["labels"])

    @router.post(
        LABELS,
        openapi_extra=request_body(ref("Label"), ref("Labels")),
        response_description="The labels are on the disk.",
        responses=problems(*BODY_PROBLEMS, "not-stored"),
    )
    async def label(request: Request) -> dict[str, int]:
        """Report true outcomes. A label may come late; the latest known counts."""
        body = await read_body(request.scope, request.receive, model.limits)
        checked = await offload(len(body), lambda: labels_of(body, model.current.schema))
        try:
            work = asyncio.get_running_loop().run_in_executor(storing, labels.add, checked)
            await asyncio.wait_for(work, STORE_SECONDS)
        except OSError as error:  # or TimeoutError, which is one
            reason = error.strerror or f"no response within {STORE_SECONDS:g} s"
            detail = f"the disk did not store the labels ({reason}); send them again later"
            raise ProblemError("not-stored", detail, headers={"Retry-After": "30"}) from None
        model.metrics.labels.inc(len(checked))
        return {"stored": len(checked)}

    return router


def refuse_if_draining(request: Request) -> None:
    """Raise a ProblemError once the server stops."""
    if request.app.state.draining:
        raise ProblemError("not-ready", "this server is stopping; use another one")


def probes_router(model: ModelHolder) -> APIRouter:
    """GET /livez, /readyz and /health, for what restarts this server or sends requests to it."""
    router = APIRouter(tags=["operate"])

    @router.get("/livez", response_description="The process is alive.")
    async def livez() -> dict[str, str]:
        """Is the process alive? If not, restart it."""
        return {"status": "alive"}

    @router.get("/health", responses=problems("not-ready"))
    @router.get("/readyz", responses=problems("not-ready"))
    async def readyz(request: Request) -> dict[str, Any]:
        """Is the server ready? The golden rows were checked before the port opened."""
        refuse_if_draining(request)
        refused = {"refused": model.refused} if model.refused else {}
        return {"status": "ready", "bundle": model.current.predictor.bundle.id} | refused

    return router


def metrics_router(model: ModelHolder) -> APIRouter:
    """GET /metrics, for Prometheus."""
    router = APIRouter(tags=["operate"])

    @router.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> Response:
        """Counters and histograms, for Prometheus."""
        return Response(generate_latest(model.metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router
