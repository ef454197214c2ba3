"""Request and answer types of one bundle, made from its contract; nothing is written twice.

Types are strict: a string is no number, true is no number, NaN and Infinity are refused. A
nullable field may be null or left out, which is the same; every other field is required. JSON
knows no integers, so an integer may come as 3.0, never as 3.5.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import GenericAlias
from typing import Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.contract.column import LONGEST_CATEGORY, Column
from engine.contract.words import expected
from engine.serving.http import label as labels
from engine.serving.http.errors import PROBLEM
from engine.serving.http.label import PredictionId
from engine.serving.http.parse import Bound

_INT64 = 2**63
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?")


@dataclass(frozen=True)
class Limits:
    """What a request may hold; how many rows may wait, and how long."""

    body_bytes: int = 1_000_000
    rows: int = 1_000
    waiting_rows: int = 4_000
    wait_seconds: float = 2.0


@dataclass(frozen=True)
class Schema:
    """The types of one bundle by their name in the OpenAPI document.

    `words` say what a field of a row or of a label may be, for those who sent something else.
    `bound` is the most that a request of rows may hold, `label_bound` of labels.
    """

    adapters: Mapping[str, TypeAdapter[Any]]
    words: Mapping[str, Mapping[str, str]]
    limits: Limits
    bound: Bound
    label_bound: Bound

    def components(self) -> dict[str, Any]:
        """Every type as a JSON Schema, for the `components` of the OpenAPI document."""
        made, shared = TypeAdapter.json_schemas(
            [
                (name, "serialization" if name.startswith("Answer") else "validation", adapter)
                for name, adapter in self.adapters.items()
            ],
            ref_template="#/components/schemas/{model}",
        )
        types = {name: value for (name, _), value in made.items()}
        return {**types, **shared.get("$defs", {}), "Problem": PROBLEM}


def schema_of(contract: Contract, limits: Limits) -> Schema:
    """The request and answer types of a contract."""
    row = _record("Row", {column.name: _input(column) for column in contract.inputs})
    answer = _record("Answer", _answer(contract))
    label = _record("Label", labels.fields_of(contract))
    types = {
        "Row": row,
        "Rows": _record("Rows", {"rows": _list_of(row, limits)}),
        "Answer": answer,
        "Answers": _record("Answers", {"predictions": GenericAlias(list, answer)}),
        "Label": label,
        "Labels": _record("Labels", {"labels": _list_of(label, limits)}),
    }
    label_words = labels.words_of(contract)
    return Schema(
        adapters={name: TypeAdapter(kind) for name, kind in types.items()},
        words={
            "Row": {column.name: expected(column) for column in contract.inputs},
            "Label": label_words,
        },
        limits=limits,
        bound=Bound(limits.rows, len(contract.inputs)),
        label_bound=Bound(limits.rows, len(label_words)),
    )


def _record(name: str, fields: Mapping[str, Any]) -> Any:
    """A typed dict: its keys may be any column name, and what is validated is already a plain row.

    A pydantic model would need an alias for 'mean radius (mm)' and a dump for every row.
    """
    record = TypedDict(name, dict(fields))  # type: ignore[misc]  # noqa: UP013  # made from data
    strict = ConfigDict(extra="forbid", strict=True)
    record.__pydantic_config__ = strict  # type: ignore[attr-defined]
    return record


def _list_of(kind: Any, limits: Limits) -> Any:
    return Annotated[GenericAlias(list, kind), Field(min_length=1, max_length=limits.rows)]


def _input(column: Column) -> Any:
    kind, words = _KINDS[column.type](column), expected(column)
    meaning = f"{column.meaning.rstrip('.')}. " if column.meaning else ""
    field = Field(
        title=column.name,
        description=f"{meaning}{words[0].upper()}{words[1:]}.",
        examples=[] if column.example is None and not column.nullable else [column.example],
    )
    if column.nullable:
        return NotRequired[Annotated[kind | None, field]]
    return Annotated[kind, field]


def _number(column: Column) -> Any:
    return Annotated[float, Field(ge=column.minimum, le=column.maximum, allow_inf_nan=False)]


def _integer(column: Column) -> Any:
    low = -_INT64 if column.minimum is None else math.ceil(column.minimum)
    high = _INT64 - 1 if column.maximum is None else math.floor(column.maximum)
    return Annotated[int, Field(ge=low, le=high), BeforeValidator(_whole)]


def _category(column: Column) -> Any:
    if column.closed:
        return Literal[column.categories]
    return Annotated[str, Field(max_length=LONGEST_CATEGORY)]


def _date(_: Column) -> Any:
    # The row keeps the text: the log holds what was received, the frame parses it once.
    return Annotated[str, Field(pattern=f"^{_DATE.pattern}$"), AfterValidator(_iso)]


_KINDS: Mapping[str, Callable[[Column], Any]] = {
    "number": _number,
    "integer": _integer,
    "boolean": lambda _: bool,
    "category": _category,
    "date": _date,
}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _iso(text: str) -> str:
    datetime.fromisoformat(text)  # refuses the 30th of February, which the pattern cannot
    return text


def _answer(contract: Contract) -> dict[str, Any]:
    meanings = {output["name"]: output.get("meaning", "") for output in contract.outputs}

    def output(name: str, kind: Any) -> Any:
        return Annotated[kind, Field(description=meanings.get(name))]

    fields: dict[str, Any] = {
        "prediction_id": PredictionId,
        "bundle": Annotated[str, Field(description="The bundle that answered.")],
        "rehearsal": NotRequired[
            Annotated[Literal[True], Field(description="The bundle is not accepted: do not act.")]
        ],
    }
    reason = _record("Reason", {
        "input": str,
        "value": Any,
        "typical": Any,
        "difference": Annotated[float, Field(description="The score, less what it would be were "
                                             "this input typical.")],
    })  # fmt: skip
    fields["reasons"] = NotRequired[
        Annotated[GenericAlias(list, reason), Field(description="If asked for, strongest first.")]
    ]
    if contract.task == "regression":
        return fields | {"score": output("score", float)}
    fields["score"] = output("score", Annotated[float, Field(ge=0, le=1)])
    if contract.task == "binary":
        return fields | {"decision": output("decision", bool)}
    return fields | {
        "decision": output("decision", Literal[tuple(contract.classes)]),
        "scores": output("scores", dict[str, float]),
    }
