"""Append-only JSON Lines files, for predictions and labels."""

import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from io import FileIO
from itertools import accumulate
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic_core import to_json

from engine.problem.files import sync

SEGMENT_BYTES = 64_000_000


class Segments:
    """Appends lines to files of a folder; begins the next file when one is full.

    After a failed write a new file begins, so a truncated line is always the last of its file. File
    names sort by time and are unique, however many servers share the folder. `written` is the exact
    number of lines in the files: partial writes are truncated again. Another program may move a
    file, or copy and empty it (logrotate's `copytruncate`): its lines count, and a new one begins.
    """

    # Of the current file: bytes and lines, and those that were on the disk at the last sync.
    _size: tuple[int, int]
    _synced: tuple[int, int]
    _path: Path

    def __init__(self, folder: Path) -> None:
        self.folder, self.written = folder, 0
        self._file: FileIO | None = None

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines, each with its break; after an OSError, the first of them may be written."""
        file, data, written = self._file or self._begin(), memoryview(b"".join(lines)), 0
        try:
            while written < len(data):
                written += file.write(data[written:]) or 0
        except OSError:
            ends = [0, *accumulate(map(len, lines))]
            complete = bisect_right(ends, written) - 1
            self._count(ends[complete], complete)
            self._truncate(file, self._size)
            with suppress(OSError):
                self.sync()
            self.close()
            raise
        self._count(written, len(lines))
        if self._size[0] >= SEGMENT_BYTES:
            self.sync()
            self.close()

    def sync(self) -> None:
        """Return once all is on the disk; OSError if anything since the last sync is lost."""
        if self._file is None:
            return
        try:
            os.fsync(self._file.fileno())
            in_place = self._in_place(self._file)
            if in_place and self._synced == (0, 0):
                sync(self.folder)
        except OSError:
            # Unsynced data may be corrupt.
            self._truncate(self._file, self._synced)
            self.close()
            raise
        if os.fstat(self._file.fileno()).st_nlink == 0:
            self._truncate(self._file, (0, 0))
            self.close()
            raise FileNotFoundError(f"{self._path} was deleted")
        self._synced = self._size
        if not in_place or os.fstat(self._file.fileno()).st_size < self._size[0]:
            self.close()  # moved or emptied; its lines are where they were moved or copied to

    def close(self) -> None:
        """Close the current file in any state; remove it if it is empty."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                if self._size == (0, 0):  # else a full disk collects empty files
                    self._path.unlink()
        self._file = None

    def _begin(self) -> FileIO:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = self.folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.jsonl"
        # Appended: a write behind the end of an emptied file would fill it with zero bytes.
        self._file = FileIO(self._path, "ab", opener=_create)
        self._size = self._synced = (0, 0)
        return self._file

    def _in_place(self, file: FileIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _count(self, size: int, lines: int) -> None:
        self._size = self._size[0] + size, self._size[1] + lines
        self.written += lines

    def _truncate(self, file: FileIO, to: tuple[int, int]) -> None:
        """Truncate the file to `to`: bytes and lines."""
        with suppress(OSError):
            os.ftruncate(file.fileno(), min(to[0], os.fstat(file.fileno()).st_size))
        self.written -= self._size[1] - to[1]
        self._size = to


def _create(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o666)


def now() -> str:
    """The current time for records: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def line(record: Mapping[str, Any]) -> bytes:
    """A record as a line of JSON; ValueError if a value cannot be serialised."""
    # pydantic's, because it is compiled and holds the interpreter for the shortest time.
    return to_json(record) + b"\n"
