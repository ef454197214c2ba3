"""Large bodies are read on a thread beside the event loop, so that others are served meanwhile."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from engine.serving.http.errors import ProblemError
from engine.serving.turns import small_turns

# Bodies up to here are read in the event loop, in some ten milliseconds whatever they hold.
SMALL_BYTES = 16_384
# What waits for the thread: read in a fraction of the time that a request may wait for its turn.
MAX_WAITING_BYTES = 8_000_000

_T = TypeVar("_T")


class Reader:
    """One thread, so that large bodies need memory for their objects one at a time."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="read")
        self._waiting_bytes = 0

    async def read(self, size: int, read: Callable[[], _T]) -> _T:
        """The result of `read`, which reads a body of `size` bytes.

        Raises:
            Refusal: too many bytes wait to be read; or as `read` does.
        """
        if size <= SMALL_BYTES:
            return read()
        if self._waiting_bytes + size > MAX_WAITING_BYTES:
            raise ProblemError(
                "busy",
                "many large requests wait to be read; send this one again a little later",
                headers={"Retry-After": "1"},
            )
        self._waiting_bytes += size
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, _run, read)
        finally:
            self._waiting_bytes -= size


def _run(read: Callable[[], _T]) -> _T:
    with small_turns():
        return read()


offload = Reader().read
