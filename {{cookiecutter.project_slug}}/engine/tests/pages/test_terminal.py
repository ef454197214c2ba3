"""Printed tables in a terminal, in a log and with an old code page."""

import os
import subprocess
import sys

import pytest

from engine.pages import terminal
from engine.problem import errors
from engine.tests.project import PYTHONPATH

ROWS = [("leakage", 0.123, "refused", "exclude [red]alive[/red]"), ("parity", None, "pass", "")]
HEADER = ("check", "measured", "verdict", "what to do")


def test_table_in_log_is_plain_text_with_signs(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("The gate", HEADER, ROWS)
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert "✕ refused" in printed
    assert "✓ pass" in printed


def test_table_brackets_are_not_markup(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("[bold]title", HEADER, ROWS)
    printed = capsys.readouterr().out
    assert "[bold]title" in printed
    assert "exclude [red]alive[/red]" in printed


def test_table_narrow_title_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    title = "adopted orders.csv: 1,260 rows, 4 columns, 0 excluded"
    terminal.table(title, ("a", "b"), [("x", "y")])
    assert title in capsys.readouterr().out.splitlines()


def test_table_row_called_ok_is_no_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.table("Columns", ("column", "verdict"), [("ok", "pass"), ("refused", "")])
    printed = capsys.readouterr().out
    assert "✓ ok" not in printed
    assert "✕" not in printed
    assert "✓ pass" in printed


def test_table_old_code_page_prints_question_marks() -> None:
    code = f"from engine.pages import terminal; terminal.table('t', {HEADER!r}, {ROWS!r})"
    environment = {"PYTHONIOENCODING": "cp1252", "PYTHONPATH": PYTHONPATH}
    run = subprocess.run(
        [sys.executable, "-B", "-c", code], env=environment, capture_output=True, check=True
    )
    assert b"? refused" in run.stdout


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_table_broken_pipe_ends_command_silently(unbuffered: str) -> None:
    program = (
        "from engine.pages.terminal import table\nfrom engine.problem.errors import run\n"
        "def main(words):\n    table('The gate', ['check'], [['parity']])\n    return 0\n"
        "run(main)"
    )
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=writer, stderr=subprocess.PIPE, check=False,
        env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, done.stderr) == (errors.EXIT_UNREAD, b"")


BAR = """
import sys
from engine.pages.terminal import progress_bar
with progress_bar("the gate", 2) as progress:
    progress("first [red]")
    print("a result")
    progress("second")
print("the end")
"""


def test_progress_bar_in_log_is_its_lines() -> None:
    run = subprocess.run(
        [sys.executable, "-c", BAR], env={"PYTHONPATH": PYTHONPATH}, capture_output=True, check=True
    )
    assert run.stderr.decode().split("\n") == ["first [red]", "second", ""]
    assert run.stdout.decode().split("\n") == ["a result", "the end", ""]


def test_progress_bar_on_terminal_stands_below_the_lines_and_leaves_stdout_alone() -> None:
    """`command > file` on a terminal: the file has the results, the terminal the bar."""
    reader, writer = os.openpty()
    run = subprocess.run(
        [sys.executable, "-c", BAR], env={"PYTHONPATH": PYTHONPATH, "TERM": "xterm"},
        stdout=subprocess.PIPE, stderr=writer, check=True,
    )  # fmt: skip
    os.close(writer)
    shown = os.read(reader, 100_000).decode()
    os.close(reader)
    assert run.stdout.decode().split("\n") == ["a result", "the end", ""]
    assert shown.count("first [red]") == 1
    assert "the gate" in shown
    assert "0:00:00" in shown
