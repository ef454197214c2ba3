"""A segment holds whole lines, and exactly those that `written` counts, however a disk fails."""

import errno
import json
import random
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from engine.serving.log import segments
from engine.serving.log.segments import Segments, line


class SmallDisk(FileIO):
    """A file on a disk with room for `room` bytes, which writes at most `piece` of them at once."""

    room, piece = 0, 1

    def write(self, data: Any) -> int:
        fitting = min(len(data), SmallDisk.piece, SmallDisk.room)
        if not fitting:
            raise OSError(errno.ENOSPC, "no space left on device")
        SmallDisk.room -= fitting
        return super().write(data[:fitting])


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
