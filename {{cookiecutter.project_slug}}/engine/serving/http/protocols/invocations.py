"""The routes of MLflow's scoring server and of SageMaker's containers: /invocations and /ping.

`predictions` holds what MLflow's clients read. `answers` beside it holds for each row the response
of /v1/predict, with the id that the label of the row needs.
"""

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from starlette.responses import PlainTextResponse

from engine.serving.http.errors import ProblemError, echo
from engine.serving.http.openapi import (
    BODY_PROBLEMS,
    inline,
    problems,
    ref,
    request_body,
    response,
)
from engine.serving.http.protocols.frames import (
    Invocation,
    predictions,
    rows_of_csv,
    rows_of_json,
)
from engine.serving.http.protocols.handler import ProtocolHandler
from engine.serving.http.routes import refuse_if_draining

# The form of requests changed last in this version of MLflow; clients choose their form by it.
MLFLOW_VERSION = "2.0.0"
# All that may stand behind a media type: nothing, the one supported charset, of which ASCII is a
# part, and for a CSV that it has a header (RFC 4180).
_PARAMETERS = ("", "charset=utf-8", "charset=utf8", "charset=us-ascii", "header=present")
_READERS = {"application/json": rows_of_json, "text/csv": rows_of_csv}
_INVOKED = {
    "title": "Invoked",
    "type": "object",
    "required": ["predictions", "answers"],
    "properties": {
        "predictions": {"type": "array", "items": {}},
        "answers": {"type": "array", "items": ref("Answer")},
    },
}


def router(handler: ProtocolHandler) -> APIRouter:
    """The routes that MLflow's clients and SageMaker call."""
    made = APIRouter(tags=["MLflow, SageMaker"])
    body = request_body(inline(Invocation))
    body["requestBody"]["content"]["text/csv"] = {"schema": {"type": "string"}}

    @made.get(
        "/ping",
        response_class=PlainTextResponse,
        response_description="Send requests here.",
        responses=problems("not-ready"),
    )
    async def ping(request: Request) -> str:
        """As /readyz."""
        refuse_if_draining(request)
        return "\n"

    @made.get(
        "/version",
        response_class=PlainTextResponse,
        response_description="A version of MLflow.",
    )
    async def version() -> str:
        """The version of MLflow whose form of requests this server reads."""
        return MLFLOW_VERSION

    @made.post(
        "/invocations",
        openapi_extra=body,
        responses=response("Predictions, and an answer for each.", _INVOKED)
        | problems(*BODY_PROBLEMS, "wrong-type", "busy"),
    )
    async def invoke(request: Request) -> Response:
        """Predict the rows of a data frame, as /v1/predict does."""
        active, answers = await handler.predict(request, _READERS[_media_type(request)])
        values = predictions(answers, active.predictor.bundle.contract)
        content = to_json({"predictions": values, "answers": answers})
        return Response(content, media_type="application/json")

    return made


def _media_type(request: Request) -> str:
    """The body's type, JSON by default, or a ProblemError for one that is not supported."""
    given = request.headers.get("content-type", "application/json")
    kind, *parameters = [part.strip() for part in given.lower().split(";")]
    if kind not in _READERS or not all(_plain(one) in _PARAMETERS for one in parameters):
        raise ProblemError(
            "wrong-type", f"expected {' or '.join(_READERS)} in UTF-8, got {echo(given)}"
        )
    return kind


def _plain(parameter: str) -> str:
    """A parameter of a media type without its quotes and spaces."""
    name, equals, value = parameter.partition("=")
    return name.strip() + equals + value.strip().removeprefix('"').removesuffix('"').strip()
