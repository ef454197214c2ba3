"""A disk that refuses a file: the next step is that of its error."""

import errno
import os
import subprocess
import sys

import pytest

from engine.tests.project import STAGES

PROGRAM = """
import os
from engine.tests.project import STAGES
from engine.problem.errors import run

def main(words):
    raise OSError({number}, os.strerror({number}), "file.txt")

run(main)
"""


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("ENOSPC", "make room"),
        ("EDQUOT", "make room"),
        ("EACCES", "right"),
        ("EROFS", "right"),
        ("EISDIR", "move"),
    ],
)
def test_next_step_fits_the_error(name: str, step: str) -> None:
    number = getattr(errno, name)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(number=number)],
        cwd=STAGES,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("error[disk]: ")
    assert os.strerror(number) in done.stderr
    steps = {one for one in ("make room", "right", "move") if one in done.stderr}
    assert steps == {step}
