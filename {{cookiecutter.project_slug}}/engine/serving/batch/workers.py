"""A pool of processes that predict parts, one for each core, and how parts reach it."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.problem.errors import BadInput
from engine.serving.batch.parts import Counts, Parts
from engine.serving.batch.source import Part


@dataclass(frozen=True)
class Setting:
    """What a worker needs to predict a part."""

    bundle: Path
    id: str
    rehearsal: bool
    schema: pa.Schema
    parts: Parts


def predict_parts(
    parts: Iterator[Part], count: int, setting: Setting
) -> Generator[tuple[int, Counts]]:
    """The number and counts of each part, once one of `count` processes has written it.

    One part more than there are processes is in memory, and one that is being read. On Linux the
    processes are copies of one that has imported the libraries, and share that memory. They are
    no copies of this process: its threads could hold locks at that moment. None of them is left
    when the generator ends or is closed.

    Raises:
        BadInput: a worker rejects its part, or has ended.
    """
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, mp_context=_context(), initializer=_prepare)
    pending: set[Future[tuple[int, Counts]]] = set()
    try:
        for part in parts:
            with _without_sigint():  # a worker may be started here
                pending.add(pool.submit(_predict, setting, part))
            if len(pending) > count:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in as_completed(pending))
    except BaseException as error:
        # Their parts are lost; the next run predicts them. Waiting would delay Ctrl-C by seconds.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise BadInput(
                "a worker process ended unexpectedly, mostly because memory ran out; run the same "
                "command again to continue, with fewer processes (--processes) if need be",
                code="worker-ended",
            ) from None
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _context() -> Any:
    """How workers start: as copies of one process, or else each for itself.

    That process listens at a socket in the temporary folder. Some containers have no such folder,
    and on some clusters its path is longer than the 107 bytes of a socket's name.
    """
    if sys.platform == "linux":
        context: Any = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["engine.serving.batch.ready"])
        with suppress(OSError), _without_sigint():
            forkserver.ensure_running()
            return context
    return multiprocessing.get_context("spawn")


def _prepare() -> None:
    """Prepare a worker: Ctrl-C is left to the main process, and it ends when that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pa.set_cpu_count(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None  # noqa: S101  # a worker has one
    parent.join()
    os._exit(1)


def _predict(setting: Setting, part: Part) -> tuple[int, Counts]:
    # Imported in the workers only: the main process needs neither model nor scikit-learn.
    from engine.serving.batch.predict import predict_part  # noqa: PLC0415

    return part.number, predict_part(setting, part)


@contextmanager
def _without_sigint() -> Iterator[None]:
    """Defer Ctrl-C to the end of the block; a process that is started in it never receives it.

    The mask is for that process. This one has threads that do not block the signal, and would
    stop with a process half started.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # `multiprocessing` starts its tracker before the first process and then unblocks SIGINT. The
    # process that imports the libraries would receive it, and print a traceback.
    resource_tracker.ensure_running()
    received: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: received.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
    if received:
        raise KeyboardInterrupt
