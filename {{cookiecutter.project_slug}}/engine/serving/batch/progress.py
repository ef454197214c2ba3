"""Says on stderr how far long work has come, and how long it will take."""

import sys
import time

# On a screen, and in a file.
OFTEN, SELDOM = 0.2, 15.0


class Progress:
    """A line that is written over on a screen; a line now and then in a file."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._screen = sys.stderr.isatty()
        self._next = self._began + (0 if self._screen else SELDOM)
        self._width, self._rows, self._share = 0, 0, 0.0

    def add(self, rows: int, share: float, before: float) -> None:
        """`rows`, a `share` of everything, are done; another share was so `before` this run.

        Only what is done now tells how fast it goes.
        """
        self._rows, self._share = self._rows + rows, self._share + share
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + (OFTEN if self._screen else SELDOM)
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
        """What is said next begins a line of its own."""
        if self._width:
            print(f"\r{'':{self._width}}\r", end="", file=sys.stderr, flush=True)
            self._width = 0


def duration(seconds: float) -> str:
    """Time in the unit that a person would say."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
