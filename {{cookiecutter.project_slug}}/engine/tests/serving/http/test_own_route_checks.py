"""Own routes that cannot be served or guarded are refused at the start; a release reaches them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.problem.errors import BadInput
from engine.serving import model_holder
from engine.serving.access import Keys
from engine.serving.http.app import Start
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor
from engine.serving.model_holder import ReleaseWatcher, load_predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.in_process import KEY
from engine.tests.serving.http.test_own_routes import CALL, SHIPMENT, own
from engine.tests.serving.made import FEATURES, make_bundle
from engine.tests.serving.released import PATIENCE_SECONDS, Following, Released
from serving.app import create_app


def refusal(connect: Connect, predictor: Predictor, router: APIRouter) -> BadInput:
    """The error of a server that starts with these routes."""
    with pytest.raises(BadInput, match=r"serving/app\.py") as refused:
        connect(predictor, own=router)
    return refused.value


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/predict", "/v1/{anything}", "/livez", "/{anything}", "/{rest:path}", "/health"),
        *("/v1/labels", "/docs", "/docs/own", "/openapi.json", "/v2", "/v2/own/{name}", "/ping"),
        *("/{stage}/predict", "/{a}/{b:path}", "/invocations", "/metrics", "/version"),
        "/v{n}/predict",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_own_route_with_a_path_of_the_server_is_refused(
    connect: Connect, predictor: Predictor, path: str, method: str
) -> None:
    router = APIRouter()
    router.add_api_route(path, lambda: None, methods=[method])
    assert refusal(connect, predictor, router).code == "route-taken"


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        (["shop/prices"], "route-path"),
        (["/shop/prices", "/shop/prices"], "route-hidden"),
        (["/shop/{name}", "/shop/prices"], "route-hidden"),
        (["/shop/{name}", "/shop/{other}"], "route-hidden"),
    ],
)
def test_own_route_that_is_never_reached_is_refused(
    connect: Connect, predictor: Predictor, paths: list[str], code: str
) -> None:
    router = APIRouter()
    for path in paths:
        router.routes.append(APIRoute(path, lambda: None, methods=["GET"]))
    assert refusal(connect, predictor, router).code == code


def test_own_routes_of_one_path_with_other_methods_are_served(
    connect: Connect, predictor: Predictor
) -> None:
    router = APIRouter()
    router.add_api_route("/shop/prices", lambda: [1], methods=["GET"])
    router.add_api_route("/shop/prices", lambda: [2], methods=["POST"])
    router.add_api_route("/shop/{name}", lambda name: [name], methods=["PUT"])
    client = connect(predictor, own=router)
    assert [client.get("/shop/prices").json(), client.post("/shop/prices").json()] == [[1], [2]]


def test_path_of_an_included_router_is_checked(connect: Connect, predictor: Predictor) -> None:
    inner, outer = APIRouter(prefix="/v1"), APIRouter()
    inner.add_api_route("/predict", lambda: None)
    outer.include_router(inner)
    refused = refusal(connect, predictor, outer)
    assert refused.code == "route-taken"
    assert "/v1/predict" in str(refused)
    inner, outer = APIRouter(), APIRouter()
    inner.add_api_route("/prices", lambda: [1])
    outer.include_router(inner, prefix="/shop")
    client = connect(predictor, keys=Keys(KEY, None), own=outer)
    assert client.get("/shop/prices").status_code == 401
    bearer = {"Authorization": f"Bearer {KEY}"}
    assert client.get("/shop/prices", headers=bearer).json() == [1]
    assert 'route="/shop/prices",status="200"} 1.0' in client.get("/metrics").text


def test_route_that_cannot_be_guarded_is_refused(
    connect: Connect, predictor: Predictor, tmp_path: Path
) -> None:
    mounted, socket, pages, named = APIRouter(), APIRouter(), APIRouter(), APIRouter()
    mounted.mount("/shop", Starlette())
    socket.add_api_websocket_route("/live", lambda: None)
    (tmp_path / "index.html").write_text("a page")
    pages.frontend("/shop", directory=tmp_path)
    for router in (mounted, socket, pages):
        assert refusal(connect, predictor, router).code == "route-kind"

    class Row(BaseModel):
        price: float

    @named.post("/v1/prices")
    async def price(row: Row) -> None:
        """Its type has a name that is taken."""

    assert refusal(connect, predictor, named).code == "type-taken"


def test_root_path_that_hides_an_own_route_is_refused(
    connect: Connect, predictor: Predictor
) -> None:
    routes = connect(predictor, own=own).app.own  # type: ignore[attr-defined]
    routes.refuse_hidden("")
    routes.refuse_hidden("/models")
    with pytest.raises(BadInput, match="/shipments") as refused:
        routes.refuse_hidden("/shipments")
    assert refused.value.code == "route-hidden"


@pytest.fixture
def following(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Following]:
    """A server with the own routes that follows the release file."""
    # A bundle of its own: its feature code leaves with it, and other tests use theirs.
    path = tmp_path / "first"
    make_bundle(path, code=f"{FEATURES}\n# the first\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUNDLES", raising=False)
    monkeypatch.setattr(model_holder, "POLL_SECONDS", 0.02)
    first, released = bundles.read(path), Released(tmp_path)
    released.add(path, first.id)
    released.name(first.id)
    with PredictionLog(tmp_path / "predictions") as log:
        load = partial(load_predictor, first, rehearsal=False)
        app = create_app(Start(load, log, Labels(tmp_path / "labels")), own=own)
        watch = ReleaseWatcher(app.state.live, log)
        with TestClient(app) as client:
            assert client.portal
            client.portal.call(watch.start)
            yield Following(client, released, first.id, tmp_path)
            watch.stop()
            assert watch.stopped(PATIENCE_SECONDS)


def test_own_route_uses_the_new_model_after_a_release(following: Following, tmp_path: Path) -> None:
    path = tmp_path / "other"
    bundle = make_bundle(path, code=FEATURES.replace("* FACTOR", "// 10"))
    following.released.add(path, bundle)
    client = following.client
    assert client.post(CALL, json=SHIPMENT).json()["bundle"] == following.first
    types = set(client.get("/openapi.json").json()["components"]["schemas"])
    following.swaps_to(bundle)
    assert client.post(CALL, json=SHIPMENT).json()["bundle"] == bundle
    counted = f'serving_rows_predicted_total{{bundle="{bundle}"}} 1.0'
    assert counted in client.get("/metrics").text
    assert set(client.get("/openapi.json").json()["components"]["schemas"]) == types
