"""SIGTERM ends a command, also as the first process of a container.

The system ignores the signal there until the process has a handler. `docker stop` would then wait
for its whole grace period while a model is being loaded, and kill the process at its end.
"""

import signal
import subprocess
import sys

import pytest

from engine.problem.errors import EXIT_SIGNAL
from engine.tests.project import STAGES

# The process is the first one by its own number only, so the test needs no rights.
PROGRAM = """
import os, signal, sys, time
from engine.tests.project import STAGES
from engine.problem.errors import run
if {first}:
    os.getpid = lambda: 1

def main(words):
    try:
        print("loading", flush=True)
        {work}
    finally:
        print("cleaned up", flush=True)
    return 0

run(main)
"""


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (True, (EXIT_SIGNAL + signal.SIGTERM, "loading\ncleaned up\n")),
        (False, (-signal.SIGTERM, "loading\n")),  # the system ends it
    ],
)
@pytest.mark.parametrize("work", ["time.sleep(60)", "sys.stdin.read()"])
def test_sigterm_ends_a_command_at_once(
    work: str, expected: tuple[int, str], *, first: bool
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(first=first, work=work)],
        cwd=STAGES,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    begun = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=30)
    assert (process.returncode, begun + output, errors) == (*expected, "")
