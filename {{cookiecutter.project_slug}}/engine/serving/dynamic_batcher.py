"""Dynamic batching: requests that arrive during a prediction share the next call of the model."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from prometheus_client import Histogram

from engine.bundle.archive import Answer
from engine.serving.http.errors import busy
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor
from engine.serving.model.table import Row

# Iterations of the event loop between a request and the call: without them two batches alternate.
TURNS = 2
_Result = list[Answer] | Exception


@dataclass(slots=True, eq=False)
class _Request:
    rows: Sequence[Row]
    predictions: "asyncio.Future[list[Answer]]"
    deadline: float  # on the monotonic clock


class DynamicBatcher:
    """Calls a predictor on a thread of its own, one batch at a time; belongs to one event loop."""

    def __init__(self, predictor: Predictor, limits: Limits, batch_size: Histogram) -> None:
        self._predictor, self._limits, self._batch_size = predictor, limits, batch_size
        # One thread: the event loop stays free, and calls of the model do not overlap.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._queue: deque[_Request] = deque()
        self._queued_rows = 0
        self._idle = asyncio.Event()
        self._idle.set()

    def refuse_if_full(self) -> None:
        """Raise a ProblemError if the queue is full; call it before the rows are parsed."""
        if self._queued_rows >= self._limits.waiting_rows:
            raise busy(f"{self._queued_rows:,} rows wait for a prediction already")

    async def predict(self, rows: Sequence[Row]) -> list[Answer]:
        """One prediction a row, in order; ProblemError if the queue is full or too slow."""
        self.refuse_if_full()  # others may have come while these were parsed
        deadline = time.monotonic() + self._limits.wait_seconds
        request = _Request(rows, asyncio.get_running_loop().create_future(), deadline)
        self._queue.append(request)
        self._queued_rows += len(rows)
        if self._idle.is_set():
            self._idle.clear()
            self._schedule(TURNS)
        return await request.predictions

    async def drained(self) -> None:
        """Return once the queue is empty and nothing is computed."""
        await self._idle.wait()

    def close(self) -> None:
        """Return once the thread has finished its call."""
        self._thread.shutdown()

    def _schedule(self, turns: int) -> None:
        loop = asyncio.get_running_loop()
        loop.call_soon(*((self._schedule, turns - 1) if turns else (self._next_batch,)))

    def _next_batch(self) -> None:
        """Begin a call for the queued requests; become idle if there are none."""
        batch = self._take()
        if not batch:
            self._idle.set()
            return
        rows = sum(len(request.rows) for request in batch)
        self._batch_size.observe(rows)
        if rows <= self._predictor.inline_rows:
            self._hand_out(batch, self._compute(batch))
            return
        work = asyncio.get_running_loop().run_in_executor(self._thread, self._compute, batch)
        work.add_done_callback(lambda done: self._hand_out(batch, done.result()))

    def _take(self) -> list[_Request]:
        """The first requests, up to the row limit of one request; late ones fail."""
        batch: list[_Request] = []
        rows, now = 0, time.monotonic()
        while self._queue:
            request = self._queue[0]
            if batch and rows + len(request.rows) > self._limits.rows:
                break
            self._queue.popleft()
            self._queued_rows -= len(request.rows)
            if request.predictions.done():  # the client has disconnected
                continue
            if now > request.deadline:
                late = f"these rows waited more than {self._limits.wait_seconds:g} s"
                request.predictions.set_exception(busy(late))
            else:
                batch.append(request)
                rows += len(request.rows)
        return batch

    def _compute(self, batch: Sequence[_Request]) -> list[_Result]:
        """In the thread: each request's predictions. A row that fails fails its request alone."""
        try:
            rows = [row for request in batch for row in request.rows]
            predictions = iter(self._predictor.predict(rows))
            return [[next(predictions) for _ in request.rows] for request in batch]
        except Exception as error:
            return [error] if len(batch) == 1 else [self._compute([one])[0] for one in batch]

    def _hand_out(self, batch: Sequence[_Request], results: Sequence[_Result]) -> None:
        for request, result in zip(batch, results, strict=True):
            if request.predictions.done():  # the client has disconnected
                continue
            if isinstance(result, Exception):
                request.predictions.set_exception(result)
            else:
                request.predictions.set_result(result)
        # The next batch begins once these are sent: a thread would compete for the interpreter.
        self._schedule(TURNS)
