"""Answers POST /v1/predict: what the server is for, so nothing here is done twice or in vain."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json
from starlette.types import Receive

from serving.http.intake import read_body, read_rows
from serving.ids import new_id
from serving.live import Answering, Live
from serving.log.predictions import PredictionLog
from serving.log.segments import now

Answers = list[dict[str, Any]]


class Predict:
    """Checks rows, asks what answers now, and remembers what it said."""

    def __init__(self, live: Live, log: PredictionLog) -> None:
        self._live, self._log = live, log

    async def __call__(self, receive: Receive) -> bytes:
        """The answer to a request's body: of one row, or of all in `{"rows": [...]}`, as JSON.

        Raises:
            Refusal: the body or its rows are not what the contract wants, or too many wait.
            ClientDisconnect: nobody waits for the answer any more.
        """
        body = await read_body(receive, self._live.limits)
        answering = self._live.now
        answering.coalescer.refuse_if_full()
        rows, many = read_rows(body, answering.schema)
        answers = await self.answer(answering, rows)
        return to_json({"predictions": answers} if many else answers[0])

    async def answer(self, answering: Answering, rows: Sequence[dict[str, Any]]) -> Answers:
        """One signed answer a row, in order; rows are checked by the schema of `answering`.

        Raises:
            Refusal: they have waited too long.
        """
        found = await answering.coalescer.predict(rows)
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
