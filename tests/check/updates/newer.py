"""A version after today's: it changes files of each kind, whichever today's tree holds."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.check.updates.upstream import add, inside

THEIRS = "# a line of the newer template\n"


@dataclass(frozen=True)
class Newer:
    """A newer template, and what it changed, by path in a project."""

    path: Path
    version: str
    engine: str = ""  # a file of the engine that it changed
    shared: tuple[str, ...] = ("README.md", "Makefile", "pyproject.toml")
    stage: tuple[str, ...] = ("poc/features.py", "problem/README.md")
    stage_added: str = "poc/newer.py"
    stage_removed: str = "eda/README.md"
    engine_added: str = "engine/problem/newer.py"


def newer(template: Path, to: Path) -> Newer:
    """Copy `template` to `to`, and change files of the engine, of stages, and shared ones."""
    shutil.copytree(template, to, ignore=shutil.ignore_patterns(".git"))
    project = inside(to)
    files = (path for path in sorted((project / "engine").glob("*/*.py")) if path.stat().st_size)
    changed = next(path for path in files if path.parent.name != "tests")
    made = Newer(to, "2.1.0", changed.relative_to(project).as_posix())
    add(changed, THEIRS)
    for name in (*made.shared, *made.stage, made.stage_added, made.engine_added):
        add(project / name, THEIRS)
    (project / made.stage_removed).unlink()
    (project / "engine" / "VERSION").write_text(f"{made.version}\n")
    questions = to / "cookiecutter.json"
    pattern = r'("_template_version": )"[^"]+"'
    questions.write_text(re.sub(pattern, rf'\1"{made.version}"', questions.read_text("utf-8")))
    return made
