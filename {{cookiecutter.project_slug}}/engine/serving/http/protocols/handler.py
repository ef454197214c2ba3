"""What every protocol has in common: rows in, past the same checks, to the same queue and log."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request

from engine.bundle.bundle import Contract
from engine.serving.http.errors import ProblemError
from engine.serving.http.predict import Answers, Predict
from engine.serving.http.request_parsing import read_body, rows_of
from engine.serving.http.schema import Limits
from engine.serving.model_holder import ActiveModel, ModelHolder

Rows = Iterable[dict[str, Any]]


class ProtocolHandler:
    """Answers what came in another form than that of /v1/predict, and as that would."""

    def __init__(self, live: ModelHolder, predict: Predict) -> None:
        self.live, self._predict = live, predict

    async def answer(
        self, request: Request, read: Callable[[bytes, Contract], Rows]
    ) -> tuple[ActiveModel, Answers]:
        """One signed answer for each row that `read` finds in the body, and what gave them.

        Raises:
            Refusal: the body or its rows are not what the contract wants, or too many wait.
            ClientDisconnect: nobody waits for the answer any more.
        """
        self.live.current.batcher.refuse_if_full()
        body = await read_body(request.scope, request.receive, self.live.limits)

        def checked(answering: ActiveModel) -> list[dict[str, Any]]:
            rows = read(body, answering.predictor.bundle.contract)
            return rows_of(rows, answering.schema)

        answering, rows = await self._predict.read(len(body), checked)
        return answering, await self._predict.answer(answering, rows)

    def refuse_if_leaving(self, request: Request) -> None:
        """Raise a Refusal once the server is told to stop."""
        if request.app.state.draining:
            raise ProblemError("not-ready", "this server is stopping; ask another")


def count_rows(rows: int, limits: Limits) -> None:
    """Before rows are made of what came by columns or lines.

    Raises:
        Refusal: there are none, or more than one request may hold.
    """
    if not 1 <= rows <= limits.rows:
        raise ProblemError(
            "too-many-rows" if rows else "invalid",
            f"expected 1 to {limits.rows} rows, got {rows}; send more in several requests",
        )
