"""The Open Inference Protocol (V2) over HTTP and JSON, as KServe and its clients speak it.

The model is named as its manifest names it, and has the one version that answers now. No extension
is spoken: tensors come and go as JSON. Errors are the protocol's own, `{"error": "..."}`, with the
statuses that all routes have.
"""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from starlette.responses import JSONResponse

from engine.bundle.bundle import Contract
from engine.serving.http.errors import ProblemError
from engine.serving.http.openapi import READING, as_fault, gives, refuses, takes
from engine.serving.http.protocols.handler import ProtocolHandler, Rows
from engine.serving.http.protocols.infer_request import InferRequest, request_of
from engine.serving.http.protocols.tensors import described, names_of, rows_of_tensors, tensors_of
from engine.serving.model_holder import ActiveModel

_BINARY = "inference-header-content-length"
_MODEL = "/v2/models/{name}"
_VERSION = _MODEL + "/versions/{version}"


def router(asked: ProtocolHandler) -> APIRouter:
    """The routes of the protocol."""
    found = APIRouter(tags=["Open Inference Protocol"])
    _about_server(found, asked)
    for path in (_MODEL, _VERSION):
        _about_model(found, asked, path)
    return found


def _about_server(router: APIRouter, asked: ProtocolHandler) -> None:
    @router.get("/v2", responses=gives("What serves.", "ServerMetadata"))
    async def server() -> Response:
        """The server: what it answers, by which version, and which extensions it speaks."""
        name, version = _named(asked.live.current)
        return JSONResponse({"name": name, "version": version, "extensions": []})

    @router.get("/v2/health/live", responses=gives("It is alive.", "Health"))
    async def live() -> Response:
        """As /livez."""
        return JSONResponse({"live": True})

    @router.get(
        "/v2/health/ready",
        responses=gives("Send requests here.", "Health") | as_fault(refuses("not-ready")),
    )
    async def ready(request: Request) -> Response:
        """As /readyz."""
        asked.refuse_if_leaving(request)
        return JSONResponse({"live": True, "ready": True})


def _about_model(router: APIRouter, asked: ProtocolHandler, path: str) -> None:
    parts = [name for name in ("name", "version") if f"{{{name}}}" in path]
    named = {"parameters": [{"$ref": f"#/components/parameters/{name}"} for name in parts]}

    @router.get(
        path,
        openapi_extra=named,
        responses=gives("Its inputs and outputs.", "ModelMetadata")
        | as_fault(refuses("no-key", "not-found")),
    )
    async def model(request: Request) -> Response:
        """The model: its inputs and outputs as tensors, of the contract."""
        now = asked.live.current
        name, version = _meant(request, now)
        told = described(now.predictor.bundle.contract)
        return JSONResponse(
            {"name": name, "versions": [version], "platform": "sklearn_skops", **told}
        )

    @router.get(
        f"{path}/ready",
        openapi_extra=named,
        responses=gives("It answers.", "ModelReady")
        | as_fault(refuses("no-key", "not-found", "not-ready")),
    )
    async def ready(request: Request) -> Response:
        """As /readyz, of this model."""
        name, _ = _meant(request, asked.live.current)
        asked.refuse_if_leaving(request)
        return JSONResponse({"name": name, "ready": True})

    @router.post(
        f"{path}/infer",
        openapi_extra=named | takes("InferRequest"),
        responses=gives("An output of each kind, or those asked for.", "InferAnswer")
        | as_fault(refuses(*READING, "not-found", "busy")),
    )
    async def infer(request: Request) -> Response:
        """Answer rows that come by columns, as /v1/predict would."""
        return Response(await _inferred(request, asked), media_type="application/json")


async def _inferred(request: Request, asked: ProtocolHandler) -> bytes:
    _meant(request, asked.live.current)
    if _BINARY in request.headers:
        raise ProblemError(
            "not-json",
            "expected tensors as JSON, got them as bytes; of tritonclient: "
            "set_data_from_numpy(array, binary_data=False)",
        )
    given: InferRequest = {"inputs": []}

    def read(body: bytes, contract: Contract) -> Rows:
        nonlocal given
        given = request_of(body, contract, asked.live.limits)
        if given.get("model_name") not in (None, request.path_params["name"]):
            raise ProblemError("invalid", "expected the model_name of the address, or none")
        names_of(given.get("outputs"), contract)
        return rows_of_tensors(given["inputs"], contract, asked.live.limits)

    answering, answers = await asked.answer(request, read)
    name, version = _named(answering)
    bundle = answering.predictor.bundle
    told: dict[str, Any] = {"model_name": name, "model_version": version}
    if given.get("id") is not None:
        told["id"] = given["id"]
    rehearsal = {"rehearsal": True} if answering.predictor.rehearsal else {}
    told["parameters"] = {"bundle": bundle.id, **rehearsal}
    told["outputs"] = tensors_of(answers, given.get("outputs"), bundle.contract)
    return to_json(told)


def _named(answering: ActiveModel) -> tuple[str, str]:
    manifest = answering.predictor.bundle.manifest
    return str(manifest["name"]), str(manifest["version"])


def _meant(request: Request, answering: ActiveModel) -> tuple[str, str]:
    """Name and version of what answers, if it is what the address names.

    Raises:
        Refusal: it is another.
    """
    name, version = _named(answering)
    meant = request.path_params
    if meant["name"] != name or meant.get("version", version) != version:
        raise ProblemError(
            "not-found", f"expected model '{name}' in version '{version}', got another"
        )
    return name, version
