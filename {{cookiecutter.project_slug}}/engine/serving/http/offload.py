"""Reads large bodies on a thread beside the event loop, so that other requests do not wait."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.serving.http.errors import busy
from engine.serving.turns import small_turns

# The event loop reads bodies up to here itself, in some ten milliseconds whatever they hold.
SMALL_BYTES = 16_384
# What waits for the thread; it is read in a fraction of the time that a request may wait.
MAX_QUEUED_BYTES = 8_000_000

_T = TypeVar("_T")


class Reader:
    """One thread, so that large bodies need memory for their objects one at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._queued_bytes = 0

    async def read(self, size: int, read: Callable[[], _T]) -> _T:
        """The result of `read`, which reads a body of `size` bytes."""
        if size <= SMALL_BYTES:
            return read()
        if self._queued_bytes + size > MAX_QUEUED_BYTES:
            raise busy("many large requests wait to be read")
        self._queued_bytes += size
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _run, read)
        finally:
            self._queued_bytes -= size


def _run(read: Callable[[], _T]) -> _T:
    with small_turns():
        return read()


offload = Reader().read
