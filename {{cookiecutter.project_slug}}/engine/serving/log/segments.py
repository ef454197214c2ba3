"""JSON Lines files that only grow: what is kept of answers and labels lies in them."""

import os
import sys
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

SEGMENT_BYTES = 64_000_000


class Segments:
    """Files of a folder that lines are appended to; the next begins when one is full.

    After a failed write the file is left for a new one, so a torn line is always the last of its
    file: readers need to know no other damage. Names sort by time and never meet, however many
    servers share the folder.

    `kept` is how many lines stand there, exactly: what a failure leaves half done is cut off again.
    """

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self.segment_bytes = segment_bytes
        self.kept = 0
        self._file: FileIO | None = None
        self._path = folder
        # Of the current file: bytes and lines, and those that were on the disk at the last sync.
        self._now = self._synced = (0, 0)

    def append(self, lines: Sequence[bytes]) -> None:
        """Write lines, each with its break, and hand them to the operating system.

        Raises:
            OSError: the folder or the disk did not take them all; the first of them may be `kept`.
        """
        file, data, written = self._file or self._begin(), memoryview(b"".join(lines)), 0
        try:
            while written < len(data):
                written += file.write(data[written:]) or 0
        except OSError:
            ends = list(accumulate(map(len, lines)))
            whole = bisect_right(ends, written)
            self._count(ends[whole - 1] if whole else 0, whole)
            self._cut(file, self._now)
            with suppress(OSError):
                self.sync()
            self.leave()
            raise
        self._count(written, len(lines))
        if self._now[0] >= self.segment_bytes:
            self.sync()
            self.leave()

    def sync(self) -> None:
        """Return once everything appended is on the disk.

        Raises:
            OSError: what was appended since the last time is not, or the whole file was deleted.
        """
        if self._file is None:
            return
        try:
            os.fsync(self._file.fileno())
            in_place = self._in_place(self._file)
            if in_place and self._synced == (0, 0):
                _sync_folder(self.folder)
        except OSError:
            # What a disk did not confirm may be anything.
            self._cut(self._file, self._synced)
            self.leave()
            raise
        if os.fstat(self._file.fileno()).st_nlink == 0:
            self._cut(self._file, (0, 0))
            self.leave()
            raise FileNotFoundError(f"{self._path} was deleted")
        self._synced = self._now
        if not in_place:  # somebody moved it: what is in it is kept, elsewhere
            self.leave()

    def leave(self) -> None:
        """Close the current file, whatever state it is in; if there is nothing in it, remove it."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            if self._now == (0, 0):  # a disk that is full would fill with empty files
                with suppress(OSError):
                    self._path.unlink()
        self._file = None

    def _begin(self) -> FileIO:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path = self.folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.jsonl"
        self._file = FileIO(self._path, "xb")
        self._now = self._synced = (0, 0)
        return self._file

    def _in_place(self, file: FileIO) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return False

    def _count(self, size: int, lines: int) -> None:
        self._now = self._now[0] + size, self._now[1] + lines
        self.kept += lines

    def _cut(self, file: FileIO, to: tuple[int, int]) -> None:
        """Leave no more than `to` in the file."""
        with suppress(OSError):
            os.ftruncate(file.fileno(), to[0])
        self.kept -= self._now[1] - to[1]
        self._now = to


def _sync_folder(folder: Path) -> None:
    """Return once the folder's list of files is on the disk."""
    if sys.platform != "win32":  # which opens no folders, and needs no telling
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def now() -> str:
    """The time as it stands in records: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def line(record: Mapping[str, Any]) -> bytes:
    """A record as a line.

    Raises:
        ValueError: JSON has no words for what it holds.
    """
    # pydantic's, because it is compiled: what it takes, those who answer wait for the interpreter.
    return to_json(record) + b"\n"
