"""The counts of refused requests: each in a record once, of its bundle, whatever the disk does."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log.refused import MOST_UNWRITTEN, RefusedLog

INTERVAL = "engine.serving.log.refused.WRITE_SECONDS"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[RefusedLog]:
    with RefusedLog(tmp_path / "refused") as made:
        yield made


def records(folder: Path) -> list[dict[str, Any]]:
    segments = (folder / "refused").glob("*.jsonl")
    return [json.loads(text) for one in segments for text in one.open()]


def test_record_holds_the_counts_of_its_bundle_and_nothing_else(
    log: RefusedLog, tmp_path: Path
) -> None:
    for _ in range(2):
        log.add("a", "invalid", ["items", "other"], rehearsal=False)
    log.add("a", "no-key", [], rehearsal=False)
    log.add("a", "invalid", ["items"], rehearsal=True)
    log.add("b", "invalid", ["days"], rehearsal=False)
    log.begin("c", rehearsal=True)
    log.close()
    written = {(one.pop("bundle"), one.pop("rehearsal")): one for one in records(tmp_path)}
    assert len({one.pop("record_id") for one in written.values()}) == 4
    assert all(one.pop("at").startswith("20") for one in written.values())

    def count(reason: str, field: str, requests: int) -> dict[str, Any]:
        return {"reason": reason, "field": field, "requests": requests}

    assert written == {
        ("a", False): {
            "requests": 3,
            "counts": [
                count("invalid", "items", 2), count("invalid", "other", 2), count("no-key", "", 1)
            ],
        },
        ("a", True): {"requests": 1, "counts": [count("invalid", "items", 1)]},
        ("b", False): {"requests": 1, "counts": [count("invalid", "days", 1)]},
        ("c", True): {"requests": 0, "counts": []},
    }  # fmt: skip


def test_counts_are_written_while_the_server_runs_each_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(INTERVAL, 0.01)
    with RefusedLog(tmp_path / "refused") as log:
        for number in range(1, 4):
            log.add("a", "invalid", [], rehearsal=False)
            while sum(one["requests"] for one in records(tmp_path)) < number:
                time.sleep(0.01)
    assert [one["requests"] for one in records(tmp_path)] == [1, 1, 1]


def test_counts_wait_for_a_full_disk_and_each_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(INTERVAL, 0.01)
    (tmp_path / "refused").write_text("a file where the folder should be")
    log = RefusedLog(tmp_path / "refused")
    for number in range(1, 3):
        log.add("b", "invalid", ["items"], rehearsal=False)
        while len(caplog.records) < number:
            time.sleep(0.01)
    assert "%s" not in caplog.records[0].getMessage()
    (tmp_path / "refused").unlink()
    log.add("b", "invalid", ["items"], rehearsal=False)
    log.close()
    written = records(tmp_path)
    assert sum(one["requests"] for one in written) == 3
    assert len({one["record_id"] for one in written}) == len(written)


def test_records_that_wait_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails for days must not take all memory: the oldest counts are lost."""
    (tmp_path / "refused").write_text("a file where the folder should be")
    monkeypatch.setattr(INTERVAL, 0.01)
    log = RefusedLog(tmp_path / "refused")
    for number in range(MOST_UNWRITTEN + 10):
        log.begin(f"b{number}", rehearsal=False)
    while not log._unwritten:
        time.sleep(0.01)
    (tmp_path / "refused").unlink()
    log.close()
    assert {one["bundle"] for one in records(tmp_path)} == {
        f"b{number}" for number in range(10, MOST_UNWRITTEN + 10)
    }


def test_close_gives_up_on_a_disk_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is a daemon, so it does not keep the process either."""
    free, module = threading.Event(), "engine.serving.log.refused"
    monkeypatch.setattr(f"{module}.CLOSE_SECONDS", 0.05)
    monkeypatch.setattr(f"{module}.Segments.append", lambda *_: free.wait(30))
    log = RefusedLog(tmp_path / "refused")
    log.add("a", "invalid", [], rehearsal=False)
    log.close()
    assert log._thread.is_alive()
    assert log._thread.daemon
    free.set()
    log._thread.join()
