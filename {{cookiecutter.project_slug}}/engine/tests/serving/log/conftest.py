"""Each test of the logs ends with all that its logs began."""

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest


@pytest.fixture(autouse=True)
def no_writer_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A log that is closed has no thread any more; a test that hangs ends after a minute."""
    monkeypatch.setattr("engine.serving.log.predictions.CLOSE_SECONDS", 10.0)
    before = set(threading.enumerate())

    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError("the test hangs")

    usual = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, usual)
    left = [one.name for one in set(threading.enumerate()) - before]
    assert left == []
