"""Concurrent requests share a call of the model, with the predictions that each would get alone."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Histogram

from engine.bundle.archive import Answer
from engine.serving import dynamic_batcher
from engine.serving.dynamic_batcher import DynamicBatcher
from engine.serving.http.errors import ProblemError
from engine.serving.http.schema import Limits
from engine.serving.model.predictor import Predictor
from engine.serving.model.table import Row
from engine.tests.serving.conftest import Connect
from engine.tests.serving.made import ROW

BAD = ROW | {"fragile": None}  # the contract forbids it, and the model fails on it


class BlockedPredictor:
    """The predictor, whose calls end only after `go` is set; `calls` are their numbers of rows."""

    def __init__(self, predictor: Predictor) -> None:
        self._predictor = predictor
        self.begun, self.go = Event(), Event()
        self.calls: list[int] = []
        self.threads: set[threading.Thread] = set()
        self.inline_rows = predictor.inline_rows

    def predict(self, rows: Sequence[Row]) -> list[Answer]:
        self.calls.append(len(rows))
        self.threads.add(threading.current_thread())
        self.begun.set()
        assert self.go.wait(20)
        return self._predictor.predict(rows)


Play = Callable[[DynamicBatcher, BlockedPredictor], Coroutine[Any, Any, None]]


def play(predictor: Predictor, scene: Play, **limits: Any) -> BlockedPredictor:
    """Run a scene on an event loop, then close the batcher."""
    blocked = BlockedPredictor(predictor)
    batch_size = Histogram("together", "", registry=CollectorRegistry())

    async def run() -> None:
        batcher = DynamicBatcher(blocked, Limits(**limits), batch_size)  # type: ignore[arg-type]
        try:
            await scene(batcher, blocked)
        finally:
            blocked.go.set()
            batcher.close()

    asyncio.run(run())
    return blocked


async def submit(
    batcher: DynamicBatcher, *requests: Sequence[Row]
) -> list["asyncio.Task[list[Answer]]"]:
    """Tasks of the requests, which are in the queue when this returns."""
    tasks = [asyncio.create_task(batcher.predict(rows)) for rows in requests]
    await asyncio.sleep(0)
    return tasks


async def first(batcher: DynamicBatcher, blocked: BlockedPredictor) -> Awaitable[list[Answer]]:
    """A request of one row whose call has begun and is blocked."""
    [task] = await submit(batcher, [ROW])
    assert await asyncio.to_thread(blocked.begun.wait, 20)
    return task


def test_requests_during_a_call_share_the_next_call(
    predictor: Predictor,
) -> None:
    rows = [golden["row"] for golden in predictor.bundle.golden()][:6]

    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        assert blocked.calls == [1]
        tasks = await submit(batcher, *([row] for row in rows), rows)
        blocked.go.set()
        assert await begun == predictor.predict([ROW])
        alone = [predictor.predict([row]) for row in rows]
        assert [await task for task in tasks[:-1]] == alone
        assert await tasks[-1] == [answer for [answer] in alone]

    assert play(predictor, scene).calls == [1, 12]


def test_batch_holds_at_most_the_rows_of_one_request(predictor: Predictor) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        tasks = await submit(batcher, [ROW] * 3, [ROW] * 2, [ROW] * 5, [ROW])
        blocked.go.set()
        assert [len(await task) for task in (begun, *tasks)] == [1, 3, 2, 5, 1]

    assert play(predictor, scene, rows=5).calls == [1, 5, 5, 1]


def test_full_queue_refuses_until_it_has_room(
    predictor: Predictor,
) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        queued = await submit(batcher, [ROW] * 2)
        batcher.refuse_if_full()
        queued += await submit(batcher, [ROW])
        with pytest.raises(ProblemError, match="3 rows") as refused:
            batcher.refuse_if_full()
        assert refused.value.response().status_code == 503
        assert refused.value.headers == {"Retry-After": "1"}
        blocked.go.set()
        assert [len(await task) for task in (begun, *queued)] == [1, 2, 1]
        batcher.refuse_if_full()

    assert play(predictor, scene, waiting_rows=3).calls == [1, 3]


def test_rows_parsed_while_the_queue_filled_are_refused(predictor: Predictor) -> None:
    """Each request found the queue empty before its rows were parsed."""

    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        tasks = await submit(batcher, *[[ROW] * 2] * 5)
        blocked.go.set()
        answers = await asyncio.gather(begun, *tasks, return_exceptions=True)
        assert [isinstance(answer, ProblemError) for answer in answers] == [False] * 3 + [True] * 3

    assert play(predictor, scene, waiting_rows=3).calls == [1, 4]


def test_small_batch_is_predicted_on_the_event_loop(
    predictor: Predictor,
) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        blocked.inline_rows = 2
        blocked.go.set()
        few = await asyncio.gather(*(batcher.predict([ROW]) for _ in range(2)))
        assert few == [predictor.predict([ROW])] * 2
        assert blocked.threads == {threading.current_thread()}
        await batcher.predict([ROW] * 3)
        assert len(blocked.threads) == 2
        await batcher.drained()

    assert play(predictor, scene).calls == [2, 3]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock of the batcher, which stands still until a test changes it."""
    now = [100.0]
    monkeypatch.setattr(dynamic_batcher, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.mark.parametrize(("passed", "is_late"), [(2.0, False), (2.001, True)])
def test_request_past_its_deadline_is_refused_and_not_predicted(
    predictor: Predictor, clock: list[float], passed: float, is_late: bool
) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        [second] = await submit(batcher, [ROW] * 4)
        clock[0] += passed
        blocked.go.set()
        assert len(await begun) == 1
        if is_late:
            with pytest.raises(ProblemError, match=r"more than 2 s"):
                await second
        else:
            assert len(await second) == 4

    assert play(predictor, scene, wait_seconds=2).calls == ([1] if is_late else [1, 4])


def test_cancelled_request_is_not_predicted(predictor: Predictor) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        cancelled, queued = await submit(batcher, [ROW] * 4, [ROW])
        cancelled.cancel()
        blocked.go.set()
        assert [len(await task) for task in (begun, queued)] == [1, 1]

    assert play(predictor, scene).calls == [1, 1]


def test_queue_is_empty_whatever_became_of_its_requests(
    predictor: Predictor, clock: list[float]
) -> None:
    """Predicted, failed, late and cancelled ones leave no rows behind that fill the queue."""

    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        tasks = await submit(batcher, [ROW] * 3, [ROW] * 4)
        tasks[0].cancel()
        clock[0] += 3.0  # longer than `wait_seconds`
        queued = await submit(batcher, [ROW] * 3, [ROW, BAD, ROW])
        blocked.go.set()
        results = await asyncio.gather(begun, *tasks, *queued, return_exceptions=True)
        assert [isinstance(one, BaseException) for one in results] == [
            False,
            True,
            True,
            False,
            True,
        ]
        await batcher.drained()
        await batcher.predict([ROW] * 14)  # one row left behind would be one too many
        queued = await submit(batcher, [ROW] * 13)
        batcher.refuse_if_full()
        await queued[0]

    play(predictor, scene, waiting_rows=14, wait_seconds=2)


def test_caller_who_leaves_a_shared_call_leaves_the_others_their_answers(
    predictor: Predictor,
) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        tasks = await submit(batcher, *[[ROW]] * 3)
        assert await asyncio.to_thread(blocked.begun.wait, 20)
        assert blocked.calls == [3]
        tasks[0].cancel()
        await asyncio.sleep(0)
        blocked.go.set()
        async with asyncio.timeout(5):
            assert [len(await task) for task in tasks[1:]] == [1, 1]
            assert len(await batcher.predict([ROW])) == 1  # and the batcher goes on
        assert tasks[0].cancelled()

    assert play(predictor, scene).calls == [3, 1]


def test_failing_row_fails_only_its_own_request(predictor: Predictor) -> None:
    async def scene(batcher: DynamicBatcher, blocked: BlockedPredictor) -> None:
        begun = await first(batcher, blocked)
        good, bad, other = await submit(batcher, [ROW], [ROW, BAD], [ROW])
        blocked.go.set()
        wanted = predictor.predict([ROW])
        assert [await task for task in (begun, good, other)] == [wanted] * 3
        with pytest.raises(ValueError, match="missing values"):
            await bad
        assert await batcher.predict([ROW]) == wanted  # and the server goes on

    assert play(predictor, scene).calls[:2] == [1, 4]


def test_busy_server_responds_503_with_retry_after(predictor: Predictor, connect: Connect) -> None:
    client = connect(predictor, Limits(waiting_rows=0))
    answer = client.post("/v1/predict", content=b"not even read")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["type"] == "urn:problem:busy"
    client = connect(predictor, Limits(waiting_rows=1))
    assert client.post("/v1/predict", json=ROW).status_code == 200
    assert "serving_batch_size_count 1.0" in client.get("/metrics").text
