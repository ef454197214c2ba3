"""What is kept of the answers given: written beside the answers, never before.

A record goes into a bounded queue as the line it will be; a thread writes what waits there ten
times a second. It is not woken for each record, and it finds lines instead of rows: else it would
take turns for the interpreter with those who answer, and what waits would fill more memory. When
the queue is full or the disk will not take a record, the record is dropped and counted: an answer
never waits for the log, nor fails with it. What a disk takes is on it within `SYNC_SECONDS`.

What was given is in the log or was counted as dropped, to the record. (What a power cut or kill -9
takes is what nobody can count.)
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engine.serving.log.segments import SEGMENT_BYTES, Segments, line

QUEUED_RECORDS = 10_000
SYNC_SECONDS, PAUSE_SECONDS = 1.0, 0.1
CLOSE_SECONDS = 30.0
# A disk that stays full is told of so often; the metric counts on.
COMPLAIN_SECONDS = 60.0
_BATCH = 1_000

logger = logging.getLogger("engine.serving.log")


class PredictionLog:
    """The prediction log: `add` returns at once, a thread writes; use as a context manager."""

    def __init__(
        self,
        folder: Path,
        personal: Iterable[str] = (),
        queued_records: int = QUEUED_RECORDS,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.folder = folder
        self._segments = Segments(folder, segment_bytes)
        self._personal = frozenset(personal)
        self._personal_of: dict[str, frozenset[str]] = {}
        self._waiting: deque[bytes] = deque()
        self._most = queued_records
        self._closing = threading.Event()
        self._refused = 0  # by the full queue, or no JSON; counted by those who answer
        self._lost = 0  # by the disk; counted by the writer, as is what follows
        self._taken = 0
        self._sync_at: float | None = None
        self._complain_at = 0.0
        self._thread = threading.Thread(target=self._write, name="prediction-log", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Records that will never be in the log."""
        return self._refused + self._lost

    def exclude_columns(self, bundle: str, personal: Iterable[str]) -> None:
        """Of records of this bundle leave out these columns instead of `personal`; any thread."""
        self._personal_of[bundle] = frozenset(personal)

    def add(self, record: Mapping[str, Any]) -> None:
        """Queue a record for writing. One thread adds."""
        told = self._line(record) if len(self._waiting) < self._most else None
        if told is None:
            self._refused += 1
        else:
            self._waiting.append(told)

    def close(self) -> None:
        """Write what is queued, to the disk; what a hanging disk has not taken by then is lost."""
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            logger.error("the disk hangs: up to %d records are lost", len(self._waiting) + _BATCH)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self) -> None:
        ended = False
        while not ended:
            ended, batch = self._closing.wait(PAUSE_SECONDS), self._take()
            while batch:
                self._append(batch)
                self._sync(at_once=False)
                batch = self._take()
            self._sync(at_once=ended)
        self._segments.leave()

    def _append(self, lines: Sequence[bytes]) -> None:
        self._taken += len(lines)
        try:
            self._segments.append(lines)
        except Exception as error:  # whatever a disk does, the writer lives on
            self._complain(error)
        if self._sync_at is None:
            # The first of them waited for up to a pause, and the next look is a pause away.
            self._sync_at = time.monotonic() + SYNC_SECONDS - 2 * PAUSE_SECONDS
        self._lost = self._taken - self._segments.kept

    def _sync(self, *, at_once: bool) -> None:
        if not at_once and (self._sync_at is None or time.monotonic() < self._sync_at):
            return
        try:
            self._segments.sync()
        except OSError as error:
            self._complain(error)
        self._sync_at = None
        self._lost = self._taken - self._segments.kept

    def _complain(self, error: Exception) -> None:
        if time.monotonic() >= self._complain_at:
            self._complain_at = time.monotonic() + COMPLAIN_SECONDS
            logger.error("cannot write the prediction log, records are dropped: %s", error)

    def _take(self) -> list[bytes]:
        """The first lines that wait."""
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), _BATCH))]

    def _line(self, record: Mapping[str, Any]) -> bytes | None:
        """The record as a line; None if JSON has no words for it."""
        try:
            row = record["row"]
            # No input is personal, so this is for a contract that was made by hand.
            personal = self._personal_of.get(record.get("bundle", ""), self._personal)
            if personal and not personal.isdisjoint(row):
                row = {name: value for name, value in row.items() if name not in personal}
                record = {**record, "row": row}
            return line(record)
        except Exception as error:  # it names types, never values
            self._complain(error)
            return None
