"""Answers POST /v1/predict: what the server is for, so nothing here is done twice or in vain."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs

from pydantic_core import to_json
from starlette.types import Receive, Scope

from engine.serving.http.errors import ProblemError, echo
from engine.serving.http.offload import offload
from engine.serving.http.request_parsing import read_body, read_rows
from engine.serving.ids import new_id
from engine.serving.log.predictions import PredictionLog
from engine.serving.log.segments import now
from engine.serving.model_holder import ActiveModel, ModelHolder

Answers = list[dict[str, Any]]
# Far more than a query may say; a longer one is not parsed.
LONGEST_QUERY = 2_000
_T = TypeVar("_T")


class Predict:
    """Checks rows, asks what answers now, and remembers what it said."""

    def __init__(self, live: ModelHolder, log: PredictionLog) -> None:
        self._live, self._log = live, log

    async def __call__(self, scope: Scope, receive: Receive) -> bytes:
        """The answer to a request's body: of one row, or of all in `{"rows": [...]}`, as JSON.

        Its query may ask for reasons: see `_asked`.

        Raises:
            Refusal: the body or its rows are not what the contract wants, or too many wait.
            ClientDisconnect: nobody waits for the answer any more.
        """
        query = scope["query_string"]
        self._live.now.batcher.refuse_if_full()
        body = await read_body(scope, receive, self._live.limits)
        answering, (rows, many) = await self.read(
            len(body), lambda answering: read_rows(body, answering.schema)
        )
        if most := _asked(query) if query else 0:
            return to_json(await self._explained(answering, rows, most))
        answers = await self.answer(answering, rows)
        return to_json({"predictions": answers} if many else answers[0])

    async def read(self, size: int, read: Callable[[ActiveModel], _T]) -> tuple[ActiveModel, _T]:
        """What `read` makes of a body of so many bytes for the bundle that serves now, and that.

        Raises:
            Refusal: too many bytes wait to be read, or as `read` does.
        """
        while True:
            answering = self._live.now
            found = await offload(size, partial(read, answering))
            if answering is self._live.now:  # another may have taken its place meanwhile
                return answering, found

    async def answer(self, answering: ActiveModel, rows: Sequence[dict[str, Any]]) -> Answers:
        """One signed answer a row, in order; rows are checked by the schema of `answering`.

        Raises:
            Refusal: they have waited too long.
        """
        return self._signed(answering, rows, await answering.batcher.predict(rows))

    async def _explained(
        self, answering: ActiveModel, rows: Sequence[dict[str, Any]], most: int
    ) -> dict[str, Any]:
        """The signed answer to one row, with its reasons; asked together, for `now` may change."""
        if len(rows) > 1:
            raise ProblemError("invalid", f"expected one row to give reasons for, got {len(rows)}")
        found = await answering.batcher.predict([*rows, *answering.reasons.rows(rows[0])])
        [answer] = self._signed(answering, rows, found[:1])
        # Of several classes, of the one decided upon.
        chosen = str(answer["decision"]) if "scores" in answer else None
        scores = [one["score"] if chosen is None else one["scores"][chosen] for one in found[1:]]
        told = answering.reasons.explain(rows[0], answer["score"], scores, most)
        return {**answer, "reasons": told}

    def _signed(
        self, answering: ActiveModel, rows: Sequence[dict[str, Any]], found: Answers
    ) -> Answers:
        """Answers with ids of their own, remembered and counted."""
        predictor, counts, at = answering.predictor, answering.counts, now()
        # Of a rehearsal every answer says so; of all else none says anything.
        told = {"rehearsal": True} if predictor.rehearsal else {}
        answers = []
        for row, answer in zip(rows, found, strict=True):
            signed = {"prediction_id": new_id(), "bundle": counts.id, **told, **answer}
            self._log.add({"at": at, "rehearsal": predictor.rehearsal, **signed, "row": row})
            counts.scores.observe(answer["score"])
            answers.append(signed)
        counts.rows += len(rows)
        return answers


def _asked(query: bytes) -> int:
    """How many reasons a query asks for: `reasons=3`; none where it does not speak of them.

    Raises:
        Refusal: it asks for what is no such number.
    """
    if len(query) > LONGEST_QUERY:
        raise ProblemError(
            "invalid", f"expected a query of at most {LONGEST_QUERY:,} bytes, got {len(query):,}"
        )
    told = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("reasons")
    if told is None:
        return 0
    if len(told) != 1 or not re.fullmatch("[1-9][0-9]?", told[0]):
        got = {"field": "reasons", "expected": "a whole number from 1 to 99", "got": echo(told[-1])}
        raise ProblemError("invalid", "the query does not say how many reasons are wanted", [got])
    return int(told[0])
