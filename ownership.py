"""Write what follows from ownership.toml into the files of the template: `make ownership`.

Each file holds one section between two marker lines; the rest of the file is written by hand.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parent
PROJECT = ROOT / "{{cookiecutter.project_slug}}"

Kind = Literal["team", "shared", "engine"]
KINDS: tuple[Kind, ...] = ("team", "shared", "engine")
TEAMS = {
    "data science": "{{ cookiecutter.data_science_team }}",
    "ML engineering": "{{ cookiecutter.ml_engineering_team }}",
    "both": "{{ cookiecutter.__both_teams }}",
}
SECTION = re.compile(r"(?<=ownership: begin)(?P<close>[^\n]*\n).*?(?=[^\n]*ownership: end)", re.S)


@dataclass(frozen=True)
class Entry:
    """A path of a generated project: who decides its content and which role approves a change."""

    path: str
    kind: Kind
    owner: str
    holds: str

    def matches(self, name: str) -> bool:
        """Tell whether the file `name` is this path or lies in this folder."""
        return name == self.path or (self.path.endswith("/") and name.startswith(self.path))


@dataclass(frozen=True)
class Ownership:
    """The whole list, and the finer approvals that only CODEOWNERS needs."""

    entries: tuple[Entry, ...]
    approvals: dict[str, str]

    def of(self, name: str) -> Entry | None:
        """Return the longest entry that matches the file `name`, if any does."""
        return max(
            (entry for entry in self.entries if entry.matches(name)),
            key=lambda entry: len(entry.path),
            default=None,
        )

    def paths(self, kind: Kind) -> list[str]:
        """Return the paths of one kind in their order, folders without their slash."""
        return [entry.path.rstrip("/") for entry in self.entries if entry.kind == kind]


def read(text: str) -> Ownership:
    """Parse ownership.toml, whose text is given.

    Raises:
        KeyError: a table, or an entry's `owner` or `holds`, is missing.
    """
    tables = tomllib.loads(text)
    entries = [
        Entry(path, kind, entry["owner"], entry["holds"])
        for kind in KINDS
        for path, entry in tables[kind].items()
    ]
    return Ownership(tuple(entries), tables["approval"])


def codeowners(ownership: Ownership) -> str:
    """Return a line for each path; the longer come later, because the last match decides."""
    owners = {entry.path: entry.owner for entry in ownership.entries} | ownership.approvals
    lines = [("*", "both"), *((f"/{path}", owners[path]) for path in sorted(owners))]
    return "".join(f"{path:<39} {TEAMS[owner]}\n" for path, owner in lines)


def skip(ownership: Ownership) -> str:
    """Return the table of pyproject.toml that keeps `cruft update` off a team's paths."""
    paths = "".join(f'    "{path}",\n' for path in ownership.paths("team"))
    return f"[tool.cruft]\nskip = [\n{paths}]\n"


def table(ownership: Ownership) -> str:
    """Return the table for people, in Markdown."""
    rows = [
        f"| `{entry.path}` | {entry.kind} | {entry.owner} | {entry.holds} |\n"
        for entry in ownership.entries
    ]
    return "\n| path | whose | who approves | what it holds |\n| --- | --- | --- | --- |\n" + (
        "".join(rows) + "\n"
    )


def restore(ownership: Ownership) -> str:
    """Return the command that keeps a merge off a team's paths, in Markdown."""
    paths = "".join(f" \\\n  {path}" for path in ownership.paths("team"))
    return f"```bash\ngit restore --source=HEAD --staged --worktree --{paths}\n```\n"


def written(ownership: Ownership) -> dict[Path, str]:
    """Return each file that holds a section, with the text that it should have.

    Raises:
        ValueError: a file does not have the sections that are written into it.
    """
    sections = {
        ".github/CODEOWNERS": [codeowners(ownership)],
        "pyproject.toml": [skip(ownership)],
        "TEMPLATE.md": [table(ownership), restore(ownership)],
    }
    return {PROJECT / name: _filled(PROJECT / name, bodies) for name, bodies in sections.items()}


def _filled(file: Path, bodies: Sequence[str]) -> str:
    text, body = file.read_text("utf-8"), iter(bodies)
    if len(SECTION.findall(text)) != len(bodies):
        raise ValueError(f"{file} needs {len(bodies)} pair(s) of 'ownership: begin' and 'end'.")

    def fill(old: re.Match[str]) -> str:
        return old["close"] + next(body)

    return SECTION.sub(fill, text)


if __name__ == "__main__":
    for file, text in written(read((ROOT / "ownership.toml").read_text("utf-8"))).items():
        file.write_text(text, "utf-8")
