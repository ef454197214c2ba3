"""Gives parts to processes, one for each core, as they come free."""

import json
import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from engine.problem.errors import BadInput
from engine.serving.batch.message import Setting

Said = dict[str, Any]


class Crew:
    """Processes that wait for messages; `crew` starts them."""

    def __init__(self, links: list[Connection]) -> None:
        self._busy, self._idle = links, list[Connection]()

    def each(self, messages: Iterable[bytes]) -> Iterator[Said]:
        """What the processes say of the messages, as they are done with them.

        A message is made while they are at work, and given to whoever is free first.

        Raises:
            BadInput: a process says that something is wrong, or has ended.
        """
        for message in messages:
            while not self._idle:
                yield from self._heard()
            link = self._idle.pop()
            try:
                link.send_bytes(message)
            except OSError:
                raise _ended() from None
            self._busy.append(link)
        while self._busy:
            yield from self._heard()

    def _heard(self) -> Iterator[Said]:
        for link in wait(self._busy):
            assert isinstance(link, Connection)  # noqa: S101  # nothing else was waited for
            try:
                said: Said = json.loads(link.recv_bytes())
            except (EOFError, OSError):
                raise _ended() from None
            if "bad" in said:
                raise BadInput(said["bad"])
            if "defect" in said:
                raise RuntimeError(f"a process failed:\n{said['defect']}")
            self._busy.remove(link)
            self._idle.append(link)
            if "ready" not in said:
                yield said


@contextmanager
def crew(count: int, setting: Setting) -> Iterator[Crew]:
    """`count` processes that answer parts; at the end none of them is left.

    On Linux they are copies of a process that has the libraries and has done nothing yet, which
    share that memory: started one by one, each takes half as much again. Never of this one: what
    its threads are just doing would be copied half done. Each ends by itself when this process is
    no more, however that came about.
    """
    context: Any = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    context.set_forkserver_preload(["engine.serving.batch.ready"])
    links: list[Connection] = []
    processes: list[BaseProcess] = []
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            links.append(ours)
            process = context.Process(target=_begin, args=(theirs, setting), daemon=True)
            with _undisturbed():
                process.start()
            processes.append(process)
            theirs.close()  # else this process would keep open what it waits to see closed
        yield Crew(list(links))
    finally:
        for link in links:
            link.close()
        for process in processes:
            process.terminate()
            process.join()


def _begin(link: Connection, setting: Setting) -> None:
    # Only there: the process that reads and joins needs neither model nor scikit-learn.
    from engine.serving.batch.work import work  # noqa: PLC0415

    work(link, setting)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits; a process that is started here never hears it, from its first moment on."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # `multiprocessing` starts its tracker before the first process and then unblocks SIGINT. The
    # process that imports the libraries would get it, and print the traceback of an import.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _ended() -> BadInput:
    return BadInput(
        "a process that asks the model has ended unasked, mostly because memory ran out; the same "
        "command goes on where it stopped, with fewer processes (--processes) if need be"
    )
