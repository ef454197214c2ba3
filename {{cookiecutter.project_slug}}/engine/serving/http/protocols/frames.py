"""Rows as the bodies of MLflow's scoring server, and what its clients call predictions.

A data frame has no other word for a missing value than NaN, or NaT in a column of dates, so here
both are null. A CSV is read as the contract describes the text file that the model was trained on.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated, Any, NotRequired

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.contract.layout import Layout, column_names
from engine.contract.text_cell import read_cell
from engine.serving.http.errors import ProblemError
from engine.serving.http.protocols.handler import Rows, exact, is_nan, parse_as, rows_by_columns
from engine.serving.http.request_parsing import count_rows
from engine.serving.http.schema import Limits

Records = Annotated[list[dict[str, Any]], Field(fail_fast=True)]


@exact
class Split(TypedDict):
    """A data frame by lines; its index is not looked at."""

    columns: Annotated[list[str], Field(fail_fast=True)]
    data: Annotated[list[list[Any]], Field(fail_fast=True)]
    index: NotRequired[list[Any]]


@exact
class Invocation(TypedDict, total=False):
    """Exactly one of the first four. Empty parameters change nothing; the model takes none."""

    dataframe_split: Split
    dataframe_records: Records
    instances: Records
    inputs: Records | dict[str, Any]
    params: Annotated[dict[str, Any], Field(max_length=0)] | None


_INVOCATION: TypeAdapter[Invocation] = TypeAdapter(Invocation)
# A training file has columns that are no inputs.
MOST_OTHER_COLUMNS = 200


def rows_of_json(body: bytes, contract: Contract, limits: Limits) -> Rows:
    """The rows of a JSON body, made one by one and not yet checked against the contract."""
    content = parse_as(_INVOCATION, body, contract, limits)
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
        rows = rows_by_columns(value, limits)
    else:
        count_rows(len(value), limits)
        rows = value
    dates = {column.name for column in contract.inputs if column.type == "date"}

    def present(name: str, value: Any) -> Any:
        return None if is_nan(value) or (value == "NaT" and name in dates) else value

    return ({name: present(name, value) for name, value in row.items()} for row in rows)


def rows_of_csv(body: bytes, contract: Contract, limits: Limits) -> Rows:
    """The rows of a CSV, laid out and written as the contract says: a training file is read as is.

    The text is UTF-8 or, where it is none, in the contract's encoding; training detects it in the
    same order. Columns that are no inputs are left out if the CSV has every input. If it lacks
    one, they stay and are refused: one of them may be the missing input, misspelled.
    """
    layout, columns = contract.layout, {column.name: column for column in contract.inputs}
    try:
        # Not by str.splitlines, which splits cells at characters that are no line ends.
        reader = csv.reader(
            io.StringIO(_decoded(body, layout), newline=""), delimiter=layout.separator
        )
        # One line more than a request may have is enough to refuse it.
        lines = list(islice(filter(None, reader), limits.rows + layout.header + 1))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProblemError(
            "invalid", f"expected a CSV in UTF-8, got something else: {error}"
        ) from None
    most = len(columns) + MOST_OTHER_COLUMNS
    if (width := max(map(len, lines), default=0)) > most:
        raise ProblemError("invalid", f"expected at most {most} columns, got {width}")
    names = list(column_names(lines[0], header=layout.header).names) if lines else []
    rows = _split(names, lines[1:] if layout.header else lines, limits)
    names_read = columns.keys() if columns.keys() <= set(names) else set(names)
    return (
        {
            name: read_cell(columns[name], text) if name in columns else text
            for name, text in row.items()
            if name in names_read
        }
        for row in rows
    )


def predictions(answers: Sequence[Mapping[str, Any]], contract: Contract) -> list[Any]:
    """What a model in MLflow's sense predicts: the class that is decided for, or the number."""
    if contract.task == "regression":
        return [answer["score"] for answer in answers]
    if contract.task == "binary":
        no, yes = contract.classes
        return [yes if answer["decision"] else no for answer in answers]
    return [answer["decision"] for answer in answers]


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
            got = f"{len(values)} in row {number}"
            raise ProblemError("invalid", f"expected {len(columns)} values a row, got {got}")
    return (dict(zip(columns, values, strict=True)) for values in data)
