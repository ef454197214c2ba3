"""A label that was taken is on the disk, once, with the time at which it came."""

import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log.labels import Labels

EARLY, LATE = "2026-03-01T09:30:00.000000+00:00", "2026-03-02T09:30:00.000000+00:00"


def label(name: str, outcome: Any = True, **more: str) -> dict[str, Any]:
    return {"prediction_id": name, "label": outcome, **more}


def stored(folder: Path) -> list[dict[str, Any]]:
    text = b"".join(path.read_bytes() for path in sorted(folder.iterdir()))
    return [json.loads(line) for line in text.splitlines()]


def test_labels_of_one_request_have_one_time(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    Labels(tmp_path).add([label("a"), label("b", outcome=False)])
    first, second = stored(tmp_path)
    assert {**first, "at": ""} == {**label("a"), "at": ""}
    assert {**second, "at": ""} == {**label("b", outcome=False), "at": ""}
    assert first["at"] == second["at"]
    assert before <= datetime.fromisoformat(first["at"]) <= datetime.now(UTC)


def test_last_of_the_labels_known_at_one_time_is_stored(tmp_path: Path) -> None:
    """They come at one time: only `known_at` orders those of one prediction."""
    Labels(tmp_path).add(
        [
            label("a", outcome=1),
            label("a", outcome=2, known_at=LATE),
            label("a", outcome=3, known_at=EARLY),
            label("a", outcome=4, known_at=LATE),
            label("a", outcome=5),
            label("b", outcome=6),
        ]
    )
    taken = sorted((one["label"], one.get("known_at", "")) for one in stored(tmp_path))
    assert taken == [(3, EARLY), (4, LATE), (5, ""), (6, "")]


def test_labels_are_synced_before_they_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, fsync = dict[int, int](), os.fsync

    def note(descriptor: int) -> None:
        fsync(descriptor)
        synced[os.fstat(descriptor).st_ino] = os.fstat(descriptor).st_size

    monkeypatch.setattr(os, "fsync", note)
    labels = Labels(tmp_path / "labels")
    for name in "ab":
        labels.add([label(name)])
        [segment] = [path.stat() for path in (tmp_path / "labels").iterdir()]
        assert synced[segment.st_ino] == segment.st_size > 0
    assert (tmp_path / "labels").stat().st_ino in synced


def test_labels_that_a_disk_did_not_take_may_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = Labels(tmp_path)
    labels.add([label("a")])
    with monkeypatch.context() as failing:

        def fail(_: int) -> None:
            raise OSError(errno.EIO, "the disk is broken")

        failing.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="the disk is broken"):
            labels.add([label("b")])
    assert [one["prediction_id"] for one in stored(tmp_path)] == ["a"]
    labels.add([label("b"), label("c")])
    assert sorted(one["prediction_id"] for one in stored(tmp_path)) == ["a", "b", "c"]


def test_labels_of_many_threads_are_whole_lines(tmp_path: Path) -> None:
    labels = Labels(tmp_path)

    def add(thread: int) -> None:
        for number in range(10):
            labels.add([label(f"{thread}-{number}-{part}") for part in range(20)])

    threads = [threading.Thread(target=add, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = stored(tmp_path)
    assert len({one["prediction_id"] for one in taken}) == len(taken) == 8 * 10 * 20
    assert [one["at"] for one in taken] == sorted(one["at"] for one in taken)
