"""Responds to POST /v1/predict, the most frequent request."""

import asyncio
import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from pydantic_core import to_json
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope

from engine.serving.http.errors import ProblemError, echo
from engine.serving.http.request_parsing import Rows, offload, read_body, read_rows, validated
from engine.serving.ids import new_id
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.segments import now
from engine.serving.model_holder import ActiveModel, ModelHolder

Answers = list[dict[str, Any]]
LONGEST_QUERY = 2_000  # a longer query is not parsed
_T = TypeVar("_T")


class Predict:
    """Checks rows, calls the current model, and logs its predictions."""

    def __init__(self, model: ModelHolder, log: PredictionLog) -> None:
        self._model, self._log = model, log

    async def __call__(self, scope: Scope, receive: Receive) -> bytes:
        """The response to one row, or to all rows of `{"rows": [...]}`, as JSON."""
        query = scope["query_string"]
        self._model.current.batcher.refuse_if_full()
        body = await read_body(scope, receive, self._model.limits)
        size = len(body)
        active, (rows, many) = await self.read(size, lambda active: read_rows(body, active.schema))
        if most := _reason_count(query) if query else 0:
            return to_json(await self._explained(active, rows, most))
        answers = self._logged(active, rows, await active.batcher.predict(rows))
        return to_json({"predictions": answers} if many else answers[0])

    async def read(self, size: int, read: Callable[[ActiveModel], _T]) -> tuple[ActiveModel, _T]:
        """The current model, and the result of `read` for it, of a body of `size` bytes."""
        while True:
            active = self._model.current
            content = await offload(size, partial(read, active))
            if active is self._model.current:  # a release may have replaced it during the reading
                return active, content

    async def records(
        self, size: int, read: Callable[[ActiveModel], Iterable[Any]]
    ) -> tuple[ActiveModel, Answers]:
        """The model that predicted, and one prediction for each record that `read` returns."""
        active, rows = await self.read(size, lambda active: validated(read(active), active.schema))
        return active, self._logged(active, rows, await active.batcher.predict(rows))

    async def _explained(self, active: ActiveModel, rows: Rows, most: int) -> dict[str, Any]:
        """The prediction for one row with its reasons, in one call: the model may change."""
        if len(rows) > 1:
            raise ProblemError("invalid", f"expected one row to give reasons for, got {len(rows)}")
        others = active.reasons.rows(rows[0])
        outputs = await active.batcher.predict([*rows, *others])
        [answer] = self._logged(active, rows, outputs[:1])
        if active.reasons.has_shap:
            work = partial(active.reasons.shap, rows[0], answer.get("decision"), most)
            return {**answer, **await asyncio.get_running_loop().run_in_executor(None, work)}
        decided = str(answer.get("decision"))  # of several classes, the score of this one
        scores = [one.get("scores", {}).get(decided, one["score"]) for one in outputs[1:]]
        return {**answer, **active.reasons.explain(rows[0], answer["score"], scores, most)}

    def _logged(self, active: ActiveModel, rows: Rows, outputs: Answers) -> Answers:
        """Predictions with ids of their own, logged and counted."""
        predictor, counts, at = active.predictor, active.counts, now()
        # Every prediction of a rehearsal has this field; no other has it.
        rehearsal = {"rehearsal": True} if predictor.rehearsal else {}
        answers = []
        for row, output in zip(rows, outputs, strict=True):
            answer = {"prediction_id": new_id(), "bundle": counts.id, **rehearsal, **output}
            self._log.add({"at": at, "rehearsal": predictor.rehearsal, **answer, "row": row})
            counts.scores.observe(output["score"])
            answers.append(answer)
        counts.rows += len(rows)
        return answers


def _reason_count(query: bytes) -> int:
    """How many reasons a query requests, as `reasons=3`; 0 without that parameter."""
    if len(query) > LONGEST_QUERY:
        detail = f"expected a query of at most {LONGEST_QUERY:,} bytes, got {len(query):,}"
        raise ProblemError("invalid", detail)
    if not (values := QueryParams(query).getlist("reasons")):
        return 0
    if len(values) != 1 or not re.fullmatch("[1-9][0-9]?", values[0]):
        expected = "a whole number from 1 to 99"
        fault = {"field": "reasons", "expected": expected, "got": echo(values[-1])}
        raise ProblemError("invalid", "the query has no valid number of reasons", [fault])
    return int(values[0])
