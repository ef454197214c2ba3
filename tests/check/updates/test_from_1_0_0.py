"""A project of the layout before engine/ takes today's template, as the docs page says."""

import shutil
from pathlib import Path

import pytest

from tests.check.updates.upstream import (
    OURS,
    Report,
    Upstream,
    add,
    commands,
    commit,
    engine,
    kind,
    put_first,
    update,
)
from tests.conftest import ROOT, Project

PAGE = (ROOT / "docs" / "how-to" / "update-a-project.md").read_text("utf-8")
ANSWERS = {"project_slug": "my_model"}
TYPED = "\n" * 8  # the answers to cookiecutter's questions: all as proposed

# What a team of 1.0.0 decided in files that the template gave it, and in files of its own.
EDITED = (
    "problem/problem.toml",
    "data/contract.py",
    "poc/features.py",
    "eda/explore.py",
    "handoff/trusted_types.txt",
    "deploy/release.toml",
)
# Files that `data adopt` writes end with a checksum, which each version changes; edits stand above.
ADOPTED = ("problem/problem.toml", "data/contract.py")
CANDIDATE = '        Candidate("ours", pipeline(boosting, scaled=True)),\n'
AFTER = '        Candidate("linear", pipeline(linear, scaled=True)),\n'
OWN = (
    "problem/notes.md",
    "data/queries/own.sql",
    "eda/own.py",
    "poc/own.py",
    "handoff/checks/own.py",
    "serving/http/own.py",
    "monitoring/own.py",
    "journey/own.py",
    "tests/test_own.py",
    "tests/poc/test_own.py",
    "docs/decisions/0001-ours.md",
)
# Code that moved into the engine; a stage's program may have taken the place of the second.
MOVED = ("poc/evaluate.py", "poc/train.py")


@pytest.fixture(scope="module")
def edited(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project of 1.0.0 with a team's edits in every stage folder."""
    made = upstream.made("before", tmp_path_factory.mktemp("edited"), ANSWERS)
    for name in (*EDITED, *OWN):
        (put_first if name in ADOPTED else add)(made.path / name)
    model = made.path / "poc" / "model.py"
    text = model.read_text("utf-8")
    assert AFTER in text
    model.write_text(text.replace(AFTER, AFTER + CANDIDATE), "utf-8")
    commit(made.path, "Our work")
    return made


@pytest.fixture
def project(edited: Project, upstream: Upstream, tmp_path: Path) -> Project:
    """Return a copy of that project, to be updated to today's template."""
    upstream.show("today")
    return Project(shutil.copytree(edited.path, tmp_path / edited.path.name))


def taken(project: Project, upstream: Upstream, way: str) -> Report:
    """Update the project as the page says."""
    return update(project, upstream, commands(PAGE, way), TYPED)


def assert_edits_kept(project: Project) -> None:
    """Every edit of the team stands where it stood."""
    for name in EDITED:
        assert OURS in project.read(name), name
    for name in OWN:
        assert project.read(name) == OURS, name
    assert CANDIDATE in project.read("poc/model.py")


def test_update_from_1_0_0_keeps_edits_and_leaves_no_old_code(
    project: Project, upstream: Upstream, way: str, rendered_today: Project
) -> None:
    """No conflict outside shared files, the engine as rendered, no dead copy of what moved."""
    report = taken(project, upstream, way)
    assert {kind(name) for name in report.conflicts} <= {"shared"}, report.conflicts
    assert_edits_kept(project)
    assert engine(project) == engine(rendered_today)
    before, after = rendered_today.files(), project.files()
    assert set(after) - {".cruft.json"} == {*before, *OWN}
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {*EDITED, "poc/model.py", *report.conflicts}


def test_update_from_1_0_0_reports_edited_code_that_moved(
    project: Project, upstream: Upstream, way: str, rendered_today: Project
) -> None:
    """The edit stays at its old path and is reported; the engine is the template's."""
    for name in MOVED:
        file = project.path / name
        file.write_text(file.read_text("utf-8").replace("\nimport ", f"\n{OURS}import ", 1))
        assert OURS in file.read_text("utf-8")
    commit(project.path, "Edited code that moves")
    report = taken(project, upstream, way)
    for name in MOVED:
        assert name in report.printed, report.printed
        assert name in report.conflicts
        assert OURS in project.read(name)
    others = report.conflicts - set(MOVED)
    assert {kind(name) for name in others} <= {"shared"}, others
    assert_edits_kept(project)
    assert engine(project) == engine(rendered_today)


def test_update_from_1_0_0_has_the_moved_code_in_the_engine(rendered_today: Project) -> None:
    """Otherwise the test above would edit code that is simply gone."""
    names = {Path(name).name for name in rendered_today.files() if name.startswith("engine/")}
    assert {Path(name).name for name in MOVED} <= names
