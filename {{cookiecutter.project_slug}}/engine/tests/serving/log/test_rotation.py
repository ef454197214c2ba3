"""A segment that another program copies and empties, as logrotate does with `copytruncate`."""

import errno
import json
import os
import shutil
from io import FileIO
from pathlib import Path

import pytest

from engine.serving.log.labels import Labels
from engine.serving.log.segments import Segments, line


def _rotate(folder: Path, number: int) -> None:
    """Copy the newest segment of a folder, then empty it."""
    newest = max(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns)
    shutil.copy(newest, folder / f"{newest.stem}.{number}.copy")
    os.truncate(newest, 0)


def _records(folder: Path) -> list[dict[str, int]]:
    """Every line of every file, each of which must be JSON."""
    lines = [one for path in folder.iterdir() for one in path.read_bytes().splitlines()]
    return sorted(map(json.loads, lines), key=lambda record: record["number"])


@pytest.mark.parametrize("synced", [True, False])
def test_emptied_segment_has_no_zero_bytes(tmp_path: Path, *, synced: bool) -> None:
    """Lines after a rotation begin where the emptied file ends."""
    log, records = Segments(tmp_path), [{"number": number} for number in range(40)]
    for number in range(0, 40, 10):
        log.append([line(record) for record in records[number : number + 5]])
        log.sync()
        _rotate(tmp_path, number)
        log.append([line(record) for record in records[number + 5 : number + 10]])
        if synced:
            log.sync()
    log.sync()
    log.close()
    assert _records(tmp_path) == records
    assert log.written == len(records)


def test_emptied_segment_is_followed_by_a_new_one(tmp_path: Path) -> None:
    """The file that a tool has rotated is left to the tool."""
    log = Segments(tmp_path)
    log.append([line({"number": 1})])
    _rotate(tmp_path, 1)
    log.sync()
    log.append([line({"number": 2})])
    log.sync()
    log.close()
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_full_disk_after_a_rotation_adds_no_zero_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed write shortens the emptied file at most; it never lengthens it."""
    log = Segments(tmp_path)
    log.append([line({"number": number}) for number in range(3)])
    _rotate(tmp_path, 1)

    class Full(FileIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "no space left on device")

    assert log._file is not None
    monkeypatch.setattr(log, "_file", Full(os.dup(log._file.fileno()), "ab"))
    with pytest.raises(OSError, match="no space"):
        log.append([line({"number": 3})])
    assert [record["number"] for record in _records(tmp_path)] == [0, 1, 2]


def test_label_after_a_rotation_is_stored(tmp_path: Path) -> None:
    labels = Labels(tmp_path)
    for number in range(3):
        labels.add([{"prediction_id": f"{number:032x}", "number": number}])
        _rotate(tmp_path, number)
    assert [record["number"] for record in _records(tmp_path)] == [0, 1, 2]
