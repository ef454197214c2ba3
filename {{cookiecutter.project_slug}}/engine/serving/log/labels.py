"""The label store: the actual outcomes that clients report."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from engine.serving.log.segments import Segments, line, now

# If the disk hangs, a client gets an error after this time and can send its labels again.
STORE_SECONDS = 5.0


class Labels:
    """Stores labels durably; they may come late and may correct earlier ones."""

    def __init__(self, folder: Path) -> None:
        self._segments = Segments(folder)
        self._lock = threading.Lock()

    def add(self, labels: Iterable[Mapping[str, Any]]) -> None:
        """Return once the labels are on the disk; after an OSError, sending them again is safe."""
        # All get one time, and readers order labels by time.
        unique = {(label["prediction_id"], label.get("known_at")): label for label in labels}
        with self._lock:
            at = now()
            self._segments.append([line({**label, "at": at}) for label in unique.values()])
            self._segments.sync()
