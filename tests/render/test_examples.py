"""Examples that a team pastes are formatted, know their names, and stand where they belong."""

import re
import subprocess
import sys
import textwrap

import pytest

from tests.conftest import INSIDE, ROOT

# A file, how its examples are set off from the text, and what stands in the file they belong to.
EXAMPLES = {
    "serving/app.py": (r"^# {5}(.*)$|^#$", "own"),
    "handoff/gate.py": (r"^ {4}(.*)$", "STANDARD_CHECKS,without"),
    "eda/report.py": (r"^ {4}(.*)$", "SECTIONS"),
}


def example(name: str, pattern: str) -> str:
    """The longest run of lines of the file that are set off so."""
    text = (ROOT / INSIDE / name).read_text("utf-8")
    if name.endswith(".py") and text.startswith('"""'):
        doc = text.split('"""')[1]
        text = text if name == "serving/app.py" else doc
    runs: list[list[str]] = [[]]
    for line in text.splitlines():
        if found := re.match(pattern, line):
            runs[-1].append(found[1] or "")
        elif not line.strip() and runs[-1]:
            runs[-1].append("")
        elif runs[-1]:
            runs.append([])
    longest = max(("\n".join(run).strip("\n") for run in runs), key=len)
    return f"{textwrap.dedent(longest)}\n"


def ruff(code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Ruff with the project's settings on a piece of code."""
    command = [sys.executable, "-m", "ruff", *words, "--stdin-filename", "example.py", "-"]
    return subprocess.run(
        command, input=code, capture_output=True, text=True, check=False, cwd=ROOT / INSIDE
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_formatted_and_knows_its_names(name: str) -> None:
    """Pasted at the end of its file, it fails neither `make check` nor the start."""
    pattern, given = EXAMPLES[name]
    code = example(name, pattern)
    assert "def " in code
    ruff_format = ruff(code, "format", "--check")
    assert ruff_format.returncode == 0, f"{name}:\n{code}\n{ruff_format.stderr}"
    builtins = f"builtins = {given.split(',')}"
    names = ruff(code, "check", "--select=F821", "--config", builtins)
    assert names.returncode == 0, f"{name}:\n{code}\n{names.stdout}"
