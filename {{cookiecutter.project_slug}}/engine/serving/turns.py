"""Threads that work beside the event loop give the interpreter back sooner."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# How long such a thread keeps the interpreter when the event loop wants it (Python: 5 ms). A
# request wants it several times.
TURN_SECONDS = 0.0005

_lock = threading.Lock()
_usual = sys.getswitchinterval()
_users = 0


@contextmanager
def small_turns() -> Iterator[None]:
    """Have threads take small turns until every user of this has ended."""
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
