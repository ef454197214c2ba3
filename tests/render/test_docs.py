"""What is written about the template and the project leads somewhere."""

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT, Render

LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)[^)]*\)")


def dead_links(folder: Path, pages: list[Path]) -> list[str]:
    """Return every relative link on `pages` that has nothing at its end.

    Not of the copies of stage folders that the engine's tests keep: they lie two folders deeper.
    """
    return [
        f"{page.relative_to(folder)}: {target}"
        for page in pages
        if "starter" not in page.parts
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]


def test_no_link_of_the_template_is_dead() -> None:
    """README, docs and the rest; the project's own pages are tested where they are rendered."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    pages += [*(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").rglob("*.md")]
    assert dead_links(ROOT, pages) == []


@pytest.mark.parametrize("runs_on", ["one machine", "Kubernetes"])
def test_no_link_of_a_project_is_dead(runs_on: str, render: Render) -> None:
    """Whichever folder was not chosen, no page leads into it."""
    project = render(runs_on=runs_on)
    assert dead_links(project.path, list(project.path.rglob("*.md"))) == []


def test_every_folder_names_its_owner(render: Render) -> None:
    """Owner, what comes in, what goes out, what must hold: on its own page, one screen or two."""
    project = render()
    for package in project.path.glob("*/__init__.py"):
        if package.parent.name != "tests":
            page = (package.parent / "README.md").read_text("utf-8")
            assert len(page.splitlines()) <= 120 or package.parent.name == "engine", package
            for word in (r"\*\*Owner:\*\*", r"\*\*In\b", r"\*\*Out\b", "[Mm]ust hold"):
                assert re.search(word, page), f"{package.parent.name}: {word}"


def test_every_decision_is_listed() -> None:
    """The list of decisions names each page."""
    decisions = ROOT / "docs" / "decisions"
    listed = (decisions / "README.md").read_text("utf-8")
    for page in decisions.glob("0*.md"):
        assert f"({page.name})" in listed
