"""What all protocols have in common: rows in, then the same checks, queue and log."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from starlette.requests import Request

from engine.serving.http.errors import MOST_ERRORS, ProblemError, invalid_fields
from engine.serving.http.parse import parse
from engine.serving.http.predict import Answers, Predict
from engine.serving.http.request_parsing import count_rows, read_body
from engine.serving.http.schema import Limits, Schema
from engine.serving.model_holder import ActiveModel, ModelHolder

Rows = Iterable[dict[str, Any]]

# A member that the server does not support is refused by name, so no client relies on it.
exact = with_config(ConfigDict(extra="forbid", strict=True))


class ProtocolHandler:
    """Predicts rows that came in another form than that of /v1/predict, with the same result."""

    def __init__(self, model: ModelHolder, predict: Predict) -> None:
        self.model, self._predict = model, predict

    async def predict(
        self, request: Request, read: Callable[[bytes, Schema], Rows]
    ) -> tuple[ActiveModel, Answers]:
        """The model that predicted, and one prediction for each row that `read` returns."""
        self.model.current.batcher.refuse_if_full()
        body = await read_body(request.scope, request.receive, self.model.limits)
        return await self._predict.records(len(body), lambda active: read(body, active.schema))


def parse_as(kind: TypeAdapter[Any], body: bytes, schema: Schema) -> dict[str, Any]:
    """A body of JSON, as the type that a protocol has for requests."""
    try:
        content: dict[str, Any] = kind.validate_python(parse(body, schema.bounds["Row"]))
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        raise invalid_fields(details) from None
    return content


def rows_by_columns(columns: Mapping[str, Sequence[Any]], limits: Limits) -> Rows:
    """The rows, made one by one, of columns that must have one length."""
    lengths = sorted({len(values) for values in columns.values()})
    if len(lengths) != 1:
        got = ", ".join(map(str, lengths[:MOST_ERRORS])) or "none"
        raise ProblemError("invalid", f"expected columns of one length, got {got}")
    count_rows(lengths[0], limits)
    return (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))


def is_nan(value: Any) -> bool:
    """Whether a value is NaN, which numpy and pandas write for a missing number."""
    return isinstance(value, float) and math.isnan(value)
