"""The prediction log writes or counts every record, and never delays a response."""

import errno
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log.predictions import PredictionLog
from engine.serving.log.segments import Segments

BUNDLE = "b" * 64


def record(number: int, **row: Any) -> dict[str, Any]:
    return {"prediction_id": f"{number:032x}", "bundle": BUNDLE, "row": row}


def wait_until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def read_records(folder: Path) -> list[dict[str, Any]]:
    segments = sorted(folder.glob("*.jsonl"))
    return [json.loads(line) for path in segments for line in path.read_text().splitlines()]


def test_closed_log_has_all_records_in_order(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "new" / "folder") as log:
        for number in range(2_500):
            log.add(record(number, carrier="blé"))
    assert read_records(log.folder) == [record(number, carrier="blé") for number in range(2_500)]
    assert log.dropped == 0


def test_personal_columns_are_excluded(tmp_path: Path) -> None:
    with PredictionLog(tmp_path, personal=["customer"]) as log:
        log.add(record(1, customer="c-1", items=3))
    assert read_records(tmp_path) == [record(1, items=3)]


def test_personal_columns_are_excluded_by_bundle(tmp_path: Path) -> None:
    with PredictionLog(tmp_path, personal=["customer"]) as log:
        log.exclude_columns("b", ["street"])
        for bundle in ("a", "b"):
            log.add({**record(1, customer="c-1", street="s-1"), "bundle": bundle})
    assert [one["row"] for one in read_records(tmp_path)] == [
        {"street": "s-1"},
        {"customer": "c-1"},
    ]


def test_full_segment_is_followed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.serving.log.segments.SEGMENT_BYTES", 10)
    for _ in range(3):
        with PredictionLog(tmp_path) as log:
            log.add(record(1))
    with PredictionLog(tmp_path) as log:
        log.add(record(2))
    assert len(list(tmp_path.glob("*.jsonl"))) == 4
    assert len(read_records(tmp_path)) == 4


def test_full_queue_drops_and_counts_records_without_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.serving.log.predictions.QUEUED_RECORDS", 10)
    with PredictionLog(tmp_path) as log:
        log.add(record(0, long="x" * 20_000_000))  # the writer is busy for a while
        for number in range(1, 5_000):
            log.add(record(number))
    assert log.dropped > 0
    assert len(read_records(tmp_path)) + log.dropped == 5_000


def test_unwritable_folder_drops_records_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    with PredictionLog(tmp_path / "log") as log:
        for number in range(100):
            log.add(record(number))
    assert log.dropped == 100
    assert len(caplog.records) == 1
    assert os.strerror(errno.EEXIST) in caplog.text


def test_log_continues_when_the_folder_is_writable_again(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    with PredictionLog(tmp_path / "log") as log:
        log.add(record(1))
        wait_until(lambda: log.dropped)
        (tmp_path / "log").unlink()
        log.add(record(2))
    assert read_records(tmp_path / "log") == [record(2)]
    assert log.dropped == 1


def test_deleted_folder_is_counted_and_created_again(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log") as log:
        log.add(record(1))
        wait_until(lambda: list(tmp_path.glob("log/*.jsonl")))
        shutil.rmtree(tmp_path / "log")
    assert log.dropped == 1


def test_unserialisable_record_is_dropped_alone_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with PredictionLog(tmp_path) as log:
        log.add(record(1))
        log.add(record(2, broken=object(), name="s3cr3t"))
        log.add(record(3, broken="s3cr3t \ud800"))
        log.add({"prediction_id": "no row", "bundle": BUNDLE})
        log.add(record(4))
    assert read_records(tmp_path) == [record(1), record(4)]
    assert log.dropped == 3
    assert "serialize" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_moved_segment_keeps_its_records(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log") as log:
        log.add(record(1))
        wait_until(lambda: list(tmp_path.glob("log/*.jsonl")))
        (tmp_path / "log").rename(tmp_path / "elsewhere")

        def is_written() -> bool:
            log.add(record(2))
            return bool(read_records(tmp_path / "log"))

        wait_until(is_written)
    assert log.dropped == 0
    assert read_records(tmp_path / "elsewhere")[0] == record(1)


class Blocked:
    """A disk that hangs until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hangs, self.release = threading.Event(), threading.Event()
        append = Segments.append

        def wait(segments: Segments, lines: Any) -> None:
            self.hangs.set()
            assert self.release.wait(30)
            append(segments, lines)

        monkeypatch.setattr(Segments, "append", wait)


def test_queue_takes_as_many_records_as_it_has_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.serving.log.predictions.QUEUED_RECORDS", 10)
    disk = Blocked(monkeypatch)
    with PredictionLog(tmp_path) as log:
        log.add(record(0))
        wait_until(disk.hangs.is_set)
        for number in range(1, 11):
            log.add(record(number))
        assert log.dropped == 0
        for lost in (1, 2):
            log.add(record(11))
            assert log.dropped == lost
        disk.release.set()
    assert read_records(tmp_path) == [record(number) for number in range(11)]
    assert log.dropped == 2


def test_disk_that_hangs_does_not_keep_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends after a while, with a message of how many records are lost at most."""
    monkeypatch.setattr("engine.serving.log.predictions.CLOSE_SECONDS", 0.2)
    disk, before = Blocked(monkeypatch), set(threading.enumerate())
    log = PredictionLog(tmp_path)
    [writer] = set(threading.enumerate()) - before
    assert (writer.name, writer.daemon) == ("prediction-log", True)
    log.add(record(0))
    wait_until(disk.hangs.is_set)
    for number in range(7):
        log.add(record(number))
    began = time.monotonic()
    log.close()
    assert time.monotonic() - began < 10
    assert "1007 records" in caplog.text
    disk.release.set()
    writer.join(30)


def test_records_whose_sync_fails_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    with PredictionLog(tmp_path) as log:
        with monkeypatch.context() as failing:
            failing.setattr(os, "fsync", fail)
            for number in range(3):
                log.add(record(number))
            wait_until(lambda: log.dropped == 3)
        log.add(record(3))
    assert (read_records(tmp_path), log.dropped) == ([record(3)], 3)
    assert "the disk is broken" in caplog.text
