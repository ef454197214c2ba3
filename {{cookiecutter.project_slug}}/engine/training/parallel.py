"""Runs jobs on all cores, each on one thread."""

import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

import joblib
from threadpoolctl import ThreadpoolController, threadpool_limits

Job = TypeVar("Job")
Result = TypeVar("Result")

# One thread a fit. Two threads round a sum otherwise than four do: another machine would give
# another model. On busy cores, threads that wait for each other made training 11 times as slow.
THREADS = 1
# Threads: compiled code releases the GIL, and needs no second copy of the rows. One pool for all
# callers: together they use no more threads than there are cores. The quota of a container counts,
# which `os.cpu_count` and `os.sched_getaffinity` ignore.
POOL = ThreadPoolExecutor(joblib.cpu_count(), thread_name_prefix="training")


def parallel_map(
    work: Callable[[Job], Result], jobs: Iterable[Job]
) -> Generator[Result, None, None]:
    """The results of `work`, in the order of `jobs`.

    A result is released when it is handed out. Closing the iterator early cancels the jobs that
    have not started. A job must not call `parallel_map`: it would wait for its own thread.
    """
    libraries = ThreadpoolController()

    def limited(job: Job) -> Result:
        with libraries.limit(limits=THREADS):  # OpenMP has a limit for each thread
            return work(job)

    # Each inner limit restores this outer one, whichever job ends first.
    with libraries.limit(limits=THREADS):
        futures: deque[Future[Result]] = deque(POOL.submit(limited, job) for job in jobs)
        try:
            while futures:
                yield futures.popleft().result()
        finally:
            for future in futures:
                future.cancel()
            wait(futures)


def run_concurrently(*works: Callable[[], Any]) -> list[Any]:
    """The results of `works`, each run in a thread of its own; they may call `parallel_map`.

    Call it within `one_thread_each`: the first to end would otherwise lift the others' limit.
    """

    def limited(work: Callable[[], Any]) -> Any:
        with threadpool_limits(limits=THREADS):
            return work()

    with ThreadPoolExecutor(max_workers=len(works)) as executor:
        return list(executor.map(limited, works))


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Limit numerical libraries to one thread, and hide one false warning of scikit-learn.

    scikit-learn copies the warning filters for each job. Threads share one list of filters, so the
    copy can be empty, and scikit-learn warns of a call from outside its own parallel loops.
    """
    with threadpool_limits(limits=THREADS), warnings.catch_warnings():
        show = warnings.showwarning

        def show_others(message: Warning | str, *position: Any, **options: Any) -> None:
            if "`sklearn.utils.parallel.delayed` should be used" not in str(message):
                show(message, *position, **options)

        warnings.showwarning = show_others
        yield
