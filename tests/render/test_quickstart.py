"""The quickstart's commits, executed: a rollback deletes no record, and no commit holds both.

What a server makes of each state is tested in engine/tests/gate/test_release_commits.py.
"""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, Project, Render

PAGE = (ROOT / "docs/quickstart.md").read_text("utf-8")
RECORDS = Path("handoff/records") / ("a" * 64)
RELEASE = "deploy/release.toml"
ACCEPT = re.compile(r"python -m handoff accept --as (\S+)$")


def commands(section: int) -> list[str]:
    """The commands of a numbered section, in their order."""
    text = PAGE.partition(f"\n## {section} · ")[2].partition("\n## ")[0]
    return re.findall(r"^ {4}(\S.*?)(?: {2,}#.*)?$", text, re.M)


@pytest.fixture(scope="module")
def released(render: Render) -> Project:
    """A project after the git commands of sections 2 and 5; a command of ours leaves its files."""
    project = render()
    for command in [*commands(2), *commands(5)]:
        if found := ACCEPT.search(command):
            for name in ("verdict.json", f"{found[1]}.toml"):
                (project.path / RECORDS).mkdir(parents=True, exist_ok=True)
                (project.path / RECORDS / name).write_text(found[1], "utf-8")
        elif command.startswith("git "):
            if '"Release"' in command:
                (project.path / RELEASE).write_text(f'champion = "{RECORDS.name}"\n', "utf-8")
            done = project.run("sh", "-c", command)
            assert done.returncode == 0, command + done.stderr
    return project


def test_first_branch_is_the_one_that_ci_reads(released: Project) -> None:
    """CI listens to pushes on main."""
    branch = released.run("git", "branch", "--show-current").stdout.strip()
    assert branch == "main"
    assert f"branches: [{branch}]" in released.read(".github/workflows/ci.yml")


def test_release_is_a_commit_of_one_file_and_its_revert_keeps_the_records(
    released: Project,
) -> None:
    """The page's rollback is executed as it stands there."""
    changed = released.run("git", "show", "--format=", "--name-only").stdout.split()
    assert changed == [RELEASE]
    [rollback] = re.findall(r"`(git revert [^`]+)`", PAGE)
    records = sorted((released.path / RECORDS).iterdir())
    assert len(records) == 3
    assert released.run("sh", "-c", rollback).returncode == 0
    assert sorted((released.path / RECORDS).iterdir()) == records
    assert 'champion = ""' in released.read(RELEASE)
    assert released.run("sh", "-c", rollback).returncode == 0
    assert RECORDS.name in released.read(RELEASE)


def test_commits_of_signatures_hold_records_alone(released: Project) -> None:
    """So their revert changes no release."""
    log = released.run("git", "log", "--format=%h", "--grep=^Sign ").stdout.split()
    assert len(log) == 2
    for name in log:
        files = released.run("git", "show", "--format=", "--name-only", name).stdout.split()
        assert files
        assert all(file.startswith(f"{RECORDS.as_posix()}/") for file in files)
