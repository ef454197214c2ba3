"""Strict request and answer types of one bundle, made from its contract."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import GenericAlias
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
)
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

from engine.bundle.bundle import Contract
from engine.contract.column import LONGEST_CATEGORY, Column, expected
from engine.contract.format import number_pattern
from engine.serving.http.errors import PROBLEM
from engine.serving.http.labels import PredictionId, label_fields, outcomes
from engine.serving.http.parse import Bound

_INT64 = 2**63
_TIME = r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
_DATE = rf"\d{{4}}-\d{{2}}-\d{{2}}([T ]{_TIME})?"


@dataclass(frozen=True)
class Limits:
    """What a request may hold; how many rows may wait, and how long."""

    body_bytes: int = 1_000_000
    rows: int = 1_000
    waiting_rows: int = 4_000
    wait_seconds: float = 2.0


@dataclass(frozen=True)
class Schema:
    """The types of one bundle by their name in the OpenAPI document."""

    contract: Contract
    adapters: Mapping[str, TypeAdapter[Any]]
    words: Mapping[str, Mapping[str, str]]  # describe the fields of a Row and of a Label
    limits: Limits
    bounds: Mapping[str, Bound]

    def components(self) -> dict[str, Any]:
        """Every type as a JSON Schema, for the `components` of the OpenAPI document."""
        made, shared = TypeAdapter.json_schemas(
            [(name, "validation", adapter) for name, adapter in self.adapters.items()],
            ref_template="#/components/schemas/{model}",
        )
        types = {name: value for (name, _), value in made.items()}
        return {**types, **shared.get("$defs", {}), "Problem": PROBLEM}


def schema_of(
    contract: Contract, limits: Limits, on_ignored: Callable[[str], object] = lambda name: None
) -> Schema:
    """The request and answer types of a contract.

    `on_ignored` is called with the name of each dropped input that a row still has.
    """
    types = {
        "Row": _row(contract, on_ignored),
        "Answer": _record("Answer", _answer(contract)),
        "Label": _record("Label", label_fields(contract)),
    }
    length = Field(min_length=1, max_length=limits.rows)
    for name, key in (("Row", "rows"), ("Answer", "predictions"), ("Label", "labels")):
        kind: Any = GenericAlias(list, types[name])
        types[f"{name}s"] = _record(f"{name}s", {key: Annotated[kind, length]})
    outcome = f"one of {json.dumps(outcomes(contract))[1:-1]}" if contract.classes else "a number"
    words = {
        "Row": {column.name: expected(column) for column in contract.inputs}
        | {name: f"no such field after {day}" for name, day in contract.dropped.items()},
        "Label": {
            "prediction_id": "the prediction_id of a prediction",
            "label": outcome,
            "known_at": "a date-time with an offset, such as 2026-03-01T09:30:00Z, since 1970 "
            "and not in the future",
        },
    }
    adapters = {name: TypeAdapter[Any](record) for name, record in types.items()}
    bounds = {name: Bound(limits.rows, len(fields)) for name, fields in words.items()}
    return Schema(contract, adapters, words, limits, bounds)


def _record(name: str, fields: Mapping[str, Any]) -> Any:
    """A typed dict: its keys may be any column name, and what is validated is a plain row."""
    record = TypedDict(name, dict(fields))  # type: ignore[misc]  # noqa: UP013  # made from data
    strict = ConfigDict(extra="forbid", strict=True)
    record.__pydantic_config__ = strict  # type: ignore[attr-defined]
    return record


def _row(contract: Contract, on_ignored: Callable[[str], object]) -> Any:
    """A row; fields that the contract drops may be sent until their day, and are removed."""
    fields = {column.name: _input(column) for column in contract.inputs}
    fields |= {name: _dropped(name, until) for name, until in contract.dropped.items()}
    record = _record("Row", fields)
    if not contract.dropped:  # the most frequent request needs no further step
        return record

    def without_dropped(row: dict[str, Any]) -> dict[str, Any]:
        ignored = row.keys() & contract.dropped.keys()
        for name in ignored:
            on_ignored(name)
        return {name: value for name, value in row.items() if name not in ignored}

    return Annotated[record, AfterValidator(without_dropped)]


def _dropped(name: str, until: str) -> Any:
    last = date.fromisoformat(until)

    def in_time(value: Any) -> Any:
        if datetime.now(UTC).date() > last:
            raise ValueError("the input was dropped")
        return value

    field = Field(title=name, description=f"Ignored until {until}.", deprecated=True)
    return NotRequired[Annotated[Any, field, AfterValidator(in_time)]]


def _input(column: Column) -> Any:
    kind, words = _kind(column), expected(column)
    meaning = f"{column.meaning.rstrip('.')}. " if column.meaning else ""
    field = Field(
        title=column.name,
        description=f"{meaning}{words[0].upper()}{words[1:]}.",
        examples=[] if column.example is None and not column.nullable else [column.example],
    )
    kind = Annotated[kind | None if column.nullable else kind, *_as_in_training(column), field]
    return NotRequired[kind] if column.nullable else kind


def _as_in_training(column: Column) -> list[BeforeValidator]:
    """Reads values as training reads them; the model would take them for others, silently.

    A category has no spaces around it. A blank one is missing, and so is a value that means missing
    in the training file, such as -999; where none may be missing, it is refused.
    """
    missing: set[str | float] = {*column.format.missing}
    if column.type in ("number", "integer"):
        pattern = number_pattern(".", "")
        missing = {float(word) for word in column.format.missing if re.fullmatch(pattern, word)}
    elif column.type == "category" and column.nullable:
        missing.add("")  # where none may be missing, the text's own limits refuse it

    def read(value: Any) -> Any:
        if column.type == "category" and isinstance(value, str):
            value = value.strip()
        if isinstance(value, bool | list | dict) or value not in missing:
            return value
        if not column.nullable:
            raise ValueError("missing")
        return None

    # A closed category that differs is refused, and a boolean has no other spelling.
    is_exact = column.closed or column.type == "boolean" or not missing
    return [] if is_exact else [BeforeValidator(read)]


def _kind(column: Column) -> Any:
    match column.type:
        case "number":
            field = Field(ge=column.minimum, le=column.maximum, allow_inf_nan=False)
            return Annotated[float, field]
        case "integer":
            low = -_INT64 if column.minimum is None else math.ceil(column.minimum)
            high = _INT64 - 1 if column.maximum is None else math.floor(column.maximum)
            return Annotated[int, Field(ge=low, le=high), BeforeValidator(_whole)]
        case "boolean":
            return bool
        case "date":
            # The row keeps the text: the log holds what was received, the frame parses it once.
            return Annotated[str, Field(pattern=f"^{_DATE}$"), AfterValidator(_iso)]
    if column.closed:
        return Literal[column.categories]
    text = StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_CATEGORY)
    return Annotated[str, text]


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _iso(text: str) -> str:
    datetime.fromisoformat(text)  # refuses the 30th of February, which the pattern cannot
    return text


def _described(kind: Any, text: str | None) -> Any:
    return Annotated[kind, Field(description=text)]


def _answer(contract: Contract) -> dict[str, Any]:
    meanings = {output["name"]: output.get("meaning", "") for output in contract.outputs}
    outputs: dict[str, Any] = {"score": float}
    if contract.task != "regression":
        outputs = {"score": Annotated[float, Field(ge=0, le=1)], "decision": bool}
    if contract.task == "multiclass":
        outputs |= {"decision": Literal[tuple(contract.classes)], "scores": dict[str, float]}
    reason = {"input": str, "value": Any, "typical": NotRequired[Any]}
    effects = {
        "contribution": "The input's SHAP value, on the scale of the explanation.",
        "difference": "Change of the score if the input had its typical value.",
    }
    reason |= {name: NotRequired[_described(float, text)] for name, text in effects.items()}
    reasons = GenericAlias(list, _record("Reason", reason))
    about = _record("Explanation", {"method": str, "scale": str, "base": NotRequired[float]})
    return {
        "prediction_id": PredictionId,
        "bundle": _described(str, "The bundle that predicted."),
        "rehearsal": NotRequired[_described(Literal[True], "Not accepted: do not act on it.")],
        "reasons": NotRequired[_described(reasons, "If requested, strongest first.")],
        "explanation": NotRequired[_described(about, "Method and scale of the reasons.")],
        **{name: _described(kind, meanings.get(name)) for name, kind in outputs.items()},
    }
