"""A project passes its own checks on the day it is made, and its checks find what is wrong."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Render

# A line in a file, and the import rule that it breaks.
FAULTS = {
    "server reads training": (
        "engine/serving/http/app.py",
        "import engine.training.folds",
        "the server is light BROKEN",
    ),
    "engine imports a stage": (
        "engine/data/split.py",
        "import poc.features",
        "the engine imports no stage folder BROKEN",
    ),
}
ROOMS = ("serving", "gate", "training")
# What commands make: trainings, bundles, their store, the server's log, a wheel, MLflow's default.
GENERATED = ("build", "bundles", "dist", "logs", "mlartifacts", "mlruns")
NO_CONTRACT = """
class Missing:
    def __getattribute__(self, name):
        raise RuntimeError("a test of the engine read the team's contract")

ROW = Missing()
"""


# By far the longest, so they come first: the two processes share the rest.
ENGINE_TESTS = {
    "serving": ["engine/tests/serving"],
    "gate": ["engine/tests/gate"],
    "training": ["engine/tests/training"],
    "all else": ["engine/tests", *(f"--ignore=engine/tests/{room}" for room in ROOMS)],
}


@pytest.mark.parametrize("which", ENGINE_TESTS)
def test_engine_tests_pass_whatever_the_stages_hold(
    which: str, render: Render, project_env: Path
) -> None:
    """They run on the stages as generated, so no edit of a team can fail them."""
    project = render()
    (project.path / "problem/problem.toml").unlink()
    (project.path / "data/contract.py").write_text(NO_CONTRACT, "utf-8")
    done = project.run(str(project_env / "bin" / "python"), "-m", "pytest", *ENGINE_TESTS[which])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_forbidden_import_fails_the_check(fault: str, render: Render, project_env: Path) -> None:
    """The message names the rule that is broken."""
    name, line, rule = FAULTS[fault]
    project = render()
    assert project.run("git", "init", "--quiet").returncode == 0
    file = project.path / name
    file.write_text(f"{file.read_text('utf-8')}\n{line}  # noqa: E402, F401\n", "utf-8")
    done = project.run(str(project_env / "bin" / "lint-imports"))
    assert done.returncode != 0
    assert rule in done.stdout


def test_make_check_passes_and_changes_no_file(render: Render, project_env: Path) -> None:
    """Format, lint, types, import rules and the team's tests; the engine is as released.

    Also where three trainings and two bundles have left their files, of which several have one
    name; `make format` and ruff leave them alone even before there is a repository.
    """
    project = render(dataset="sklearn:wine")
    python = str(project_env / "bin" / "python")
    for words in (["poc", "train"], *([["poc", "train"], ["handoff", "build"]] * 2)):
        done = project.run(python, "-m", *words)
        assert done.returncode == 0, done.stdout + done.stderr
    # As a second signature publishes them.
    shutil.copytree(project.path / "build/bundles", project.path / "bundles")
    unformatted = "x: int='no'\n"
    for folder in GENERATED:
        (project.path / folder).mkdir(exist_ok=True)
        (project.path / folder / "features.py").write_text(unformatted, "utf-8")
    formatted = project.run("make", "format", f"VENV={project_env}", "--old-file=env")
    assert formatted.returncode == 0, formatted.stdout
    for folder in GENERATED:
        assert project.read(f"{folder}/features.py") == unformatted
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Start"]):
        assert project.run("git", *words).returncode == 0
    committed = project.run("git", "ls-files", *GENERATED).stdout
    assert committed == ""
    done = project.run("make", "check", f"VENV={project_env}")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout
    assert "as released" in done.stdout
    assert project.run("git", "status", "--porcelain").stdout == ""
