"""The engine of a rendered project carries a true manifest, whatever was answered."""

import ast
import hashlib
import itertools
import json
import sys
from pathlib import Path

import pytest

from tests.conftest import INSIDE, ROOT, Project, Render

QUESTIONS = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
COMBINATIONS = list(itertools.product(QUESTIONS["dataset"], QUESTIONS["runs_on"]))
STARTER = "engine/tests/starter/"
# The manifest itself, and a setting of git.
UNLISTED = {"engine/MANIFEST.json", "engine/.gitattributes"}
STAGES = ("problem/", "data/", "eda/", "poc/", "handoff/", "serving/", "monitoring/", "journey.py")


@pytest.fixture(scope="module")
def project(render: Render) -> Project:
    """A project that the tests below only read."""
    return render()


def ask_engine(project: Project) -> tuple[int, str]:
    """Exit code and output of `python -m engine`, which needs the standard library alone."""
    done = project.run(sys.executable, "-B", "-m", "engine")
    return done.returncode, done.stdout + done.stderr


def test_the_manifest_is_true(project: Project) -> None:
    """Every file of the engine but the starter stands there with its hash, and no other."""
    manifest = json.loads(project.read("engine/MANIFEST.json"))
    assert manifest["version"] == project.read("engine/VERSION").strip()
    assert manifest["files"] == {
        name.removeprefix("engine/"): hashlib.sha256(data).hexdigest()
        for name, data in project.files().items()
        if name.startswith("engine/") and name not in UNLISTED and STARTER not in name
    }
    assert ask_engine(project) == (0, f"engine {manifest['version']}, as released\n")


def test_every_answer_gives_the_same_engine(project: Project, render: Render) -> None:
    """No answer is threaded through the engine, so one release has one hash."""
    released = project.read("engine/MANIFEST.json")
    for dataset, runs_on in COMBINATIONS:
        other = render(
            **{
                "dataset": dataset,
                "runs_on": runs_on,
                "project_name": "Other 's",
                "organisation": "O",
            }
        )
        assert other.read("engine/MANIFEST.json") == released, (dataset, runs_on)


@pytest.mark.parametrize("dataset", QUESTIONS["dataset"])
def test_the_starter_is_the_stages_as_generated(dataset: str, render: Render) -> None:
    """With the chosen data set; without examples, and without READMEs, whose links lead out."""
    files = render(dataset=dataset).files()
    starter = {
        name.removeprefix(STARTER): data for name, data in files.items() if name.startswith(STARTER)
    }
    stages = {name: data for name, data in files.items() if name.startswith(STAGES)}
    assert starter == {name: stages[name] for name in stages if not name.endswith("/README.md")}


def test_the_template_itself_is_under_development(template: Path) -> None:
    """It has no manifest that could be stale."""
    assert not (template / INSIDE / "engine/MANIFEST.json").exists()
    code, output = ask_engine(Project(template / INSIDE))
    assert (code, "under development" in output) == (1, True)


def test_edited_files_are_named(render: Render) -> None:
    """Changed, added and removed ones; what tools leave behind is none of them."""
    project = render()
    engine = project.path / "engine"
    (engine / "pages" / "__pycache__").mkdir()
    (engine / "pages" / "__pycache__" / "page.pyc").touch()
    (engine / ".hidden").touch()
    assert ask_engine(project)[0] == 0
    with (engine / "pages/page.py").open("a") as page:
        page.write("# ours\n")
    (engine / "gate/ours.py").touch()
    (engine / "data/split.py").unlink()
    code, output = ask_engine(project)
    assert code == 1
    assert output.endswith(": data/split.py, gate/ours.py, pages/page.py\n")
    assert len(output.splitlines()) == 1


def test_at_most_ten_edited_files_are_named(render: Render) -> None:
    """The line stays a line."""
    project = render()
    for number in range(12):
        (project.path / f"engine/ours{number}.py").touch()
    assert ask_engine(project)[1].endswith("ours7.py and 2 more\n")


def test_a_checkout_with_other_line_endings_is_as_released(render: Render) -> None:
    """Git writes them on Windows."""
    project = render()
    for path in (project.path / "engine").rglob("*.py"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert ask_engine(project)[0] == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": 1}', "<<<<<<< ours"])
def test_a_damaged_manifest_is_one_clear_error(text: str, render: Render) -> None:
    """A merge can leave one; make stops there."""
    project = render()
    (project.path / "engine/MANIFEST.json").write_text(text)
    code, output = ask_engine(project)
    assert code == 2
    assert "MANIFEST.json cannot be read" in output
    assert "Restore it from git" in output
    assert len(output.splitlines()) == 1


def test_the_hook_runs_code_that_needs_the_standard_library_alone(template: Path) -> None:
    """cookiecutter's own environment has none of the project's packages."""
    tree = ast.parse((template / INSIDE / "engine/version.py").read_text("utf-8"))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert not imported & {"socket", "urllib", "subprocess", "http"}
