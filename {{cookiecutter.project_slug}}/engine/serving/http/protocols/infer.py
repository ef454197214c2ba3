"""The Open Inference Protocol (V2) over HTTP and JSON, for KServe and its clients."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from pydantic_core import to_json

from engine.serving.http import openapi
from engine.serving.http.errors import ProblemError
from engine.serving.http.openapi import BODY_PROBLEMS, json_content, problems, request_body
from engine.serving.http.protocols import tensors
from engine.serving.http.protocols.handler import ProtocolHandler, Rows, parse_as
from engine.serving.http.routes import refuse_if_draining
from engine.serving.http.schema import Schema
from engine.serving.model_holder import ActiveModel

_MODEL, _VERSION = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
_ERROR = json_content(
    {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
)


def router(handler: ProtocolHandler) -> APIRouter:
    """The routes of the protocol."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.error_forms["/v2/"] = _error_of
        yield

    router = APIRouter(tags=["Open Inference Protocol"], lifespan=lifespan)

    @router.get("/v2", response_description="The server.")
    async def server() -> dict[str, Any]:
        """The server: its model, the model's version, and the extensions that it supports."""
        name, version = _identity(handler.model.current)
        return {"name": name, "version": version, "extensions": []}

    @router.get("/v2/health/live", response_description="The process is alive.")
    async def live() -> dict[str, bool]:
        """As /livez."""
        return {"live": True}

    not_ready = problems("not-ready", content=_ERROR)

    @router.get("/v2/health/ready", responses=not_ready)
    async def ready(request: Request) -> dict[str, bool]:
        """As /readyz."""
        refuse_if_draining(request)
        return {"live": True, "ready": True}

    async def model(request: Request) -> dict[str, Any]:
        """The model: the inputs and outputs of its contract as tensors."""
        active = handler.model.current
        name, version = _identity(active, **request.path_params)
        columns = tensors.metadata(active.predictor.bundle.contract)
        return {"name": name, "versions": [version], "platform": "sklearn_skops", **columns}

    async def model_ready(request: Request) -> dict[str, Any]:
        """As /readyz, for this model."""
        name, _ = _identity(handler.model.current, **request.path_params)
        refuse_if_draining(request)
        return {"name": name, "ready": True}

    async def infer(request: Request) -> Response:
        """Predict rows that come by columns, as /v1/predict does."""
        content = to_json(await _infer(request, handler))
        return Response(content, media_type="application/json")

    body = request_body(openapi.inline(tensors.InferRequest))
    absent = problems("no-key", "not-found", content=_ERROR)
    faults = problems(*BODY_PROBLEMS, "not-found", "busy", content=_ERROR)
    add = router.add_api_route
    for path, names in ((_MODEL, ["name"]), (_VERSION, ["name", "version"])):
        extra = {"parameters": [openapi.ref(name, "parameters") for name in names]}
        add(path, model, openapi_extra=extra, responses=absent)
        add(f"{path}/ready", model_ready, openapi_extra=extra, responses=absent | not_ready)
        add(f"{path}/infer", infer, methods=["POST"], openapi_extra=extra | body, responses=faults)
    return router


async def _infer(request: Request, handler: ProtocolHandler) -> dict[str, Any]:
    _identity(handler.model.current, **request.path_params)
    if "inference-header-content-length" in request.headers:
        detail = "expected tensors as JSON, got them as bytes; with tritonclient, call "
        raise ProblemError("not-json", f"{detail}set_data_from_numpy(array, binary_data=False)")
    given: dict[str, Any] = {}

    def read(body: bytes, schema: Schema) -> Rows:
        given.update(parse_as(tensors.REQUEST, body, schema))
        if given.get("model_name") not in (None, request.path_params["name"]):
            raise ProblemError("invalid", "expected the model_name of the address, or none")
        given["outputs"] = tensors.output_names(given.get("outputs"), schema.contract)
        return tensors.rows_of_tensors(given["inputs"], schema)

    active, predictions = await handler.predict(request, read)
    name, version = _identity(active)
    bundle = active.predictor.bundle
    outputs = tensors.outputs_of(predictions, bundle.contract)
    rehearsal = {"rehearsal": True} if active.predictor.rehearsal else {}
    parameters = {"bundle": bundle.id, **rehearsal}
    answer = {"model_name": name, "model_version": version, "parameters": parameters}
    answer["outputs"] = [outputs[name] for name in given["outputs"]]
    return answer if given.get("id") is None else {**answer, "id": given["id"]}


def _identity(active: ActiveModel, **path: str) -> tuple[str, str]:
    """The name and version of a model, or a ProblemError if a path names others."""
    manifest = active.predictor.bundle.manifest
    name, version = str(manifest["name"]), str(manifest["version"])
    if not path.items() <= {"name": name, "version": version}.items():
        detail = f"expected model '{name}' in version '{version}', got another"
        raise ProblemError("not-found", detail)
    return name, version


def _error_of(problem: ProblemError) -> dict[str, str]:
    """An error in the form of the protocol, which has no member of its own for the code."""
    text = f"{problem.code}: {problem.detail}"
    for one in problem.errors:
        text += f"; {one['field']}: expected {one['expected']}, got {one['got']}"
    return {"error": text}
