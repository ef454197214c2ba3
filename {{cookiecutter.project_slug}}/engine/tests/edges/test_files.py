"""Whatever is where a file is expected, a command ends with one error and changes nothing."""

import shutil
from pathlib import Path

import pytest

from engine.problem.spec import PROBLEM_FILE
from engine.tests.edges.commands import Runner
from engine.tests.edges.contents import CONTENTS
from engine.tests.monitoring.made import bundle_of, frozen, write_bundle
from engine.tests.project import STAGES
from engine.tests.serving.made import make_bundle

# (command, file that it reads): `{}` on the command line is that file.
READERS: tuple[tuple[str, str], ...] = (
    ("problem check {}", "given.toml"),
    ("problem check", "problem/problem.toml"),
    ("problem brief {} --out brief.html", "given.toml"),
    ("data adopt {} --target late", "given.csv"),
    ("data adopt {} --target late --force", "given.tsv"),
    ("data adopt {} --target late", "given.txt"),
    ("data adopt {} --target late", "given.parquet"),
    ("data adopt {} --target late", "given.sql"),
    ("data check {}", "given.csv"),
    ("data check {}", "given.parquet"),
    ("data check {}", "given.sql"),
    ("data check parcels", "problem/problem.toml"),
    ("eda notebook {} --out page.html", "given.py"),
    ("eda report --out page.html", "problem/problem.toml"),
    ("poc train", "problem/problem.toml"),
    ("poc retrain {} out", "training.json"),
    ("poc report", "problem/problem.toml"),
    ("handoff build", "problem/problem.toml"),
    ("handoff check {}", "given"),
    ("handoff accept {} --as ml-engineer", "given"),
    ("serving run --bundle {} --rehearsal", "given"),
    ("serving run", "deploy/release.toml"),
    ("serving optimise", "deploy/release.toml"),
    ("serving batch rows.csv out.parquet", "deploy/release.toml"),
    ("serving batch {} out.parquet --bundle bundle --rehearsal", "given.csv"),
    ("serving batch {} out.parquet --bundle bundle --rehearsal", "given.parquet"),
    ("monitoring check", "deploy/release.toml"),
    ("monitoring check --bundle {}", "given"),
    ("monitoring check --bundle monitored --log {}", "given"),
    ("journey", "problem/problem.toml"),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder as far as commands read it."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "problem").mkdir()
    (folder / "deploy").mkdir()
    shutil.copy(STAGES / PROBLEM_FILE, folder / PROBLEM_FILE)
    (folder / "deploy/release.toml").write_text('champion = ""\n')
    make_bundle(folder / "bundle")
    write_bundle(folder / "monitored", bundle_of(frozen()))
    return folder


def _remove(file: Path) -> None:
    if file.is_dir():
        file.rmdir()
    else:
        file.unlink(missing_ok=True)


@pytest.mark.parametrize(("words", "name"), READERS)
def test_a_file_that_is_none_is_one_error(
    words: str, name: str, command: Runner, project: Path
) -> None:
    shutil.copytree(project, command.folder, dirs_exist_ok=True)
    file, wrong = command.folder / name, {}
    for content, make in CONTENTS.items():
        _remove(file)
        make(file)
        before = command.files()
        outcome = command(*words.format(name).split(), DATABASE_URL="sqlite:///:memory:")
        changed = {path for path, now in command.files().items() if now != before.get(path, b"")}
        if not outcome.is_one_error() or changed:
            wrong[content] = (outcome, changed)
    assert not wrong
