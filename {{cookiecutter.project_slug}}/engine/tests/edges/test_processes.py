"""What only a whole process shows: bytes on the command line, and output that cannot be written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.problem import errors
from engine.tests.project import STAGES


def project(*words: str | bytes, **options: object) -> "subprocess.CompletedProcess[bytes]":
    """A command in the project's folder."""
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(options.pop("env", {}))  # type: ignore[call-overload]
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", *words],
        cwd=STAGES,
        env=environment,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
        **{"stdout": subprocess.PIPE} | options,
    )


def test_bytes_that_are_no_utf8_are_a_usage_error() -> None:
    done = project("problem", "check", b"caf\xe9.toml")
    assert done.returncode == 2
    assert done.stderr.startswith(b"usage: ")
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_output_to_a_full_disk_is_one_error() -> None:
    with Path("/dev/full").open("wb") as full:
        done = project("problem", "check", stdout=full)
    assert done.returncode == 2
    assert done.stderr.startswith(b"error[")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_nobody_reads_is_no_error(unbuffered: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = project("problem", "check", stdout=writer, env={"PYTHONUNBUFFERED": unbuffered})
    os.close(writer)
    assert done.returncode in (0, errors.EXIT_UNREAD)
    assert done.stderr == b""


def test_output_that_takes_ascii_alone_is_escaped(tmp_path: Path) -> None:
    text = (STAGES / "problem/problem.toml").read_text(encoding="utf-8")
    file = tmp_path / "problem.toml"
    file.write_text(text.replace('question = "', 'question = "✓ ', 1), encoding="utf-8")
    done = project("problem", "check", str(file), env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\\u2713" in done.stdout
