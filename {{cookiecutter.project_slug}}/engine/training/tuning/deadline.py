"""The end of a search, by the clock or by Ctrl-C."""

import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


class TimeIsUpError(Exception):
    """The time ended within a fit."""


@dataclass
class Deadline:
    """The end of a search: at `until` by the clock (`monotonic`), or once `stopped` is set."""

    until: float = math.inf
    stopped: bool = False

    def is_over(self, needed: float = 0.0) -> bool:
        """Whether fewer than `needed` seconds are left."""
        return self.stopped or monotonic() + needed > self.until

    def check(self, needed: float = 0.0) -> None:
        """Raise TimeIsUpError if fewer than `needed` seconds are left."""
        if self.is_over(needed):
            raise TimeIsUpError


@contextmanager
def stopped_by_sigint(deadline: Deadline) -> Iterator[None]:
    """Ctrl-C only sets the deadline; a second one raises KeyboardInterrupt.

    An exception in the middle of a transaction would leave the file locked.
    """
    previous = signal.getsignal(signal.SIGINT)

    def stop(*_: object) -> None:
        deadline.stopped = True
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
