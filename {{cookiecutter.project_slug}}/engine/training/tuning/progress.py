"""What a search has come to so far, said while it runs."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from time import monotonic

from engine.pages.formatting import count, number

# Seconds between two lines in a log, and between two looks of the line on a terminal.
A_LINE, A_LOOK = 5.0, 1.0


@dataclass
class Progress:
    """Trials tried until now, the best measure of them, and when (`monotonic`) the time is up."""

    until: float
    trials: int = 0
    best: float | None = None

    def __str__(self) -> str:
        """In one line."""
        left = max(0.0, self.until - monotonic())
        best = "" if self.best is None else f", best {number(self.best)}"
        return f"  search: {count(self.trials, 'trial')}{best}, {left:.0f} s left"


@contextmanager
def told(progress: Progress, say: Callable[[str], None]) -> Iterator[None]:
    """Tell of `progress` every few seconds, as long as the block runs.

    On a terminal one line keeps changing, and is wiped off at the end; a log gets a line at a time.
    """
    ended, is_terminal = Event(), sys.stderr.isatty()

    def tell() -> None:
        while not ended.wait(A_LOOK if is_terminal else A_LINE):
            if is_terminal:
                print(f"\r{progress!s:<70}", end="", file=sys.stderr, flush=True)
            else:
                say(str(progress))
                sys.stdout.flush()  # a pipe would keep it until there are many

    teller = Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
        if is_terminal:
            print(f"\r{'':<70}\r", end="", file=sys.stderr, flush=True)
