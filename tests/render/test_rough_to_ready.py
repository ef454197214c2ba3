"""docs/rough-to-ready.md quotes lines that stand in the files it names, and tests that exist."""

import ast
import re
import textwrap

import pytest

from tests.conftest import INSIDE, ROOT

PROJECT = ROOT / INSIDE
STORY = PROJECT / "docs/rough-to-ready.md"
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
def test_quoted_lines_stand_in_their_file(file: str, lines: str) -> None:
    """One after the other, at whatever depth."""
    text = (PROJECT / file).read_text()
    wanted = textwrap.dedent(lines).rstrip("\n").splitlines()
    depths = {re.match(r" *", line)[0] for line in text.splitlines()}  # type: ignore[index]
    blocks = ["\n".join(depth + line for line in wanted) + "\n" for depth in depths]
    assert any(f"\n{block}" in f"\n{text}" for block in blocks), f"{file} has changed:\n{lines}"


def test_named_tests_exist() -> None:
    """Each step names the test that holds it."""
    named = re.findall(r"`((?:engine/)?tests/[\w/]+\.py)::(\w+)`", STORY.read_text())
    assert len(named) >= 8
    for file, name in named:
        tree = ast.parse((PROJECT / file).read_text())
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_step_has_before_after_and_a_test() -> None:
    """Four to six steps, each complete."""
    steps = re.split(r"^## \d+\. ", STORY.read_text(), flags=re.MULTILINE)[1:]
    assert 4 <= len(steps) <= 6
    for step in steps:
        assert "**Held by**" in step
        assert "Before" in step
        assert "After" in step
