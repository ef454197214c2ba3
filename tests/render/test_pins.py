"""What is installed is pinned once, with hashes, and is what pyproject.toml asks for."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import INSIDE, ROOT

FOLDERS = [ROOT, ROOT / INSIDE]
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)*.*)", re.M)


def groups(folder: Path) -> dict[str, list[Requirement]]:
    """Return the dependency groups of a folder's pyproject.toml, included groups spelled out."""
    table = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["dependency-groups"]

    def spelled_out(name: str) -> Iterator[Requirement]:
        for entry in table[name]:
            if isinstance(entry, str):
                yield Requirement(entry)
            else:
                yield from spelled_out(entry["include-group"])

    return {name: list(spelled_out(name)) for name in table}


def pins(file: Path) -> dict[str, str]:
    """Return name and version of what a requirements file pins."""
    found = PIN.finditer(file.read_text("utf-8"))
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found}


@pytest.fixture(params=FOLDERS, ids=["template", "project"])
def folder(request: pytest.FixtureRequest) -> Path:
    """The template and the project pin in the same way."""
    path: Path = request.param
    return path


def test_a_group_has_one_file_of_pins(folder: Path) -> None:
    """No group is left to chance, and no file is left of a group that is gone."""
    files = {file.stem for file in (folder / "requirements").iterdir()}
    assert files == set(groups(folder))


def test_pins_satisfy_pyproject(folder: Path) -> None:
    """A requirement that was changed by hand needs `make lock`."""
    for group, requirements in groups(folder).items():
        pinned = pins(folder / "requirements" / f"{group}.txt")
        for wanted in requirements:
            version = pinned[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(version), f"{group}: {wanted}, pinned {version}"


def test_every_pin_has_a_hash(folder: Path) -> None:
    """What is installed is what was locked, wherever it was downloaded from."""
    for file in (folder / "requirements").iterdir():
        text = file.read_text("utf-8")
        requirements = [line for line in text.splitlines() if re.match(r"[^\s#]", line)]
        assert len(requirements) == len(list(PIN.finditer(text))), file
        for pin in PIN.finditer(text):
            assert "--hash=sha256:" in pin["rest"], f"{file}: {pin['name']}"


def test_no_index_is_named(folder: Path) -> None:
    """Each organisation installs from its own."""
    for file in [*(folder / "requirements").iterdir(), folder / "pyproject.toml"]:
        assert not re.search(r"(index|find-links|https?://)", file.read_text("utf-8")), file
    assert not (folder / "uv.lock").exists()


def test_areas_that_are_installed_together_agree(folder: Path) -> None:
    """Training and serving a model with two versions of one library is skew by design."""
    everywhere: dict[str, str] = {}
    for file in sorted((folder / "requirements").iterdir()):
        for name, version in pins(file).items():
            assert everywhere.setdefault(name, version) == version, f"{file}: {name}"
