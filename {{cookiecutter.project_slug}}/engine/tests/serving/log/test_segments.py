"""A segment holds whole lines, and exactly those that `written` counts, however a disk fails."""

import errno
import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log import segments
from engine.serving.log.segments import Segments, line, now

ONE, TWO, THREE = line({"number": 1}), line({"number": 2}), line({"number": 3})


@pytest.fixture
def far_east(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server whose local time is fourteen hours ahead."""
    monkeypatch.setenv("TZ", "UTC-14")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def texts(folder: Path) -> list[bytes]:
    """The content of each file, the largest first."""
    return sorted((path.read_bytes() for path in folder.iterdir()), reverse=True)


class SmallDisk(FileIO):
    """A file on a disk with room for `room` bytes, which writes at most `piece` of them at once."""

    room, piece = 0, 1

    def write(self, data: Any) -> int:
        fitting = min(len(data), SmallDisk.piece, SmallDisk.room)
        if not fitting:
            raise OSError(errno.ENOSPC, "no space left on device")
        SmallDisk.room -= fitting
        return super().write(data[:fitting])


def test_write_that_takes_nothing_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Interrupted(FileIO):
        """Takes nothing at first, then a piece."""

        writes = 0

        def write(self, data: Any) -> Any:
            assert len(data)
            self.writes += 1
            return super().write(data[:5]) if self.writes % 2 else None

    monkeypatch.setattr(segments, "FileIO", Interrupted)
    log = Segments(tmp_path)
    log.append([ONE, TWO])
    log.sync()
    assert (texts(tmp_path), log.written) == ([ONE + TWO], 2)


@pytest.mark.parametrize("seed", range(30))
def test_full_disk_leaves_whole_lines_that_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  # chance that repeats itself
    monkeypatch.setattr(segments, "FileIO", SmallDisk)
    records = [{"number": number, "text": "x" * dice.randrange(40)} for number in range(30)]
    lines = [line(record) for record in records]
    ends = [sum(map(len, lines[:count])) for count in range(31)]
    # Somewhere, or just where a line ends.
    SmallDisk.room = dice.choice([dice.randrange(ends[-1]), dice.choice(ends[:-1])])
    SmallDisk.piece = dice.choice([1, 7, 1_000_000])
    complete = sum(end <= SmallDisk.room for end in ends) - 1
    log, refused = Segments(tmp_path), 0
    for first in range(0, 30, 10):
        try:
            log.append(lines[first : first + 10])
        except OSError:
            refused += 1
            SmallDisk.room = 0
    log.sync()
    log.close()
    assert refused
    text = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    written = [json.loads(one) for one in text.splitlines()]
    assert written == records[:complete]
    assert text == b"".join(lines[:complete])
    assert log.written == complete
    assert all(path.stat().st_size for path in tmp_path.iterdir())


def broken_sync(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is broken")

    monkeypatch.setattr(os, "fsync", fail)
    return monkeypatch


def test_lines_since_the_last_sync_are_lost_with_a_sync_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is known of them; the next line begins another segment."""
    log = Segments(tmp_path)
    log.append([ONE, TWO])
    log.sync()
    log.append([THREE, THREE])
    with monkeypatch.context() as failing:
        broken_sync(failing)
        with pytest.raises(OSError, match="the disk is broken"):
            log.sync()
    assert (texts(tmp_path), log.written) == ([ONE + TWO], 2)
    log.append([THREE])
    log.sync()
    log.close()
    assert (texts(tmp_path), log.written) == ([THREE, ONE + TWO], 3)


def test_segment_whose_first_sync_fails_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Segments(tmp_path)
    log.append([ONE])
    with monkeypatch.context() as failing:
        broken_sync(failing)
        with pytest.raises(OSError, match="the disk is broken"):
            log.sync()
    assert (texts(tmp_path), log.written) == ([], 0)


def test_lines_before_a_full_disk_are_synced_or_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the disk is full and broken, the one error hides no other, and the counts fit."""
    monkeypatch.setattr(segments, "FileIO", SmallDisk)
    SmallDisk.room, SmallDisk.piece = len(ONE) + 3, 1_000
    log = Segments(tmp_path)
    with monkeypatch.context() as failing:
        broken_sync(failing)
        with pytest.raises(OSError, match="no space"):
            log.append([ONE, TWO])
    assert (texts(tmp_path), log.written) == ([], 0)


def test_disk_that_cannot_truncate_either_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: int) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    log = Segments(tmp_path)
    log.append([ONE])
    log.sync()
    log.append([TWO])
    with monkeypatch.context() as failing:
        failing.setattr(os, "ftruncate", fail)
        broken_sync(failing)
        with pytest.raises(OSError, match="the disk is broken"):
            log.sync()
    assert log.written == 1
    log.append([THREE])
    assert (texts(tmp_path)[0], log.written) == (THREE, 2)


def test_deleted_segment_is_an_error_and_its_lines_do_not_count(tmp_path: Path) -> None:
    log = Segments(tmp_path / "log")
    log.append([ONE])
    log.sync()
    shutil.rmtree(tmp_path / "log")
    log.append([TWO])
    with pytest.raises(FileNotFoundError):
        log.sync()
    assert log.written == 0
    log.append([THREE])
    log.sync()
    assert (texts(tmp_path / "log"), log.written) == ([THREE], 1)


def test_moved_segment_keeps_its_lines_and_the_next_line_begins_another(tmp_path: Path) -> None:
    log = Segments(tmp_path / "log")
    log.append([ONE])
    log.sync()
    (tmp_path / "log").rename(tmp_path / "elsewhere")
    log.append([TWO])
    log.sync()
    assert (texts(tmp_path / "elsewhere"), log.written) == ([ONE + TWO], 2)
    log.append([THREE])
    log.sync()
    assert (texts(tmp_path / "elsewhere"), texts(tmp_path / "log")) == ([ONE + TWO], [THREE])
    assert log.written == 3


def test_segment_replaced_by_another_file_is_left_alone(tmp_path: Path) -> None:
    log = Segments(tmp_path)
    log.append([ONE])
    [path] = tmp_path.iterdir()
    path.rename(tmp_path / "elsewhere")
    path.write_bytes(b"of somebody else\n")
    log.sync()
    log.append([TWO])
    log.sync()
    assert (texts(tmp_path), log.written) == ([TWO, ONE, b"of somebody else\n"], 2)


def test_name_of_a_segment_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = list[Path]()
    monkeypatch.setattr(segments, "sync", synced.append)
    log = Segments(tmp_path)
    for number in range(3):
        log.append([ONE])
        log.sync()
        assert synced == [tmp_path], number
    log.close()
    log.append([ONE])
    log.sync()
    assert synced == [tmp_path] * 2


def test_segment_ends_with_the_line_that_fills_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full one is synced and closed: nothing is lost if the server ends then."""
    monkeypatch.setattr(segments, "SEGMENT_BYTES", 2 * len(ONE))
    synced = list[Path]()
    monkeypatch.setattr(segments, "sync", synced.append)
    log = Segments(tmp_path)
    for number in range(5):
        log.append([ONE])
        assert len(synced) == (number + 1) // 2
    assert texts(tmp_path) == [ONE * 2, ONE * 2, ONE]


def test_two_servers_share_a_folder(tmp_path: Path) -> None:
    both = Segments(tmp_path), Segments(tmp_path)
    for log, text in zip(both, (ONE, TWO), strict=True):
        log.append([text])
    for log in both:
        log.append([THREE])
        log.sync()
    assert texts(tmp_path) == [TWO + THREE, ONE + THREE]


def test_log_without_lines_makes_no_file(tmp_path: Path) -> None:
    log = Segments(tmp_path)
    log.sync()
    log.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("far_east")
def test_names_of_segments_sort_by_time_wherever_the_server_is(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    log = Segments(tmp_path)
    log.append([ONE])
    [path] = tmp_path.iterdir()
    stamp, random_part = path.name.removesuffix(".jsonl").split("-")
    made = datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    assert before <= made <= datetime.now(UTC)
    assert len(random_part) == 8


@pytest.mark.usefixtures("far_east")
def test_times_sort_as_texts_wherever_the_server_is() -> None:
    before, text, after = datetime.now(UTC), now(), datetime.now(UTC)
    assert before <= datetime.fromisoformat(text) <= after
    assert (text[10], text[19], text[26:]) == ("T", ".", "+00:00")
