"""The prediction log: written in the background, never before the response.

A record is put into a bounded queue as a line; a thread writes the queue ten times a second, and
syncs it within `SYNC_SECONDS`. If the queue is full or the disk fails, the record is dropped and
counted: a response neither waits for the log nor fails with it.

Every record is in the log or counted as dropped. Losses by a power cut or kill -9 are not counted.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from engine.serving.log.segments import Segments, line

QUEUED_RECORDS = 10_000
SYNC_SECONDS, PAUSE_SECONDS = 1.0, 0.1
CLOSE_SECONDS = 30.0
# The interval of log lines about a disk that stays full; the metric counts every record.
ERROR_LOG_SECONDS = 60.0
_BATCH = 1_000

logger = logging.getLogger("engine.serving.log")


class PredictionLog(AbstractContextManager["PredictionLog"]):
    """The prediction log: `add` returns at once, a thread writes; use as a context manager."""

    def __init__(self, folder: Path, personal: Iterable[str] = ()) -> None:
        self.folder, self._segments = folder, Segments(folder)
        self._personal = frozenset(personal)
        self._personal_of: dict[str, frozenset[str]] = {}
        self._queue: deque[bytes] = deque()
        self._closing = threading.Event()
        self._refused = 0  # full queue, or not serialisable; counted on the event loop
        self._lost = 0  # by the disk; counted by the writer, as are the following
        self._taken = 0
        self._sync_at: float | None = None
        self._next_error_log = 0.0
        self._thread = threading.Thread(target=self._write, name="prediction-log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """The number of records that the log lost."""
        return self._refused + self._lost

    def exclude_columns(self, bundle: str, personal: Iterable[str]) -> None:
        """Exclude these columns of this bundle's records instead of `personal`; any thread."""
        self._personal_of[bundle] = frozenset(personal)

    def add(self, record: Mapping[str, Any]) -> None:
        """Queue a record for writing; only one thread may call this."""
        if len(self._queue) >= QUEUED_RECORDS:
            self._refused += 1
            return
        try:
            row = record["row"]
            # No input is personal unless a contract was edited by hand.
            personal = self._personal_of.get(record["bundle"], self._personal)
            if not personal.isdisjoint(row):
                row = {name: value for name, value in row.items() if name not in personal}
                record = {**record, "row": row}
            self._queue.append(line(record))
        except Exception as error:  # its message names types, never values
            self._refused += 1
            self._log_error(error)

    def close(self) -> None:
        """Write and sync the queue; if the disk hangs, the rest is lost after `CLOSE_SECONDS`."""
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            logger.error("the disk hangs: up to %d records are lost", len(self._queue) + _BATCH)

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self) -> None:
        ended = False
        while not ended:
            ended = self._closing.wait(PAUSE_SECONDS)
            for batch in iter(self._take, []):
                self._append(batch)
                self._sync(final=False)
            self._sync(final=ended)
        self._segments.close()

    def _append(self, lines: Sequence[bytes]) -> None:
        self._taken += len(lines)
        try:
            self._segments.append(lines)
        except Exception as error:  # the writer survives every fault of a disk
            self._log_error(error)
        if self._sync_at is None:
            # The first line waited for up to one pause, and the next check is one pause away.
            self._sync_at = time.monotonic() + SYNC_SECONDS - 2 * PAUSE_SECONDS

    def _sync(self, *, final: bool) -> None:
        if final or (self._sync_at is not None and time.monotonic() >= self._sync_at):
            try:
                self._segments.sync()
            except OSError as error:
                self._log_error(error)
            self._sync_at = None
        self._lost = self._taken - self._segments.written

    def _log_error(self, error: Exception) -> None:
        if time.monotonic() >= self._next_error_log:
            self._next_error_log = time.monotonic() + ERROR_LOG_SECONDS
            logger.error("cannot write the prediction log, records are dropped: %s", error)

    def _take(self) -> list[bytes]:
        return [self._queue.popleft() for _ in range(min(len(self._queue), _BATCH))]
