"""Every command ends alike: with a sentence where a person erred or stopped it, and at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.problem.errors import command as shell_command
from engine.tests.project import STAGES

STOPPED = "stopped: nothing half-written was left behind\n"


def python(*words: str) -> "subprocess.CompletedProcess[str]":
    """Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=STAGES,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def command(body: str) -> "subprocess.CompletedProcess[str]":
    """A command whose `main` does this; `stop()` is what Ctrl-C does."""
    lines = "\n    ".join(body.splitlines())
    return python(
        "-c",
        f"""
import signal
from engine.tests.project import STAGES
from engine.problem.errors import BadInput, run

def stop():
    signal.raise_signal(signal.SIGINT)

def main(words):
    {lines}
    return 0

run(main)
""",
    )


AS_AN_IMPORT_MAY = """\
try:
    stop()
except KeyboardInterrupt:
    raise ImportError("a library could not be loaded")"""
IN_A_CALLBACK = """\
class Dying:
    def __del__(self):
        stop()
Dying()
while True:
    pass"""


@pytest.mark.parametrize("body", ["stop()", AS_AN_IMPORT_MAY, IN_A_CALLBACK])
def test_run_interrupt_prints_one_line_and_exits_with_130(body: str) -> None:
    done = command(body)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", STOPPED)


def test_run_bad_input_exits_with_2_and_a_defect_keeps_its_traceback() -> None:
    done = command("raise BadInput('too short; write more')")
    assert (done.returncode, done.stderr) == (2, "error[bad-input]: too short; write more\n")
    done = command("raise ImportError('a library could not be loaded')")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


SLOW = ("numpy", "pandas", "sklearn", "mlflow", "pandera", "pyarrow")
MISTAKES = [
    ("data", "adopt"),
    ("data", "adopt", "nowhere.csv", "--target", "x"),
    ("data", "check", "nowhere.csv"),
    ("problem", "check", "--nonsense"),
    ("poc", "train", "--search-seconds", "soon"),
    ("handoff", "accept"),
    ("eda", "draw"),
]


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_command_usage_error_comes_before_slow_imports(
    words: tuple[str, ...],
) -> None:
    done = python(
        "-c",
        f"""
import runpy, sys
sys.argv[1:] = {words[1:]!r}
try:
    runpy.run_module({words[0]!r}, run_name="__main__", alter_sys=True)
finally:
    print([name for name in {SLOW!r} if name in sys.modules])
""",
    )
    assert (done.returncode, done.stdout) == (2, "[]\n")
    assert "error" in done.stderr


@pytest.mark.parametrize(
    ("words", "module", "constants"),
    [
        (("problem", "brief"), "engine.problem.brief", ["BRIEF"]),
        (("eda", "report"), "engine.eda.profile", ["PAGE"]),
        (("poc", "report"), "engine.training.report.pages", ["REPORT", "SLIDES"]),
    ],
)
def test_help_of_a_page_command_names_the_page(
    words: tuple[str, ...], module: str, constants: list[str]
) -> None:
    output = " ".join(python("-m", *words, "--help").stdout.split())
    written = __import__(module, fromlist=constants)
    for name in constants:
        assert getattr(written, name).as_posix() in output


def test_command_names_the_environment_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works as pasted; an environment elsewhere must be active already."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    assert shell_command("poc train") == ".venv/bin/python -m poc train"
    monkeypatch.setattr(sys, "executable", "/elsewhere/bin/python3")
    assert shell_command("poc train") == "python -m poc train"
