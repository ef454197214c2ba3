"""A project is clean on the day it is made."""

from pathlib import Path

import pytest

from tests.conftest import Render


def test_a_planted_fault_fails_it(render: Render, project_env: Path) -> None:
    """The server that reads training code breaks an import rule, and the check says which."""
    project = render()
    assert project.run("git", "init", "--quiet").returncode == 0
    app = project.path / "serving" / "http" / "app.py"
    app.write_text(
        app.read_text("utf-8") + "\nimport engine.training.choose  # noqa: E402, F401\n", "utf-8"
    )
    done = project.run(str(project_env / "bin" / "lint-imports"))
    assert done.returncode != 0
    assert "production sees a model only through its bundle BROKEN" in done.stdout


# Tests of the rows and the problem that this one project is about.
OF_ITS_OWN = (
    *(
        "engine/tests/data/test_shipped.py",
        "tests/eda",
        "tests/edges",
        "engine/tests/gate/test_notebooks.py",
    ),
    *("tests/journey", "engine/tests/training/test_rough_to_ready.py"),
)
NO_CONTRACT = """
class Gone:
    def __getattribute__(self, name):
        raise RuntimeError("this test asks what the project is about: name it in OF_ITS_OWN")

ROW = Gone()
"""


# By far the longest: second and third, so that each of two processes begins with one.
@pytest.mark.parametrize(
    "which", [["tests/serving"], ["--ignore=tests/serving"]], ids=["of serving", "of all else"]
)
def test_all_other_tests_hold_whatever_the_project_is_about(
    which: list[str], render: Render, project_env: Path
) -> None:
    """Those who frame their own problem keep tests that pass: these pass without any."""
    project = render()
    (project.path / "problem/problem.toml").unlink()
    (project.path / "data/contract.py").write_text(NO_CONTRACT, "utf-8")
    left_out = [f"--ignore={path}" for path in OF_ITS_OWN]
    done = project.run(str(project_env / "bin" / "python"), "-m", "pytest", *left_out, *which)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("dataset", ["parcels", "sklearn:wine"])
def test_its_own_check_passes_and_changes_no_file(
    dataset: str, render: Render, project_env: Path
) -> None:
    """Format, lint, types, import rules and its own tests hold before a file was touched."""
    project = render(dataset=dataset)
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "Start"]):
        assert project.run("git", *words).returncode == 0
    only = {"PYTEST_ADDOPTS": " ".join(OF_ITS_OWN)}
    done = project.run("make", "check", f"VENV={project_env}", env=only)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert project.run("git", "status", "--porcelain").stdout == ""
