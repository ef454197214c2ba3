"""A bundle, a predictor and an application, shared where no test changes them."""

from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path

import pytest
from fastapi import APIRouter
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.serving import model_holder
from engine.serving.access import Keys
from engine.serving.http.app import Start
from engine.serving.http.schema import Limits
from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog
from engine.serving.model.predictor import Predictor, load
from engine.serving.model_holder import ReleaseWatcher, load_predictor
from engine.tests.serving.made import FEATURES, make_bundle
from engine.tests.serving.released import PATIENCE_SECONDS, Following, Released
from serving.app import LIMITS, create_app


@pytest.fixture(scope="session")
def bundle_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A valid bundle; no test changes it."""
    path = tmp_path_factory.mktemp("made") / "binary"
    make_bundle(path)
    return path


@pytest.fixture(scope="session")
def predictor(bundle_path: Path) -> Predictor:
    return load(bundles.read(bundle_path), rehearsal=False)


Connect = Callable[..., TestClient]
# A bundle's folder and its id.
Made = tuple[Path, str]
ODD = FEATURES.replace("* FACTOR", "// 10")


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    """`connect(predictor)` is a client of an application that logs to `tmp_path`."""
    opened: list[tuple[TestClient, PredictionLog]] = []

    def open_one(
        predictor: Predictor,
        limits: Limits = LIMITS,
        keys: Keys | None = None,
        origins: Collection[str] = (),
        own: APIRouter | None = None,
    ) -> TestClient:
        log = PredictionLog(tmp_path / "predictions")
        start = Start(lambda: predictor, log, Labels(tmp_path / "labels"), keys, origins)
        app = create_app(start, limits, own or APIRouter())
        client = TestClient(app)
        client.__enter__()
        opened.append((client, log))
        return client

    yield open_one
    for client, log in opened:
        client.__exit__()
        log.close()


@pytest.fixture
def client(connect: Connect, predictor: Predictor) -> TestClient:
    return connect(predictor)


@pytest.fixture
def server(
    bundle_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Following]:
    """An application that follows the release file of the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BUNDLES", raising=False)
    monkeypatch.setattr(model_holder, "POLL_SECONDS", 0.02)
    first = bundles.read(bundle_path)
    released = Released(tmp_path)
    released.add(bundle_path, first.id)
    released.name(first.id)
    with PredictionLog(tmp_path / "predictions") as log:
        load = partial(load_predictor, first, rehearsal=False)
        app = create_app(Start(load, log, Labels(tmp_path / "labels")))
        watch = ReleaseWatcher(app.state.live, log)
        with TestClient(app) as client:
            assert client.portal
            client.portal.call(watch.start)
            yield Following(client, released, first.id, tmp_path)
            watch.stop()
            assert watch.stopped(PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def other(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A bundle that may be released next, and its id."""
    path = tmp_path_factory.mktemp("other") / "bundle"
    return path, make_bundle(path, code=ODD)
