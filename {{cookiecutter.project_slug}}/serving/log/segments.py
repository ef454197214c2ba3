"""JSON Lines files that only grow: what is kept of answers and labels lies in them."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

SEGMENT_BYTES = 64_000_000


class Segments:
    """Files of a folder that records are appended to; the next begins when one is full.

    After a failed write the file is left for a new one, so a torn line is always the last of its
    file: readers need to know no other damage. Names sort by time and never meet, however many
    servers share the folder.
    """

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.folder = folder
        self.segment_bytes = segment_bytes
        self._file: BinaryIO | None = None
        self._written = 0

    def append(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Write records and hand them to the operating system.

        Raises:
            OSError: the folder or the disk did not take them; some may stand there nevertheless.
        """
        data = b"".join(_line(record) for record in records)
        try:
            if self._file is None:
                self._file, self._written = _begin(self.folder), 0
            self._file.write(data)
            self._file.flush()
        except OSError:
            self.leave()
            raise
        self._written += len(data)
        if self._written >= self.segment_bytes:
            self.sync()
            self.leave()

    def sync(self) -> None:
        """Return once everything appended is on the disk.

        Raises:
            OSError: it is not, or the file was deleted meanwhile.
        """
        if self._file is not None:
            try:
                os.fsync(self._file.fileno())
                if os.fstat(self._file.fileno()).st_nlink == 0:
                    raise FileNotFoundError(f"{self._file.name} was deleted")
            except OSError:
                self.leave()
                raise

    def leave(self) -> None:
        """Close the current file, whatever state it is in."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file = None


def now() -> str:
    """The time as it stands in records: ISO 8601, UTC, microseconds."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _begin(folder: Path) -> BinaryIO:
    folder.mkdir(parents=True, exist_ok=True)
    return open(folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid4().hex[:8]}.jsonl", "xb")
