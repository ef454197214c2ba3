"""One engine for many projects: built into a wheel, installed, used without the folder."""

import json
import shutil
import subprocess
import venv
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from tests.check.test_journeys import Home, hold_whole
from tests.conftest import Project, Render

IDENTITY = "import json; from engine.version import identity; print(json.dumps(identity()))"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"


@dataclass(frozen=True)
class Shared:
    """A project without `engine/`, its environment with the wheel, and what the folder was."""

    home: Home
    identity: dict[str, str]

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python in the project."""
        return self.home.project.run(str(self.home.env / "bin" / "python"), *words)


@pytest.fixture(scope="module")
def shared(render: Render, project_env: Path, tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """A project whose engine was built, installed with its pin, and removed."""
    project = render()
    identity = project.run(str(project_env / "bin" / "python"), "-B", "-c", IDENTITY)
    built = project.run("make", "engine-wheel", f"VENV={project_env}")
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = (project.path / "dist").iterdir()
    assert wheel.name == f"ds_mle_engine-{project.read('engine/VERSION').strip()}-py3-none-any.whl"
    wheels = tmp_path_factory.mktemp("wheels")
    shutil.copy(wheel, wheels)
    shutil.rmtree(project.path / "engine")

    env = layered(tmp_path_factory.mktemp("layered"), project_env)
    pin = wheels / "pins.txt"
    digest = sha256(wheel.read_bytes()).hexdigest()
    pin.write_text(f"ds-mle-engine=={wheel.name.split('-')[1]} --hash=sha256:{digest}\n")
    uv = shutil.which("uv") or str(project_env / "uv" / "bin" / "uv")
    install = [uv, "pip", "install", "--quiet", "--no-index", "--find-links", str(wheels)]
    python = str(env / "bin" / "python")
    done = project.run(*install, "--require-hashes", "--python", python, "--requirement", str(pin))
    assert done.returncode == 0, done.stderr
    return Shared(Home(project, env), json.loads(identity.stdout))


def layered(folder: Path, below: Path) -> Path:
    """An environment of its own that also sees the packages of the one below."""
    venv.create(folder, with_pip=False)
    [packages] = folder.glob("lib/python*/site-packages")
    [others] = below.glob("lib/python*/site-packages")
    (packages / "below.pth").write_text(f"import site; site.addsitedir({str(others)!r})\n")
    return folder


def test_the_journey_passes_with_the_wheel_alone(shared: Shared) -> None:
    """Its bundle names the engine just as one that was built with the folder."""
    code, summary = shared.home.journey()
    hold_whole(shared.home, code, summary)
    manifests = [*(shared.home.project.path / "build").rglob("manifest.json")]
    assert manifests
    for manifest in manifests:
        assert json.loads(manifest.read_text("utf-8"))["engine"] == shared.identity


def test_the_wheel_is_as_good_as_released(shared: Shared) -> None:
    """So `make test` runs the team's tests, and the import rules still hold."""
    asked = shared.python("-m", "engine")
    version = shared.identity["version"]
    assert (asked.returncode, asked.stdout) == (0, f"engine {version}, installed as a wheel\n")
    tested = shared.home.project.run("make", "test", f"VENV={shared.home.env}", "--old-file=env")
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "engine/tests" not in tested.stdout
    imports = shared.python("-c", LINT_IMPORTS)
    assert imports.returncode == 0, imports.stdout
    assert "0 broken" in imports.stdout


def test_the_wheel_holds_what_runs_and_no_tests(shared: Shared) -> None:
    """Templates of pages, the version and the mark of typed packages are no Python files."""
    [engine] = shared.home.env.glob("lib/python*/site-packages/engine")
    assert {"VERSION", "py.typed"} <= {path.name for path in engine.iterdir()}
    assert (engine / "pages/page.html").is_file()
    assert (engine / "pages/style.css").is_file()
    assert not (engine / "tests").exists()


def edit(project: Project) -> None:
    """A team's patch."""
    with (project.path / "engine/pages/page.py").open("a") as page:
        page.write("# ours\n")


@pytest.fixture
def listing_env(project_env: Path, tmp_path: Path) -> Path:
    """An environment whose Python answers for the engine, and lists all else that make runs."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    real = project_env / "bin" / "python"
    python.write_text(f'#!/bin/sh\n[ "$2" = engine ] && exec "{real}" -B "$@"\necho "$@"\n')
    python.chmod(0o755)
    (python.parent / "lint-imports").symlink_to(python)
    return tmp_path


@pytest.mark.parametrize(
    ("change", "target", "tested"),
    [
        (lambda project: None, "check", False),
        (edit, "check", True),
        (lambda project: (project.path / "engine/MANIFEST.json").unlink(), "check", True),
        (lambda project: None, "check-engine", True),
    ],
    ids=["as released", "edited", "without manifest", "forced"],
)
def test_the_engine_is_tested_where_it_was_edited(
    change: Callable[[Project], None], target: str, tested: bool, render: Render, listing_env: Path
) -> None:
    """And where one asks for it; one line names the files."""
    project = render()
    change(project)
    done = project.run("make", target, f"VENV={listing_env}", "--old-file=env")
    assert done.returncode == 0, done.stderr
    ran = done.stdout.splitlines()
    assert "-m pytest tests" in ran
    assert ("-m pytest engine/tests" in ran) == tested
    if change is edit:
        [line] = [line for line in ran if line.startswith("engine ")]
        assert line.endswith("edited, so `make check` runs its own tests too: pages/page.py")


def test_a_check_stops_at_a_damaged_manifest(render: Render, listing_env: Path) -> None:
    """Whether the engine is as released is not known then, and nobody should guess."""
    project = render()
    (project.path / "engine/MANIFEST.json").write_text("<<<<<<< ours\n")
    done = project.run("make", "check", f"VENV={listing_env}", "--old-file=env")
    assert done.returncode != 0
    assert "MANIFEST.json cannot be read" in done.stderr


def test_an_edited_engine_makes_a_wheel_only_under_a_version_of_its_own(
    render: Render, project_env: Path
) -> None:
    """Two wheels of one version that differ would be pinned by chance."""
    project = render()
    edit(project)
    build = ("make", "engine-wheel", f"VENV={project_env}")
    refused = project.run(*build)
    assert refused.returncode != 0
    assert "+yours.1" in refused.stderr
    assert not (project.path / "dist").exists()
    (project.path / "engine/VERSION").write_text("2.0.0+ours.1\n")
    built = project.run(*build)
    assert built.returncode == 0, built.stderr
    [wheel] = (project.path / "dist").iterdir()
    assert wheel.name.startswith("ds_mle_engine-2.0.0+ours.1-")
