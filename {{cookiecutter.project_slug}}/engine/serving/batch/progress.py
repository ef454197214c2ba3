"""Prints the progress of long work to stderr, with the time that is left."""

import sys
import time

# Seconds between two lines: on a terminal, and in a file.
TERMINAL_SECONDS, FILE_SECONDS = 0.2, 15.0


class Progress:
    """A line that is overwritten on a terminal; a line every 15 seconds in a file."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._screen = sys.stderr.isatty()
        self._next = self._began + (0 if self._screen else FILE_SECONDS)
        self._width, self._rows, self._share = 0, 0, 0.0

    def add(self, rows: int, share: float, before: float) -> None:
        """Count `rows`, a `share` of the whole; the share `before` was done by an earlier run.

        The speed is that of this run alone.
        """
        self._rows, self._share = self._rows + rows, self._share + share
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (TERMINAL_SECONDS if self._screen else FILE_SECONDS)
        taken, done = max(now - self._began, 1e-9), self._share + before
        words = f"{100 * done:.0f} %, {self._rows / taken:,.0f} rows a second"
        if self._share:
            words += f", {duration(taken * max(1 - done, 0) / self._share)} left"
        if self._screen:
            print(f"\r{words:{self._width}}", end="", file=sys.stderr, flush=True)
            self._width = len(words)
        else:
            print(words, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Clear the line, so that the next output starts on an empty one."""
        if self._width:
            print(f"\r{'':{self._width}}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


def duration(seconds: float) -> str:
    """A time with the unit that suits its length."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
