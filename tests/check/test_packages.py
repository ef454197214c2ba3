"""`make add` and `make lock` pin packages with hashes, and move a pin only if asked to."""

import re
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.check.test_engine import layered
from tests.conftest import Project, Render
from tests.how_to import execute, steps
from tests.render.test_pins import pins

GROUPS = """\
serving = [
    "alpha>=1",
    "omega>=1", # both stay
]
training = [
    { include-group = "serving" },
    "beta>=1",
]
dev = [{ include-group = "training" }]
"""
FIRST = {"alpha": "1.0", "beta": "1.0", "omega": "1.0"}
NEWER = {"alpha": "1.5", "beta": "2.0", "omega": "1.0", "lightgbm": "4.6.0"}


def put_wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    """A wheel that holds nothing, in a folder from which uv installs."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="module")
def env(project_env: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own, so that nothing can install these pins where others work."""
    return layered(tmp_path_factory.mktemp("layered"), project_env)


@pytest.fixture
def project(
    render: Render, env: Path, project_env: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Project:
    """A project of three packages, pinned; newer versions of two have come out since."""
    settings = tmp_path / "uv.toml"
    settings.write_text(f'no-index = true\nfind-links = ["{tmp_path}"]\n')
    monkeypatch.setenv("UV_CONFIG_FILE", str(settings))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV", shutil.which("uv") or str(project_env / "uv/bin/uv"))
    project = render()
    text = project.read("pyproject.toml")
    table = re.compile(r"(?<=\[dependency-groups\]\n).*?(?=^\[)", re.M | re.S)
    (project.path / "pyproject.toml").write_text(table.sub(f"{GROUPS}\n", text), "utf-8")
    for file in (project.path / "requirements").iterdir():
        file.unlink()
    for name, version in FIRST.items():
        put_wheel(tmp_path, name, version)
    locked = execute(project, "make lock", env)
    assert locked.returncode == 0, locked.stderr
    for name, version in NEWER.items():
        put_wheel(tmp_path, name, version)
    put_wheel(tmp_path, "needy", "1.0", "alpha>=1.5")
    return project


def pinned(project: Project, group: str) -> dict[str, str]:
    """What a group's file pins; each pin has a hash, and no file names an index."""
    file = project.path / f"requirements/{group}.txt"
    text = file.read_text("utf-8")
    assert text.count("--hash=sha256:") >= len(pins(file))
    assert not re.search(r"index|find-links|https?://", text)
    return pins(file)


def test_page_add_and_lock_move_no_pin_and_upgrade_does(project: Project, env: Path) -> None:
    """The commands of docs/how-to/add-a-package.md, one after the other."""
    add, lock, upgrade = [step.code for step in steps(project.read("docs/how-to/add-a-package.md"))]
    assert pinned(project, "dev") == FIRST
    added = execute(project, add, env)
    assert (added.returncode, added.stdout) == (0, "lightgbm new → 4.6.0\n"), added.stderr
    serving = tomllib.loads(project.read("pyproject.toml"))["dependency-groups"]["serving"]
    assert serving == ["alpha>=1", "lightgbm>=4.6", "omega>=1"]
    assert "# both stay" in project.read("pyproject.toml")
    for _ in range(2):
        assert pinned(project, "dev") == pinned(project, "training")
        assert pinned(project, "dev") == FIRST | {"lightgbm": "4.6.0"}
        assert pinned(project, "serving").keys() == {"alpha", "lightgbm", "omega"}
        assert execute(project, lock, env).returncode == 0
    upgraded = execute(project, upgrade, env)
    assert "alpha 1.0 → 1.5" in upgraded.stdout
    assert pinned(project, "dev") == NEWER
    assert pinned(project, "serving")["alpha"] == "1.5"


@pytest.mark.parametrize(
    ("version", "least"), [("7", "7"), ("2.1.9+cpu", "2.1"), ("2.0.0rc1", "2.0.0rc1")]
)
def test_package_gets_a_bound_that_its_pin_meets(
    version: str, least: str, project: Project, env: Path, tmp_path: Path
) -> None:
    """Whatever the form of its version."""
    put_wheel(tmp_path, "formed", version)
    added = execute(project, "make add PACKAGE=formed", env)
    assert added.returncode == 0, added.stderr
    groups = tomllib.loads(project.read("pyproject.toml"))["dependency-groups"]
    assert f"formed>={least}" in groups["training"]
    assert pinned(project, "training")["formed"] == version


@pytest.mark.parametrize(
    ("package", "group", "code"),
    [
        ("needy", "training", "pin-would-move"),
        ("nowhere", "training", "not-resolved"),
        ("omega<1", "training", "package-there"),
        ("lightgbm", "research", "unknown-group"),
        ("lightgbm", "dev", "unreadable-group"),  # on one line
        ("lightgbm @ https://example.org/l.whl", "training", "not-a-requirement"),
        ("", "training", "not-a-requirement"),
    ],
)
def test_package_that_cannot_be_added_changes_no_file(
    package: str, group: str, code: str, project: Project, env: Path
) -> None:
    """One message with its code, and everything is as it was."""
    before = project.files()
    failed = execute(project, f"make add PACKAGE='{package}' GROUP={group}", env)
    assert failed.returncode != 0
    assert f"error[{code}]: " in failed.stderr
    after = {name: data for name, data in project.files().items() if "__pycache__" not in name}
    assert after == {name: data for name, data in before.items() if "__pycache__" not in name}
