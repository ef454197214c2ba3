"""Lets the event loop get the interpreter sooner while other threads work."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# How long a thread keeps the interpreter while the event loop waits for it (Python: 5 ms). One
# request needs the interpreter several times.
TURN_SECONDS = 0.0005

_lock = threading.Lock()
_usual = sys.getswitchinterval()
_users = 0


@contextmanager
def small_turns() -> Iterator[None]:
    """Shorten the switch interval until every user of this has ended."""
    global _users  # noqa: PLW0603  # the interval is the interpreter's, not an object's
    with _lock:
        _users += 1
        sys.setswitchinterval(TURN_SECONDS)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                sys.setswitchinterval(_usual)
