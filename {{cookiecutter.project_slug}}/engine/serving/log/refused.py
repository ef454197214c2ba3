"""Counts of refused requests by reason and field, for monitoring.

They are added up in memory and written every `WRITE_SECONDS` by a thread. A client that repeats a
wrong request a thousand times a second costs one line in that time; an accepted request costs
nothing. No value of a request is written, and no name that a client invented.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Collection
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

from engine.serving.log.segments import Segments, line, now

WRITE_SECONDS = 10.0
# While the disk fails, so many records wait; a record holds all counts of one interval.
MOST_UNWRITTEN = 1_000
CLOSE_SECONDS = 5.0
OTHER = "other"  # stands for each name that is no field of the contract

logger = logging.getLogger("engine.serving.log")

# A bundle's id, and whether it rehearses.
Served = tuple[str, bool]


class RefusedLog(AbstractContextManager["RefusedLog"]):
    """Writes how many requests a bundle's server refused; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._segments, self._lock = Segments(folder), threading.Lock()
        self._requests: Counter[Served] = Counter()
        self._counts: dict[Served, Counter[tuple[str, str]]] = {}
        self._unwritten: deque[bytes] = deque(maxlen=MOST_UNWRITTEN)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._write, name="refused-log", daemon=True)
        self._thread.start()

    def begin(self, bundle: str, *, rehearsal: bool) -> None:
        """Count for this bundle from zero on; without such a record, nobody counted."""
        with self._lock:
            self._counts.setdefault((bundle, rehearsal), Counter())

    def add(self, bundle: str, reason: str, fields: Collection[str], *, rehearsal: bool) -> None:
        """Count one refused request, and once each of its fields; '' stands for no field."""
        served = bundle, rehearsal
        with self._lock:
            self._requests[served] += 1
            counts = self._counts.setdefault(served, Counter())
            counts.update((reason, field) for field in fields or ("",))

    def close(self) -> None:
        """Write the last counts; if the disk hangs, they are lost after `CLOSE_SECONDS`."""
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)

    def __exit__(self, *error: object) -> None:
        self.close()

    def _write(self) -> None:
        ended = False
        while not ended:
            ended = self._closing.wait(WRITE_SECONDS)
            self._unwritten += self._lines()
            try:
                if self._unwritten:
                    # After an error some lines may be there: readers count a `record_id` once.
                    self._segments.append(list(self._unwritten))
                    self._segments.sync()
                    self._unwritten.clear()
            except OSError as error:
                logger.error("cannot write the counts of refused requests: %s", error)
        self._segments.close()

    def _lines(self) -> list[bytes]:
        """A line for each bundle that has counts since the last call."""
        with self._lock:
            requests, self._requests = self._requests, Counter()
            counts, self._counts = self._counts, {}
        return [
            line({
                "record_id": uuid4().hex, "at": now(), "bundle": served[0],
                "rehearsal": served[1], "requests": requests[served],
                "counts": [
                    {"reason": reason, "field": field, "requests": count}
                    for (reason, field), count in by_field.items()
                ],
            })
            for served, by_field in counts.items()
        ]  # fmt: skip
