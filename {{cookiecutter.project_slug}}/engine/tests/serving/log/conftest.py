"""Each test of the logs ends with all that its logs began."""

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def no_writer_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log that is closed has no thread any more; a test that hangs ends soon."""
    monkeypatch.setattr("engine.serving.log.predictions.CLOSE_SECONDS", 10.0)
    before = set(threading.enumerate())
    yield
    left = [one.name for one in set(threading.enumerate()) - before]
    assert left == []
