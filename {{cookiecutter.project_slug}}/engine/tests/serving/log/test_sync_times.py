"""The writer syncs records soon and seldom, in simulated time."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log.predictions import PredictionLog
from engine.tests.serving.log.test_predictions import record


class Simulated:
    """A log whose time is simulated: what is written and synced at which second.

    Instead of waiting for `close`, the writer lets the time pass and takes what `send` brings.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, seconds: float, send: Callable[[float], int]
    ) -> None:
        self.now, self.end, self.send = 1_000.0, 1_000.0 + seconds, send
        self.appended, self.turns = 0, 0
        self.delays, self.synced_at, self.batches = list[float](), list[float](), list[int]()
        name = "engine.serving.log.predictions"
        monkeypatch.setattr(f"{name}.time", self)
        monkeypatch.setattr(f"{name}.threading", self)
        monkeypatch.setattr(f"{name}.Segments", lambda _: self)
        monkeypatch.setattr(f"{name}.PAUSE_SECONDS", 0.125)  # adds up without rounding
        self.sent = list[float]()
        self.log = PredictionLog(Path("simulated"))
        self.log._write()

    def Thread(self, **_: Any) -> Any:  # noqa: N802  # takes the place of threading's
        return type("Thread", (), {"start": lambda _: None})()

    def Event(self) -> "Simulated":  # noqa: N802
        return self

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        for number in range(self.send(self.now)):
            self.log.add(record(number))
            self.sent.append(self.now)
        self.now += seconds
        return self.now >= self.end

    @property
    def written(self) -> int:
        """The lines that are written; the writer asks for them in each turn."""
        self.turns += 1
        assert self.turns < 10_000, "the writer does not end"
        return self.appended

    def append(self, lines: list[bytes]) -> None:
        self.batches.append(len(lines))
        self.appended += len(lines)

    def sync(self) -> None:
        self.synced_at.append(self.now)
        self.delays += [self.now - sent for sent in self.sent]
        self.sent.clear()

    def close(self) -> None:
        assert not self.sent


@pytest.mark.parametrize("every", [0.125, 0.25, 1.0, 1.5])
def test_record_is_synced_within_a_second_and_syncs_are_few(
    monkeypatch: pytest.MonkeyPatch, every: float
) -> None:
    ran = Simulated(monkeypatch, 60.0, lambda now: int(now % every == 0))
    assert len(ran.delays) == ran.appended == 60 / every
    assert 0.5 < max(ran.delays) <= 1.0
    assert len(ran.synced_at) <= min(60 / every, 60 / 0.8) + 1
    assert ran.log.dropped == 0


def test_quiet_log_is_not_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = Simulated(monkeypatch, 60.0, lambda _: 0)
    assert ran.synced_at == [1_060.0]  # at its end


def test_burst_is_written_in_batches_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = Simulated(monkeypatch, 10.0, lambda now: 3_500 if now == 1_005 else 0)
    assert ran.batches == [1_000, 1_000, 1_000, 500]
    assert ran.synced_at[0] <= 1_006.0
    assert ran.log.dropped == 0


def test_broken_disk_is_logged_once_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(Simulated, "append", fail)
    ran = Simulated(monkeypatch, 300.0, lambda _: 1)
    assert ran.log.dropped == 300 / 0.125
    assert len(caplog.records) == 5
    assert all("no space left on device" in one.getMessage() for one in caplog.records)
