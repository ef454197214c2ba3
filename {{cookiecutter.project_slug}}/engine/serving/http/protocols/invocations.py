"""The routes of MLflow's scoring server and of SageMaker's containers: /invocations and /ping."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, NotRequired

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter
from pydantic_core import to_json
from starlette.responses import PlainTextResponse
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.contract.layout import Layout, column_names
from engine.contract.stray_quote import first_stray
from engine.contract.text_cell import read_cell
from engine.serving.http.errors import ProblemError, echo
from engine.serving.http.openapi import BODY_PROBLEMS, inline, problems, ref, request_body, response
from engine.serving.http.protocols import handler as protocol
from engine.serving.http.protocols.handler import ProtocolHandler, Rows, exact
from engine.serving.http.request_parsing import count_rows
from engine.serving.http.routes import refuse_if_draining
from engine.serving.http.schema import Limits, Schema

# The form of requests changed last in this version of MLflow; clients choose their form by it.
MLFLOW_VERSION = "2.0.0"
# Of a media type: UTF-8, of which ASCII is a part, and that a CSV has a header (RFC 4180).
_PARAMETERS = {"", "charset=utf-8", "charset=utf8", "charset=us-ascii", "header=present"}
_MEMBERS = {"predictions": {}, "answers": ref("Answer")}
_INVOKED = {
    "type": "object",
    "required": [*_MEMBERS],
    "properties": {name: {"type": "array", "items": kind} for name, kind in _MEMBERS.items()},
}

Records = Annotated[list[dict[str, Any]], Field(fail_fast=True)]


@exact
class Split(TypedDict):
    """A data frame by lines; its index is ignored."""

    columns: Annotated[list[str], Field(fail_fast=True)]
    data: Annotated[list[list[Any]], Field(fail_fast=True)]
    index: NotRequired[list[Any]]


@exact
class Invocation(TypedDict, total=False):
    """Exactly one of the first four; the model takes no parameters."""

    dataframe_split: Split
    dataframe_records: Records
    instances: Records
    inputs: Records | dict[str, Any]
    params: Annotated[dict[str, Any], Field(max_length=0)] | None


_INVOCATION: TypeAdapter[Invocation] = TypeAdapter(Invocation)
MOST_OTHER_COLUMNS = 200  # a training file has columns that are no inputs


def rows_of_json(body: bytes, schema: Schema) -> Rows:
    """The rows of a JSON body, made one by one and not yet checked against the contract."""
    content, limits = protocol.parse_as(_INVOCATION, body, schema), schema.limits
    content.pop("params", None)
    if len(content) != 1:
        forms = ", ".join(name for name in Invocation.__annotations__ if name != "params")
        raise ProblemError("invalid", f"expected exactly one of {forms}; got {len(content)}")
    [(name, value)] = content.items()
    if name == "dataframe_split":
        rows = _split(value["columns"], value["data"], limits)
    elif isinstance(value, dict):
        if not all(isinstance(values, list) for values in value.values()):
            raise ProblemError("invalid", "expected a list for each column")
        rows = protocol.rows_by_columns(value, limits)
    else:
        count_rows(len(value), limits)
        rows = value
    dates = {column.name for column in schema.contract.inputs if column.type == "date"}

    def present(name: str, value: Any) -> Any:
        return None if protocol.is_nan(value) or (value == "NaT" and name in dates) else value

    return ({name: present(name, value) for name, value in row.items()} for row in rows)


def rows_of_csv(body: bytes, schema: Schema) -> Rows:
    """The rows of a CSV, laid out and written as the contract says, as a training file is."""
    layout, limits = schema.contract.layout, schema.limits
    columns = {column.name: column for column in schema.contract.inputs}
    try:
        # Not by str.splitlines, which splits cells at characters that are no line ends.
        text = io.StringIO(_decoded(body, layout), newline="")
        reader = csv.reader(text, delimiter=layout.separator)
        # One line more than a request may have is enough to refuse it.
        lines = list(islice(filter(None, reader), limits.rows + layout.header + 1))
    except (UnicodeDecodeError, csv.Error) as error:
        detail = f"expected a CSV in UTF-8, got something else: {error}"
        raise ProblemError("invalid", detail) from None
    most = len(columns) + MOST_OTHER_COLUMNS
    if (width := max(map(len, lines), default=0)) > most:
        raise ProblemError("invalid", f"expected at most {most} columns, got {width}")
    has_marks = '"' in text.getvalue() and len(set(map(len, lines))) == 1
    table = lines[layout.header :]
    if has_marks and (at := first_stray(table, layout.separator)) is not None:
        detail = f"row {at + 1} holds other rows: a quotation mark opens a cell "
        raise ProblemError("invalid", f"{detail}that ends in a later line")
    names = list(column_names(lines[0], header=layout.header).names) if lines else []
    rows = _split(names, table, limits)
    # Other columns are dropped. If an input is missing, they stay and are refused: one may be it.
    has_all = columns.keys() <= set(names)

    def cells(row: Mapping[str, str]) -> dict[str, Any]:
        read = {name: read_cell(columns[name], row[name]) for name in columns if name in row}
        return read if has_all else {**row, **read}

    return map(cells, rows)


def _decoded(body: bytes, layout: Layout) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        if layout.encoding == "utf-8":
            raise
        return body.decode(layout.encoding)
    # UTF-16 without letters beyond ASCII is UTF-8 with zero bytes.
    return body.decode(layout.encoding) if "\0" in text else text


def _split(columns: Sequence[str], data: Sequence[Sequence[Any]], limits: Limits) -> Rows:
    if len(set(columns)) < len(columns):
        raise ProblemError("invalid", "expected each column once, got one of them twice")
    count_rows(len(data), limits)
    for number, values in enumerate(data, start=1):
        if len(values) != len(columns):
            detail = f"expected {len(columns)} values a row, got {len(values)} in row {number}"
            raise ProblemError("invalid", detail)
    return (dict(zip(columns, values, strict=True)) for values in data)


_READERS = {"application/json": rows_of_json, "text/csv": rows_of_csv}


def router(handler: ProtocolHandler) -> APIRouter:
    """The routes that MLflow's clients and SageMaker call."""
    made = APIRouter(tags=["MLflow, SageMaker"])
    body = request_body(inline(Invocation))
    body["requestBody"]["content"]["text/csv"] = {"schema": {"type": "string"}}

    @made.get("/ping", response_class=PlainTextResponse, responses=problems("not-ready"))
    async def ping(request: Request) -> str:
        """As /readyz."""
        refuse_if_draining(request)
        return "\n"

    @made.get("/version", response_class=PlainTextResponse)
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
        contract = active.predictor.bundle.contract
        # What a model in MLflow's sense predicts: the class that is decided for, or the number.
        values: list[Any] = [answer.get("decision", answer["score"]) for answer in answers]
        if contract.task == "binary":
            values = [contract.classes[value] for value in values]
        content = to_json({"predictions": values, "answers": answers})
        return Response(content, media_type="application/json")

    return made


def _media_type(request: Request) -> str:
    """The body's type, JSON by default, or a ProblemError for one that is not supported."""
    given = request.headers.get("content-type", "application/json")
    plain = "".join(given.lower().replace('"', "").split())  # without quotes and spaces
    kind, *parameters = plain.split(";")
    if kind not in _READERS or not set(parameters) <= _PARAMETERS:
        detail = f"expected {' or '.join(_READERS)} in UTF-8, got {echo(given)}"
        raise ProblemError("wrong-type", detail)
    return kind
