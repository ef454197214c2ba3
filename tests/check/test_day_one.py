"""A project is clean on the day it is made."""

from pathlib import Path

import pytest

from tests.conftest import Render


def test_a_planted_fault_fails_it(render: Render, project_env: Path) -> None:
    """The server that reads training code breaks an import rule, and the check says which."""
    project = render()
    assert project.run("git", "init", "--quiet").returncode == 0
    app = project.path / "serving" / "app.py"
    app.write_text(app.read_text("utf-8") + "\nimport poc.train  # noqa: E402, F401\n", "utf-8")
    done = project.run(str(project_env / "bin" / "lint-imports"))
    assert done.returncode != 0
    assert "production sees a model only through its bundle BROKEN" in done.stdout


# By far the longest: second and third, so that each of two processes begins with one.
@pytest.mark.parametrize("dataset", ["parcels", "sklearn:wine"])
def test_its_own_check_passes_and_changes_no_file(
    dataset: str, render: Render, project_env: Path
) -> None:
    """Format, lint, types, import rules and tests hold before anyone has touched a file."""
    project = render(dataset=dataset)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Start"]):
        assert project.run("git", *words).returncode == 0
    done = project.run("make", "check", f"VENV={project_env}")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert project.run("git", "status", "--porcelain").stdout == ""
