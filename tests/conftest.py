"""The words that the tests are written in: a template, a way to render it, a project to ask."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cookiecutter.main import cookiecutter

import journey

ROOT = journey.ROOT
INSIDE = "{{cookiecutter.project_slug}}"
TIERS = ("render", "check", "mutations", "ship")

# What a person's shell or an outer make may carry, and a test must not see.
LEAKS = (
    *("ANSWERS", "BUNDLES", "COOKIECUTTER_", "GIT_", "MAKE", "MFLAGS", "MLFLOW_"),
    *("PYTHONHOME", "PYTHONPATH", "VENV", "VIRTUAL_ENV"),
)


@dataclass(frozen=True)
class Project:
    """A rendered project, and what a test wants of it."""

    path: Path

    def run(
        self, *command: str, input: str | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in the project's folder, as `run` does."""
        return run(*command, cwd=self.path, input=input, env=env)

    def read(self, name: str) -> str:
        """Return the text of one file."""
        return (self.path / name).read_text("utf-8")

    def files(self) -> dict[str, bytes]:
        """Return every file by its path from the project's folder."""
        return contents(self.path)


Render = Callable[..., Project]


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below `folder`, by path; git's own are left out."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: data for name, data in files.items() if not name.startswith(".git/")}


def run(
    *command: str, cwd: Path, input: str | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `command`, with `env` added to the environment; the caller judges its exit code."""
    return subprocess.run(
        command,
        cwd=cwd,
        input=input,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's folder is its tier."""
    for item in items:
        tier = item.path.relative_to(ROOT / "tests").parts[0]
        assert tier in TIERS, f"{item.path} lies in no tier; expected one of {TIERS}"
        item.add_marker(tier)


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Strip the outer environment; git and cookiecutter see nobody's configuration."""
    for name in list(os.environ):
        if name.startswith(LEAKS):
            del os.environ[name]
    home = tmp_path_factory.mktemp("home")
    config = home / "cookiecutter.yaml"
    config.write_text(f"replay_dir: {home}/replay\ncookiecutters_dir: {home}/cookiecutters\n")
    os.environ |= {
        "COOKIECUTTER_CONFIG": str(config),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
    }


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template as git would commit it, so that work in place leaves no trace in a render."""
    return journey.snapshot(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def render(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render with the given answers, the others by default; each call makes a folder of its own."""

    def with_answers(**answers: str) -> Project:
        output = tmp_path_factory.mktemp("render")
        made = cookiecutter(
            str(template), no_input=True, extra_context=answers, output_dir=str(output)
        )
        return Project(Path(made))

    return with_answers


@pytest.fixture(scope="session")
def project_env() -> Path:
    """Return an environment with the project's pinned development requirements, made once."""
    place = ROOT / "build" / ".project"
    made = run("make", "env", f"VENV={place}", cwd=ROOT / INSIDE)
    assert made.returncode == 0, made.stdout + made.stderr
    return place
