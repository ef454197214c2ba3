"""A project can be rendered again and updated from the template, years later."""

import json
import sys
from pathlib import Path

from tests.conftest import INSIDE, Project, Render, run

CRUFT = (sys.executable, "-m", "cruft")
ANSWERS = {
    "project_name": 'The "late" ones',
    "project_slug": "late",
    "description": "trailing\\",
    "dataset": "sklearn:wine",
    "runs_on": "Kubernetes",
}


def test_the_same_answers_give_the_same_bytes(render: Render) -> None:
    """No dates, no random names, no order of a folder's listing."""
    assert render(**ANSWERS).files() == render(**ANSWERS).files()


def test_a_project_is_updated_with_cruft(template: Path, tmp_path: Path) -> None:
    """A change in the template arrives; the project's own changes and choices stay."""
    upstream = Project(tmp_path / "upstream")
    git(Project(template.parent), "clone", "--quiet", commit_all(template), str(upstream.path))
    create = ("create", str(upstream.path), "--no-input", "--output-dir", str(tmp_path))
    created = run(*CRUFT, *create, "--extra-context", json.dumps(ANSWERS), cwd=tmp_path)
    assert created.returncode == 0, created.stdout + created.stderr
    project = Project(tmp_path / "late")
    framing = project.path / "problem" / "problem.toml"
    framing.write_text(framing.read_text("utf-8") + "\n# our own words\n", "utf-8")
    commit_all(project.path)
    before = project.files()

    add(upstream.path / INSIDE / "README.md", "\nA word from the template.\n")
    add(upstream.path / INSIDE / "data" / "examples" / "wine" / "contract.py", "\n# and another\n")
    add(upstream.path / INSIDE / "data" / "contract.py", "\n# for parcels only\n")
    commit_all(upstream.path)

    updated = project.run(*CRUFT, "update", "--skip-apply-ask")
    assert updated.returncode == 0, updated.stdout + updated.stderr
    after = project.files()
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    starter = "engine/tests/starter/data/contract.py"
    assert changed == {".cruft.json", "README.md", "data/contract.py", starter}
    assert project.read("README.md").endswith("\nA word from the template.\n")
    assert project.read("data/contract.py").endswith("\n# and another\n")
    assert project.run(*CRUFT, "check").returncode == 0


def add(file: Path, text: str) -> None:
    """Put `text` at the end of `file`."""
    file.write_text(file.read_text("utf-8") + text, "utf-8")


def commit_all(folder: Path) -> str:
    """Make `folder` a git repository where it is none, with all it holds committed."""
    repository = Project(folder)
    git(repository, "init", "--quiet")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "Change")
    return str(folder)


def git(where: Project, *arguments: str) -> None:
    """Run git, which must succeed."""
    result = where.run("git", *arguments)
    assert result.returncode == 0, result.stdout + result.stderr
