"""The template has one version, and a project records the one it was made with."""

import json
import re
import tomllib

from tests.conftest import INSIDE, ROOT, Render

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_version_is_the_same_everywhere() -> None:
    """pyproject.toml, cookiecutter.json and the engine name one version."""
    questions = json.loads((ROOT / "cookiecutter.json").read_text("utf-8"))
    assert questions["_template_version"] == VERSION
    assert (ROOT / INSIDE / "engine" / "VERSION").read_text("utf-8") == f"{VERSION}\n"


def test_version_is_the_newest_entry_of_the_changelog() -> None:
    """Entries stand from the newest to the oldest, each version once."""
    versions = re.findall(r"^## (.+)$", CHANGELOG, re.M)
    assert versions[0] == VERSION
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(set(numbers), reverse=True)


def test_version_entry_says_gains_and_duties() -> None:
    """A team reads what it gains and what it must do, for every version but the first."""
    for entry in CHANGELOG.split("\n## ")[1:-1]:
        assert "\nWhat a project gains:\n" in entry
        assert "\nWhat its team must do:\n" in entry


def test_version_stands_in_a_project(render: Render) -> None:
    """TEMPLATE.md shows it; .cruft.json keeps it (see test_update.py)."""
    assert f"Made with ds-mle-template **{VERSION}**" in render().read("TEMPLATE.md")
