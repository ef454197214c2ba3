"""The model server on one screen: what it serves, in order. `python -m serving run` starts it.

Owner: ML engineering. Change here what the server is: its limits, its protocols, your own routes.
"""

from fastapi import APIRouter

from engine.serving.http import routes
from engine.serving.http.app import Start, gateway, new_api
from engine.serving.http.gateway import Gateway
from engine.serving.http.predict import Predict
from engine.serving.http.protocols import infer, invocations
from engine.serving.http.protocols.handler import ProtocolHandler
from engine.serving.http.schema import Limits

# What one request may hold, how many rows may wait for the model, and how long. The environment may
# have others: docs/how-to/change-a-limit.md.
LIMITS = Limits(body_bytes=1_000_000, rows=1_000, waiting_rows=4_000, wait_seconds=2.0)

# Your own routes. They are in /docs, and have the same API keys, body limits, error form and
# metrics as the others; a path of the server's own is refused at the start. `Model` is the current
# model, also after a release: `await model.predict(rows)`, `.contract`, `.bundle_id`. An example:
#
#     from typing import Any
#
#     from engine.serving.http.own_routes import Model
#
#
#     @own.post("/v1/action")
#     async def action(row: dict[str, Any], model: Model) -> dict[str, str]:
#         """What to do about one row."""
#         [prediction] = await model.predict([row])
#         return {"action": "call" if prediction["decision"] else "wait"}
own = APIRouter(tags=["own"])


def create_app(start: Start, limits: Limits = LIMITS, own: APIRouter = own) -> Gateway:
    """The application that serves.

    Args:
        start: how the model is loaded, where predictions and labels are written, who may call.
        limits: what one request may hold.
        own: the team's own routes.

    Raises:
        BadInput: the bundle's golden rows get other predictions here, or an own route takes a path
            of the server's.
    """
    # Load: the released bundle, after its golden rows have been checked.
    model = start.load_model(limits)
    api = new_api(model)
    # Predict and log: every prediction has an id and is written, whatever its protocol.
    predict = Predict(model, start.log)
    api.include_router(routes.predict_router(predict))
    # Labels: the true outcomes, by prediction id.
    api.include_router(routes.labels_router(model, start.labels))
    # Protocols: Open Inference Protocol (V2), MLflow's scoring server and SageMaker. Remove a line
    # of `infer` or `invocations`, or all lines with `protocol`, and the rest serves without them.
    protocols = ProtocolHandler(model, predict)
    api.include_router(infer.router(protocols))
    api.include_router(invocations.router(protocols))
    # Probes and metrics.
    api.include_router(routes.probes_router(model))
    api.include_router(routes.metrics_router(model))
    # The team's own routes; then keys, origins and the fast path stand before all of them.
    return gateway(api, predict, start, own)
