"""docs/mutants.md: a run of one room replaces its lines and leaves those of the others."""

from pathlib import Path

import pytest

from tests.mutants import page
from tests.mutants.sample import Mutant
from tests.mutants.trial import Trial


def trials(function: str, missed: int) -> list[Trial]:
    """Ten changes of a function, of which the tests did not notice some."""
    mutant = Mutant(f"engine.x.x_{function}__mutmut_1", "a | b\nc", "a | c\nc")
    return [Trial(mutant, noticed=number >= missed) for number in range(10)]


def test_run_of_a_room_replaces_its_lines_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bar in code does not end a cell, and a page that is run again does not grow."""
    monkeypatch.setattr(page, "PAGE", tmp_path / "mutants.md")
    page.write({"gate": trials("old", 2)}, 0)
    page.write({"log": trials("other", 1)}, 0)
    page.write({"gate": trials("new", 1)}, 5)
    rows = [line for line in page.PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[:3] for row in rows if " | 10 | " in row] == [
        ["| gate", "10", "9"],
        ["| log", "10", "9"],
    ]
    missed = [row for row in rows if "engine.x." in row]
    assert [row.split(" | ")[1] for row in missed] == ["engine.x.new", "engine.x.other"]
    assert all(r"`a \| b`" in row for row in missed)
