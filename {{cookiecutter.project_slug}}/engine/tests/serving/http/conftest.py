"""What clients that others wrote are tried on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from engine.bundle import bundle as bundles
from engine.serving.access import Keys
from engine.serving.model.predictor import Predictor
from engine.tests.serving.conftest import Connect
from engine.tests.serving.http.in_process import KEY
from engine.tests.serving.test_run import serving


@pytest.fixture(scope="session")
def golden(bundle_path: Path) -> list[dict[str, Any]]:
    """Rows with answers; every nullable column misses in some."""
    return bundles.read(bundle_path).golden()


@pytest.fixture
def guarded(connect: Connect, predictor: Predictor) -> TestClient:
    """A client of an application with `KEY` for its key."""
    return connect(predictor, keys=Keys(KEY, None))


@pytest.fixture(scope="package")
def url(bundle_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, for clients that want a port."""
    words = ("--bundle", bundle_path, "--rehearsal")
    with serving(tmp_path_factory.mktemp("clients"), *words) as (url, _):
        yield url
