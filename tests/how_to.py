"""Follow a how-to page of a project: write what its code blocks show, and run its commands.

The line before a block of Python or TOML says where the code belongs; a block of `bash` holds
commands. Other blocks show what comes out.
"""

import os
import re
import subprocess
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Project

BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<code>.*?)^```$", re.M | re.S)
PLACE = re.compile(
    r"(?:a new file `(?P<new>[^`]+)`|`(?P<file>[^`]+)`, "
    r"(?:(?P<way>above|below|in place of) `(?P<line>[^`]+)`|at the (?P<end>end))):$"
)
SHOWN = ("console", "text")
NONE: Mapping[str, str] = {}


class BadPage(Exception):
    """A page that nobody could follow: it names no place, or one that is not there once."""


@dataclass(frozen=True)
class Step:
    """A block of a page: code with the line of text before it, or commands."""

    kind: str
    place: str
    code: str


def steps(page: str) -> list[Step]:
    """The blocks of a page that a reader writes or runs, in order."""
    found, end = [], 0
    for block in BLOCK.finditer(page):
        place = " ".join(page[end : block.start()].strip().split("\n\n")[-1].split())
        found.append(Step(block["kind"], place, block["code"]))
        end = block.end()
    return [step for step in found if step.kind not in SHOWN]


def follow(project: Project, name: str, env: Path, changes: Mapping[str, str] = NONE) -> None:
    """Do in `project` what its page docs/how-to/`name`.md says, from the first block to the last.

    Args:
        project: the project, which is changed.
        name: the page.
        env: an environment with the project's packages, which no command changes.
        changes: texts of the page, each with what to write instead.
    """
    page = project.read(f"docs/how-to/{name}.md")
    for old, new in changes.items():
        page = page.replace(old, new)
    for step in steps(page):
        if step.kind == "bash":
            done = execute(project, step.code, env)
            assert done.returncode == 0, f"{name}: {step.code}{done.stdout[-6000:]}{done.stderr}"
        else:
            write(project, step)


# The shared environment stays as it is: make does not look whether its pins are up to date. Two
# targets run beside each other, which saves a third of the time of `make check`.
MAKE = 'make() { command make --old-file=env --jobs=2 "$@"; }\n'


def execute(project: Project, code: str, env: Path) -> subprocess.CompletedProcess[str]:
    """Run commands as a person would with this environment activated; the first error stops."""
    added = {"VENV": str(env), "PATH": f"{env / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    return project.run("bash", "-e", "-c", f"{MAKE}{code}", env=added)


def write(project: Project, step: Step) -> None:
    """Put the code of a block where the line before it says; BadPage if that is nowhere."""
    place = PLACE.search(step.place)
    if place is None:
        raise BadPage(f"no place for this block, after {step.place!r}:\n{step.code}")
    path = project.path / (place["new"] or place["file"])
    if place["new"]:
        if path.exists():
            raise BadPage(f"{place['new']} exists already")
        path.write_text(step.code, "utf-8")
        return
    lines = path.read_text("utf-8").splitlines(keepends=True)
    if place["end"]:
        path.write_text("".join([*lines, "\n\n", step.code]), "utf-8")
        return
    at = [i for i, line in enumerate(lines) if line.strip().startswith(place["line"])]
    if len(at) != 1:
        raise BadPage(f"{len(at)} lines of {place['file']} begin with {place['line']!r}")
    depth = lines[at[0]][: -len(lines[at[0]].lstrip())]
    first, last = {"above": (0, 0), "below": (1, 1), "in place of": (0, 1)}[place["way"]]
    lines[at[0] + first : at[0] + last] = [textwrap.indent(step.code, depth)]
    path.write_text("".join(lines), "utf-8")
