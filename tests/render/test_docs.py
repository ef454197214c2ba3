"""Links and references in documentation and docstrings lead to files that exist."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import INSIDE, ROOT, Render

LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)[^)]*\)")
ROOMS = (
    *("adopt", "bundle", "contract", "data", "eda", "gate", "journey", "leakage", "monitoring"),
    *("pages", "problem", "serving", "training"),
)
# `engine/eda/bins.py`, `engine.eda.bins`, and in backticks `eda.bins`, each with what it holds.
PATH = re.compile(r"(?<![\w/.-])engine/[\w/.-]*\w")
MODULE = re.compile(rf"\bengine(?:\.[A-Za-z_]\w*)+|`(?:{'|'.join(ROOMS)})(?:\.[A-Za-z_]\w*)+`")
FILE = re.compile(r"\.(html|json|md|py|sql|toml)$")


def dead_links(folder: Path, pages: list[Path]) -> list[str]:
    """Return every relative link on `pages` that has nothing at its end.

    Not of the copies of stage folders that the engine's tests keep: they lie two folders deeper.
    """
    return [
        f"{page.relative_to(folder)}: {target}"
        for page in pages
        if "starter" not in page.parts
        for target in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target.strip("<>")).exists()
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


def texts(path: Path) -> Iterator[str]:
    """The text of a page; of a Python file its docstrings and comments."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield text
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string


def exists(project: Path, *names: str) -> bool:
    """Whether a dotted name is a module of the project, or a name that its module has."""
    place = project
    for i, name in enumerate(names):
        if (place / name).is_dir():
            place /= name
            continue
        module, *attribute = names[i:] if (place / f"{name}.py").is_file() else ("__init__", name)
        source = place / f"{module}.py"
        has = re.compile(rf"\b{attribute[0] if attribute else ''}\b")
        return source.is_file() and has.search(source.read_text("utf-8")) is not None
    return True


def dead_references(project: Path, pages: list[Path]) -> list[str]:
    """References on `pages` to modules or files of the engine that `project` does not have."""
    keys = (project / "problem" / "problem.toml").read_text("utf-8")
    dead = []
    for page in pages:
        for text in texts(page):
            dead += [f"{page}: {one}" for one in PATH.findall(text) if not (project / one).exists()]
            for one in MODULE.findall(text):
                names = one.strip("`").split(".")
                found = exists(project, *names) or exists(project, "engine", *names)
                if not found and not FILE.search(one.strip("`")) and f"\n{names[-1]} =" not in keys:
                    dead.append(f"{page}: {one}")
    return dead


def test_references_to_the_engine_exist(render: Render) -> None:
    """Pages, docstrings and comments of the project, and pages of the template.

    Not docs/mutants.md: it names functions of the versions that it measured.
    """
    project = render().path
    pages = [path for suffix in ("md", "py") for path in project.rglob(f"*.{suffix}")]
    pages += [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    skipped = {"starter", "mutants.md"}
    assert dead_references(project, [one for one in pages if not skipped & {*one.parts}]) == []


def test_a_reference_to_a_missing_module_is_reported(render: Render, tmp_path: Path) -> None:
    """A module, a name in a module, a short name and a path; existing ones are not reported."""
    page = tmp_path / "page.md"
    missing = ["engine.eda.nowhere", "engine.eda.bins.nothing", "`eda.nowhere`", "engine/no/x.py"]
    page.write_text(" ".join([*missing, "engine.eda.bins.cut `eda.bins` engine/eda/bins.py"]))
    reported = dead_references(render().path, [page])
    assert sorted(one.removeprefix(f"{page}: ") for one in reported) == sorted(missing)


def test_messages_print_commands_by_the_one_function() -> None:
    """`engine.problem.errors.command` names the environment, so nobody has to activate it."""
    command = re.compile(r"(?<!Written by )`python -m |[Nn]ext: python -m |^python -m .*\n", re.M)
    bare = []
    for path in sorted((ROOT / INSIDE).rglob("*.py")):
        if {"tests", ".venv", "build"} & set(path.parts[len(ROOT.parts) :]):
            continue
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        # A string that is a statement is a docstring.
        documentation = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        for node in nodes:
            if isinstance(node, ast.Constant) and id(node) not in documentation:
                bare += [f"{path}:{node.lineno}"] if command.search(str(node.value)) else []
    assert bare == []
