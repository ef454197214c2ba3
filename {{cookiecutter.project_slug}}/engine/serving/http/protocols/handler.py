"""What every protocol has in common: rows in, then the same checks, queue and log."""

from collections.abc import Callable, Iterable
from typing import Any

from starlette.requests import Request

from engine.bundle.bundle import Contract
from engine.serving.http.predict import Answers, Predict
from engine.serving.http.request_parsing import read_body, rows_of
from engine.serving.model_holder import ActiveModel, ModelHolder

Rows = Iterable[dict[str, Any]]


class ProtocolHandler:
    """Predicts rows that came in another form than that of /v1/predict, with the same result."""

    def __init__(self, model: ModelHolder, predict: Predict) -> None:
        self.model, self._predict = model, predict

    async def predict(
        self, request: Request, read: Callable[[bytes, Contract], Rows]
    ) -> tuple[ActiveModel, Answers]:
        """The model that predicted, and one prediction for each row that `read` finds in the body.

        Raises:
            ProblemError: the body or its rows do not fit the contract, or too many rows wait.
            ClientDisconnect: the client has disconnected.
        """
        self.model.current.batcher.refuse_if_full()
        body = await read_body(request.scope, request.receive, self.model.limits)

        def checked(active: ActiveModel) -> list[dict[str, Any]]:
            return rows_of(read(body, active.predictor.bundle.contract), active.schema)

        active, rows = await self._predict.read(len(body), checked)
        return active, await self._predict.predict_rows(active, rows)
