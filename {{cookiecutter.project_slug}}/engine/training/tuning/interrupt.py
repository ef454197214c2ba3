"""Ctrl-C, which comes only where it leaves nothing half done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def defer_sigint() -> Iterator[None]:
    """A Ctrl-C within the block comes at its end.

    In the middle of a transaction it would leave the connection behind with the file locked, for
    this process too. May stand within itself. Only for the main thread, which is who hears of it.
    """
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        for number in came[:1]:
            signal.raise_signal(number)
