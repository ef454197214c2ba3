"""One call of the model for all who ask at the same time.

Nobody waits for company: a request that finds the model idle is computed at once, with those that
have arrived by then. Those that arrive while it computes share its next call, so the busier the
server, the less a row costs.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from prometheus_client import Histogram

from engine.bundle.replay import Answer
from engine.serving.http.errors import ProblemError
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor
from engine.serving.model.table import Row

RETRY_AFTER = {"Retry-After": "1"}
# Turns of the event loop between the first who asks and the call: in each, what has arrived is
# read. Without them two calls take turns, each with the half that came while the other computed.
TURNS = 2


@dataclass(slots=True, eq=False)
class _Waiting:
    rows: Sequence[Row]
    answers: "asyncio.Future[list[Answer]]"
    until: float  # on the monotonic clock


class DynamicBatcher:
    """Asks a predictor on a thread of its own, one call at a time; lives on one event loop."""

    def __init__(self, predictor: Predictor, limits: Limits, together: Histogram) -> None:
        self._predictor, self._limits, self._together = predictor, limits, together
        # One thread: it keeps the event loop free, and the model is asked by one at a time.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._waiting: deque[_Waiting] = deque()
        self._waiting_rows = 0
        self._resting = asyncio.Event()
        self._resting.set()

    def refuse_if_full(self) -> None:
        """To be asked before a request's rows are read: while it is full, they need not be.

        Raises:
            Refusal: as many rows wait as may. Those that come just before that may exceed it.
        """
        if self._waiting_rows >= self._limits.waiting_rows:
            raise ProblemError(
                "busy",
                f"{self._waiting_rows:,} rows wait for an answer already; send these again a "
                "little later",
                headers=RETRY_AFTER,
            )

    async def predict(self, rows: Sequence[Row]) -> list[Answer]:
        """One answer a row, in order (see `Predictor.predict`).

        Raises:
            Refusal: as many rows wait as may, or these have waited too long.
        """
        self.refuse_if_full()  # others may have come while these were read
        until = time.monotonic() + self._limits.wait_seconds
        one = _Waiting(rows, asyncio.get_running_loop().create_future(), until)
        self._waiting.append(one)
        self._waiting_rows += len(rows)
        if self._resting.is_set():
            self._resting.clear()
            self._soon(TURNS)
        return await one.answers

    async def drained(self) -> None:
        """Return once nobody waits and nothing is computed."""
        await self._resting.wait()

    def close(self) -> None:
        """Return once the thread has finished its call."""
        self._thread.shutdown()

    def _soon(self, turns: int) -> None:
        asyncio.get_running_loop().call_soon(*((self._soon, turns - 1) if turns else (self._next,)))

    def _next(self) -> None:
        """Begin a call for those who wait; rest if nobody does."""
        shared = self._take()
        if not shared:
            self._resting.set()
            return
        rows = sum(len(one.rows) for one in shared)
        self._together.observe(rows)
        if rows <= self._predictor.at_once:
            self._hand_out(shared, self._answer(shared))
            return
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._answer, shared)
        work.add_done_callback(lambda done: self._hand_out(shared, done.result()))

    def _take(self) -> list[_Waiting]:
        """The first who wait, up to as many rows as one request may hold; the late are refused."""
        shared: list[_Waiting] = []
        rows, now = 0, time.monotonic()
        while self._waiting:
            one = self._waiting[0]
            if shared and rows + len(one.rows) > self._limits.rows:
                break
            self._waiting.popleft()
            self._waiting_rows -= len(one.rows)
            if one.answers.done():  # its sender has gone
                continue
            if now > one.until:
                one.answers.set_exception(self._late())
                continue
            shared.append(one)
            rows += len(one.rows)
        return shared

    def _answer(self, shared: Sequence[_Waiting]) -> list[list[Answer] | Exception]:
        """In the thread: what each gets. A row that the model fails on fails its request alone."""
        try:
            answers = iter(self._predictor.predict([row for one in shared for row in one.rows]))
            return [[next(answers) for _ in one.rows] for one in shared]
        except Exception as error:
            return [error] if len(shared) == 1 else [self._answer([one])[0] for one in shared]

    def _hand_out(
        self, shared: Sequence[_Waiting], found: Sequence[list[Answer] | Exception]
    ) -> None:
        for one, answers in zip(shared, found, strict=True):
            if one.answers.done():
                continue
            if isinstance(answers, Exception):
                one.answers.set_exception(answers)
            else:
                one.answers.set_result(answers)
        # Once these are sent: a thread that computes beside them would take turns with them for the
        # interpreter, and those who come meanwhile share a larger call.
        self._soon(TURNS)

    def _late(self) -> ProblemError:
        seconds = f"{self._limits.wait_seconds:g} s"
        return ProblemError(
            "busy",
            f"these rows waited more than {seconds} for their turn and were not computed; send "
            "them again a little later",
            headers=RETRY_AFTER,
        )
