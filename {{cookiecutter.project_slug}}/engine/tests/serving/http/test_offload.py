"""A thread beside the event loop reads large bodies; its queue is limited."""

import asyncio
import sys
import threading

import pytest

from engine.serving.http.errors import ProblemError
from engine.serving.http.request_parsing import (
    MAX_QUEUED_BYTES,
    SMALL_BYTES,
    TURN_SECONDS,
    Reader,
)


def test_large_body_is_read_on_another_thread_in_small_turns() -> None:
    def read() -> tuple[bool, float]:
        return threading.current_thread() is threading.main_thread(), sys.getswitchinterval()

    async def test() -> None:
        usual = sys.getswitchinterval()
        assert await Reader().read(SMALL_BYTES, read) == (True, usual)
        in_loop, interval = await Reader().read(SMALL_BYTES + 1, read)
        assert not in_loop
        assert interval == pytest.approx(TURN_SECONDS, rel=0.01)
        assert sys.getswitchinterval() == usual

    asyncio.run(test())


def test_body_over_the_queue_limit_is_refused() -> None:
    async def test() -> None:
        reader, go = Reader(), threading.Event()
        first = asyncio.create_task(reader.read(MAX_QUEUED_BYTES, go.wait))
        await asyncio.sleep(0)
        with pytest.raises(ProblemError) as refused:
            await reader.read(SMALL_BYTES + 1, go.wait)
        assert refused.value.code == "busy"
        go.set()
        assert await first
        assert await reader.read(SMALL_BYTES + 1, go.wait)

    asyncio.run(test())
