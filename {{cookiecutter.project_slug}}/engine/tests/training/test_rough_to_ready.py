"""The rough notebook runs on any data, and the way from it to the module is told as it is."""

import ast
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from engine.data.places import is_file
from engine.problem.spec import read
from engine.tests.project import STAGES, source

ROOT = Path(__file__).parents[3]
STORY = ROOT / "docs/rough-to-ready.md"
FILE = re.compile(r"^(?:Before|After), in `([^`]+)`:$", re.MULTILINE)
QUOTE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def quotes() -> list[tuple[str, str]]:
    """(file, lines) of every quote; quotes belong to the file that was named last."""
    text = STORY.read_text()
    named = [(found.start(), found[1]) for found in FILE.finditer(text)]
    found = []
    for quote in QUOTE.finditer(text):
        file = [name for at, name in named if at < quote.start()][-1]
        found.append((file, quote[1]))
    return found


@pytest.mark.parametrize(("file", "lines"), quotes())
def test_a_quoted_line_stands_in_its_file(file: str, lines: str) -> None:
    text = source(file).read_text()
    wanted = textwrap.dedent(lines).rstrip("\n").splitlines()
    # The same lines one after the other, at whatever depth.
    depths = {re.match(r" *", line)[0] for line in text.splitlines()}  # type: ignore[index]
    blocks = ["\n".join(depth + line for line in wanted) + "\n" for depth in depths]
    assert any(f"\n{block}" in f"\n{text}" for block in blocks), f"{file} has changed:\n{lines}"


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", STORY.read_text())
    assert len(named) >= 8
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_steps_are_few_and_each_says_why_and_what_holds_it() -> None:
    steps = re.split(r"^## \d+\. ", STORY.read_text(), flags=re.MULTILINE)[1:]
    assert 4 <= len(steps) <= 6
    for step in steps:
        assert "**Held by**" in step
        assert "Before" in step
        assert "After" in step


def test_the_rough_notebook_runs_on_the_projects_own_rows() -> None:
    rows = read().rows.source
    if is_file(rows) and not Path(rows).is_file():
        pytest.skip(f"{rows} is not on this machine")
    done = subprocess.run(
        [sys.executable, "-m", "poc.rough"],
        capture_output=True, text=True, check=False, cwd=STAGES,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("not seen") == 2
