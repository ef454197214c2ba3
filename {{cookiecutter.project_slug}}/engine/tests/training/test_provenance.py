"""Provenance is right in every state of a work tree."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from engine.training.record.provenance import at_commit, code_files, provenance, write_snapshot


def git(root: Path, *words: str) -> str:
    person = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *person, *words], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "more")
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path, plain_git: None) -> Path:
    root = tmp_path / "project"
    for name in ("problem/problem.toml", "poc/train.py", "requirements/dev.txt", "README.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n")
    return root


@pytest.fixture
def committed(project: Path) -> Path:
    git(project, "init", "--quiet")
    commit(project)
    return project


def test_provenance_without_git_is_dirty(project: Path) -> None:
    result = provenance(project)
    assert (result.commit, result.dirty) == (None, True)
    assert len(result.snapshot) == 64


def test_provenance_where_git_is_not_installed_is_dirty(
    committed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert (provenance(committed).commit, provenance(committed).dirty) == (None, True)


def test_provenance_before_the_first_commit_is_dirty(project: Path) -> None:
    git(project, "init", "--quiet")
    assert (provenance(project).commit, provenance(project).dirty) == (None, True)
    git(project, "add", "--all")
    assert (provenance(project).commit, provenance(project).dirty) == (None, True)


def test_provenance_of_a_clean_tree_is_its_commit(committed: Path) -> None:
    result = provenance(committed)
    assert (result.commit, result.dirty) == (git(committed, "rev-parse", "HEAD"), False)


def test_provenance_of_a_project_below_the_repository_root(tmp_path: Path, project: Path) -> None:
    git(tmp_path, "init", "--quiet")
    head = commit(tmp_path)
    assert (provenance(project).commit, provenance(project).dirty) == (head, False)
    (tmp_path / "elsewhere.py").write_text("# not of this project\n")
    assert provenance(project).dirty is False
    assert at_commit(head, Path("poc/train.py"), project) == "# poc/train.py\n"


@pytest.mark.parametrize("name", ["poc/train.py", "poc/new.py", "notes.md"])
def test_provenance_with_a_changed_or_new_file_is_dirty(committed: Path, name: str) -> None:
    (committed / name).write_text("# another\n")
    assert provenance(committed).dirty is True


def test_provenance_with_a_removed_file_is_dirty(committed: Path) -> None:
    (committed / "README.md").unlink()
    assert provenance(committed).dirty is True


def test_provenance_with_an_uncommitted_verdict_is_not_dirty(committed: Path) -> None:
    record = committed / "handoff/records/0/verdict.json"
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert provenance(committed).dirty is False


def test_provenance_ignores_an_outer_repository(tmp_path: Path, project: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitignore").write_text("project/\n")
    commit(tmp_path)
    assert (provenance(project).commit, provenance(project).dirty) == (None, True)


def test_at_commit_returns_the_committed_text(committed: Path) -> None:
    head = git(committed, "rev-parse", "HEAD")
    (committed / "poc/train.py").write_text("# another\n")
    assert at_commit(head, Path("poc/train.py"), committed) == "# poc/train.py\n"
    assert at_commit(head, Path("poc/nowhere.py"), committed) is None
    assert at_commit("0" * 40, Path("poc/train.py"), committed) is None


def test_code_files_hold_only_code(project: Path) -> None:
    for name in (
        *("build/made.py", "data/raw/rows.txt", "handoff/records/0/x.toml", ".venv/lib.py"),
        *("bundles/0/code/features.py", "logs/a.txt", "mlartifacts/0/a.txt", "poc/model.pyc"),
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("not code of this project")
    (project / "env/lib").mkdir(parents=True)
    (project / "env/pyvenv.cfg").touch()
    (project / "env/lib/package.py").touch()
    (project / "poc/dangling.py").symlink_to("nowhere")
    names = [path.relative_to(project).as_posix() for path in code_files(project)]
    assert names == ["poc/train.py", "problem/problem.toml", "requirements/dev.txt"]


def test_snapshot_of_the_same_files_is_the_same(project: Path, tmp_path: Path) -> None:
    before = provenance(project).snapshot
    write_snapshot(tmp_path / "one.zip", project)
    (project / "poc/train.py").touch()
    write_snapshot(tmp_path / "other.zip", project)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    assert provenance(project).snapshot == before
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.read("poc/train.py") == b"# poc/train.py\n"


@pytest.mark.parametrize("change", ["content", "name"])
def test_snapshot_of_another_file_differs(project: Path, change: str) -> None:
    before = provenance(project).snapshot
    if change == "content":
        (project / "poc/train.py").write_text("# another\n")
    else:
        (project / "poc/train.py").rename(project / "poc/training.py")
    assert provenance(project).snapshot != before
