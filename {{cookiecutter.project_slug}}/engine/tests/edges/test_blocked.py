"""Where a command writes by default something else may be: one error, and nothing is lost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.problem.spec import PROBLEM_FILE
from engine.tests.edges.commands import Runner
from engine.tests.project import STAGES

ROWS = "late,a\n" + "".join(f"{number % 2},{number}\n" for number in range(60))
BLOCKS: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_text("mine"),
    "a link to nothing": lambda path: path.symlink_to("nowhere/nothing"),
    "a loop": lambda path: path.symlink_to(path.name),
}
# (command, the folder that it makes when it is not there)
WRITERS = (
    ("problem brief", "build"),
    ("data adopt rows.csv --target late", "data"),
    ("eda notebook notebook.py", "build"),
    ("journey", "build"),
)
NOTEBOOK = "import marimo\napp = marimo.App()\n\n@app.cell\ndef _():\n    1\n    return\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "problem").mkdir()
    shutil.copy(STAGES / PROBLEM_FILE, folder / PROBLEM_FILE)
    (folder / "rows.csv").write_text(ROWS)
    (folder / "notebook.py").write_text(NOTEBOOK)
    return folder


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize(("words", "blocked"), WRITERS)
def test_something_in_place_of_a_folder_is_one_error(
    words: str, blocked: str, block: str, command: Runner, project: Path
) -> None:
    shutil.copytree(project, command.folder, dirs_exist_ok=True)
    BLOCKS[block](command.folder / blocked)
    before = command.files()
    outcome = command(*words.split())
    assert outcome.is_one_error(), outcome
    assert command.files() == before


def test_a_disk_that_fills_up_is_one_error(
    command: Runner, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was there stays as it was."""
    shutil.copytree(project, command.folder, dirs_exist_ok=True)
    (command.folder / "build").mkdir()
    (command.folder / "build/brief.html").write_text("before")
    before = command.files()

    def full(path: Path, *_: object, **__: object) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    outcome = command("problem", "brief")
    assert outcome.is_one_error()
    assert command.files() == before
