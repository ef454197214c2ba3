"""What really happened, as callers tell it."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.serving.log.segments import Segments, line, now

# Whoever sends labels to a disk that hangs is told so, and can send them again.
STORE_SECONDS = 5.0


class Labels:
    """What really happened, kept durably: labels may come late and may correct earlier ones."""

    def __init__(self, folder: Path) -> None:
        self._segments = Segments(folder)
        self._lock = threading.Lock()

    def add(self, labels: Iterable[Mapping[str, Any]]) -> None:
        """Return once the labels are on the disk; of two that became known at once, the later.

        Raises:
            OSError: they may not be; sending them again is safe.
        """
        # They bear one time, and readers go by times.
        told = {(label["prediction_id"], label.get("known_at")): label for label in labels}
        with self._lock:
            at = now()
            self._segments.append([line({**label, "at": at}) for label in told.values()])
            self._segments.sync()
