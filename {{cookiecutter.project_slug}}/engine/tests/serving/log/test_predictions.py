"""The prediction log writes or counts every record, and never delays a response."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log.labels import Labels
from engine.serving.log.predictions import PredictionLog


def record(number: int, **row: Any) -> dict[str, Any]:
    return {"prediction_id": f"{number:032x}", "row": row}


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


def test_log_continues_when_the_folder_is_writable_again(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file where the folder should be")
    with PredictionLog(tmp_path / "log") as log:
        log.add(record(1))
        while not log.dropped:
            time.sleep(0.01)
        (tmp_path / "log").unlink()
        log.add(record(2))
    assert read_records(tmp_path / "log") == [record(2)]
    assert log.dropped == 1


def test_deleted_folder_is_counted_and_created_again(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log") as log:
        log.add(record(1))
        while not list(tmp_path.glob("log/*.jsonl")):
            time.sleep(0.01)
        shutil.rmtree(tmp_path / "log")
    assert log.dropped == 1


def test_unserialisable_record_is_dropped_alone_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with PredictionLog(tmp_path) as log:
        log.add(record(1))
        log.add(record(2, broken=object(), name="s3cr3t"))
        log.add(record(3, broken="s3cr3t \ud800"))
        log.add({"prediction_id": "no row"})
        log.add(record(4))
    assert read_records(tmp_path) == [record(1), record(4)]
    assert log.dropped == 3
    assert "s3cr3t" not in caplog.text


def test_moved_segment_keeps_its_records(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "log") as log:
        log.add(record(1))
        while not list(tmp_path.glob("log/*.jsonl")):
            time.sleep(0.01)
        (tmp_path / "log").rename(tmp_path / "elsewhere")
        while not read_records(tmp_path / "log"):
            log.add(record(2))
            time.sleep(0.01)
    assert log.dropped == 0
    assert read_records(tmp_path / "elsewhere")[0] == record(1)


def test_labels_of_one_request_have_one_time(tmp_path: Path) -> None:
    labels = Labels(tmp_path)
    labels.add([{"prediction_id": "a", "label": True}, {"prediction_id": "b", "label": False}])
    first, second = read_records(tmp_path)
    assert first["at"] == second["at"]
    assert (first["label"], second["label"]) == (True, False)
