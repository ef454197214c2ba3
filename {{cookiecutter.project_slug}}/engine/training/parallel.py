"""Work for all cores at once: as many fits as there are cores, each on a thread of its own."""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController, threadpool_limits

Job = TypeVar("Job")
Done = TypeVar("Done")

# One thread a fit. Two round a sum otherwise than four do, so that the same data would give another
# model on another machine; and where cores are busy, threads that wait for each other made training
# eleven times as slow. The cores are for several fits at a time, which know nothing of each other.
THREADS = 1
CORES = os.cpu_count() or 1
# Whoever works takes one, so that work which is given out in two places is not done by twice the
# number of threads.
WORKER_SLOTS = BoundedSemaphore(CORES)


@contextmanager
def at_once(work: Callable[[Job], Done], jobs: Sequence[Job]) -> Iterator[Iterator[Done]]:
    """The results of `work`, in the order of `jobs`, of which as many run as there are cores.

    Threads, not processes: a fit spends its time in compiled code that lets others run, and nobody
    waits for a process to start or needs a second copy of the rows. When the block is left early,
    nothing new is begun. A job must not give out work itself: it would wait for its own seat.
    """
    libraries = ThreadpoolController()

    def alone(job: Job) -> Done:
        # Each thread has an OpenMP of its own to be told.
        with WORKER_SLOTS, libraries.limit(limits=THREADS):
            return work(job)

    # The outer limit is what the inner ones go back to, whichever of them ends first.
    with libraries.limit(limits=THREADS):
        crew = ThreadPoolExecutor(max_workers=min(CORES, len(jobs)))
        try:
            waiting = deque(crew.submit(alone, job) for job in jobs)
            # Taken off as it is handed out, so that a model is let go with its trial.
            yield (waiting.popleft().result() for _ in jobs)
        finally:
            crew.shutdown(cancel_futures=True)


def run_concurrently(*works: Callable[[], Any]) -> list[Any]:
    """What each of `works` returns: they run at the same time and may give out work to the cores.

    Called within `one_thread_each`, or the first that ends would free the threads of the others.
    """

    def alone(work: Callable[[], Any]) -> Any:
        # Here too: a prediction by all cores, beside fits on all of them, is one long wait.
        with threadpool_limits(limits=THREADS):
            return work()

    with ThreadPoolExecutor(max_workers=len(works)) as crew:
        return [begun.result() for begun in [crew.submit(alone, work) for work in works]]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """What holds for all that a training computes, in whichever thread.

    scikit-learn copies the filters of warnings for each of its jobs. Python keeps these in one
    list for all threads, so that a copy made at the wrong moment is empty; scikit-learn takes that
    for a call from outside, and warns of it. That one warning is not shown.
    """
    with threadpool_limits(limits=THREADS), warnings.catch_warnings():
        show = warnings.showwarning

        def others(message: Warning | str, *where: Any, **more: Any) -> None:
            if "`sklearn.utils.parallel.delayed` should be used" not in str(message):
                show(message, *where, **more)

        warnings.showwarning = others
        yield
