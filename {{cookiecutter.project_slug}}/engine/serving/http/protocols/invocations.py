"""What MLflow's scoring server and SageMaker's containers answer: /invocations and /ping.

`predictions` holds what MLflow's clients look for. `answers` beside it holds for each row what
/v1/predict would have said, with the id that its label will need.
"""

from functools import partial

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json
from starlette.responses import PlainTextResponse

from engine.serving.http.errors import ProblemError, echo
from engine.serving.http.openapi import READING, gives, refuses, takes
from engine.serving.http.protocols.frames import predictions, rows_of_csv, rows_of_json
from engine.serving.http.protocols.handler import ProtocolHandler

# The form of requests changed last in this version of MLflow; clients ask to know which to send.
SPOKEN = "2.0.0"
# All that may stand behind a media type: nothing, the one charset that is read, of which ASCII is a
# part, and for a CSV that it has a header (RFC 4180).
_PARAMETERS = ("", "charset=utf-8", "charset=utf8", "charset=us-ascii", "header=present")
_READ = {"application/json": rows_of_json, "text/csv": rows_of_csv}


def router(asked: ProtocolHandler) -> APIRouter:
    """The routes that MLflow's clients and SageMaker call."""
    found = APIRouter(tags=["MLflow, SageMaker"])
    body = takes("Invocation")
    body["requestBody"]["content"]["text/csv"] = {"schema": {"type": "string"}}

    @found.get(
        "/ping",
        response_class=PlainTextResponse,
        responses=gives("Send requests here.") | refuses("not-ready"),
    )
    async def ping(request: Request) -> Response:
        """As /readyz."""
        asked.refuse_if_leaving(request)
        return PlainTextResponse("\n")

    @found.get(
        "/version", response_class=PlainTextResponse, responses=gives("A version of MLflow.")
    )
    async def version() -> Response:
        """The version of MLflow whose form of requests is spoken here."""
        return PlainTextResponse(SPOKEN)

    @found.post(
        "/invocations",
        openapi_extra=body,
        responses=gives("Predictions, and an answer for each.", "Invoked")
        | refuses(*READING, "wrong-type", "busy"),
    )
    async def invoke(request: Request) -> Response:
        """Answer the rows of a data frame, as /v1/predict would."""
        read = partial(_READ[_type(request)], limits=asked.live.limits)
        answering, answers = await asked.answer(request, read)
        told = predictions(answers, answering.predictor.bundle.contract)
        made = to_json({"predictions": told, "answers": answers})
        return Response(made, media_type="application/json")

    return found


def _type(request: Request) -> str:
    """The body's type; who tells none sends JSON.

    Raises:
        Refusal: nobody here reads it.
    """
    given = request.headers.get("content-type", "application/json")
    kind, *parameters = [part.strip() for part in given.lower().split(";")]
    if kind not in _READ or not all(part in _PARAMETERS for part in map(_plain, parameters)):
        raise ProblemError(
            "wrong-type", f"expected {' or '.join(_READ)} in UTF-8, got {echo(given)}"
        )
    return kind


def _plain(parameter: str) -> str:
    """A parameter of a media type without its quotes and spaces."""
    name, equals, value = parameter.partition("=")
    return name.strip() + equals + value.strip().removeprefix('"').removesuffix('"').strip()
