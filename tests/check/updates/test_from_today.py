"""A project of today's template takes a newer one, by the commands of its own TEMPLATE.md."""

import json
import shutil
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

from tests.check.updates.newer import THEIRS, Newer
from tests.check.updates.upstream import (
    LIST,
    OURS,
    Report,
    Upstream,
    add,
    commands,
    commit,
    engine,
    git,
    put_first,
    update,
)
from tests.conftest import Project

# Answers that a shell would take apart if they were not quoted.
ANSWERS = {
    "project_name": 'The "late" one\'s $HOME',
    "project_slug": "late",
    "description": "trailing\\",
    "organisation": "O'Brien & Sons",
    "dataset": "sklearn:wine",
    "runs_on": "Kubernetes",
}
EDITED = (
    "problem/problem.toml",
    "data/contract.py",
    "poc/features.py",
    "poc/model.py",
    "eda/README.md",  # the newer template has none
    "handoff/trusted_types.txt",
    "serving/README.md",
    "monitoring/README.md",
    "journey.py",
    "deploy/release.toml",
    "Makefile",
)
OWN = ("poc/own.py", "serving/own.py", "tests/test_own.py", "docs/decisions/0001-ours.md")


@pytest.fixture(scope="module")
def edited(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project of today's template with a team's edits in every stage folder."""
    made = upstream.made("today", tmp_path_factory.mktemp("edited"), ANSWERS)
    git(made.path, "branch", "template")
    for name in OWN:
        add(made.path / name)
    for name in EDITED:
        put_first(made.path / name)
    commit(made.path, "Our work")
    return made


@pytest.fixture
def project(edited: Project, upstream: Upstream, tmp_path: Path) -> Project:
    """Return a copy of that project, to be updated to the newer template."""
    upstream.show("after")
    return Project(shutil.copytree(edited.path, tmp_path / edited.path.name))


@pytest.fixture(scope="module")
def rendered(newer_template: Newer, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project as the newer template renders it."""
    output = tmp_path_factory.mktemp("rendered")
    made = cookiecutter(
        str(newer_template.path), no_input=True, extra_context=ANSWERS, output_dir=str(output)
    )
    return Project(Path(made))


def taken(project: Project, upstream: Upstream, way: str) -> Report:
    """Update the project as its own page says."""
    return update(project, upstream, commands(project.read("TEMPLATE.md"), way))


def of_the_team(project: Project) -> dict[str, bytes]:
    """Return the files that an update leaves alone."""
    files = project.files()
    kinds = {name: entry.kind for name in files if (entry := LIST.of(name))}
    return {name: data for name, data in files.items() if kinds.get(name) == "team"}


def test_update_leaves_the_team_alone_and_replaces_the_engine(
    project: Project, upstream: Upstream, way: str, rendered: Project, newer_template: Newer
) -> None:
    """Shared files are merged without a conflict, and the new version is recorded."""
    before = of_the_team(project)
    report = taken(project, upstream, way)
    assert not report.conflicts, report.printed
    assert of_the_team(project) == before
    assert engine(project) == engine(rendered)
    after = project.files()
    for name in newer_template.shared:
        assert project.read(name).endswith(THEIRS), name
    assert project.read("Makefile").startswith(OURS)
    assert f"**{newer_template.version}**" in project.read("TEMPLATE.md")
    assert set(after) - set(before) - {".cruft.json"} == set(rendered.files()) - {
        *before,
        newer_template.stage_added,
    }
    if way == "With cruft":
        recorded = json.loads(project.read(".cruft.json"))["context"]["cookiecutter"]
        assert recorded["_template_version"] == newer_template.version
    else:
        assert git(project.path, "log", "-1", "--format=%s").strip() == "Update from the template"
        assert git(project.path, "diff", "template", "--", "engine") == ""


def test_update_of_a_shared_file_that_both_changed_is_a_conflict(
    project: Project, upstream: Upstream, way: str, rendered: Project
) -> None:
    """Only that file conflicts, with both versions in it; the engine is replaced all the same."""
    add(project.path / "README.md")
    commit(project.path, "Our README")
    before = of_the_team(project)
    report = taken(project, upstream, way)
    assert report.conflicts == {"README.md"}, report.printed
    assert "README.md" in report.printed
    assert OURS in project.read("README.md")
    assert THEIRS in project.read("README.md")
    assert of_the_team(project) == before
    assert engine(project) == engine(rendered)


def test_update_of_an_edited_engine_reports_the_files(
    project: Project, upstream: Upstream, way: str, rendered: Project, newer_template: Newer
) -> None:
    """Git does not merge an edit into the engine, far apart as the lines are; the edit stays."""
    put_first(project.path / newer_template.engine)
    commit(project.path, "Our engine")
    before = of_the_team(project)
    edited = project.read(newer_template.engine)
    report = taken(project, upstream, way)
    assert report.conflicts == {newer_template.engine}, report.printed
    assert newer_template.engine in report.printed
    assert project.read(newer_template.engine) == edited
    assert of_the_team(project) == before
    # What the page says about it.
    git(project.path, "checkout", "--theirs", newer_template.engine)
    assert engine(project) == engine(rendered)
