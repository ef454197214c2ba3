"""Runs of bulk work in processes of their own, which a test stops."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.tests.project import PYTHONPATH

ENVIRONMENT = {**os.environ, "PYTHONPATH": PYTHONPATH}


@contextlib.contextmanager
def running(words: list[str]) -> "Iterator[subprocess.Popen[str]]":
    """A run in a process group of its own, of which nothing is left in the end."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        words, env=ENVIRONMENT, stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait(process: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """Return once something is reached, or the run has ended."""
    while process.poll() is None and not reached():
        time.sleep(0.001)


@contextlib.contextmanager
def held(words: list[str]) -> "Iterator[subprocess.Popen[str]]":
    """A run that has written the parts after which it waits for a line."""
    with running(words) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process


def finished(words: list[str]) -> "subprocess.CompletedProcess[str]":
    """A run, once it has ended."""
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def youngest(pid: int) -> int:
    """The last descendant of a process."""
    return max([pid, *map(youngest, children(pid))])
