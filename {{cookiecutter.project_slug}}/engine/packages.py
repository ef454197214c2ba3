"""Pins the packages of pyproject.toml's groups with hashes, and adds a package to a group.

uv resolves in a copy of the project's files, so a failure changes nothing. Versions that are pinned
stay pinned, unless one asks for the newest. The pins name no package index.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.problem.errors import BadInput
from engine.problem.files import parse_toml, write_atomically

PYPROJECT, PINS = "pyproject.toml", "requirements"
# It includes the others, so they take its versions.
LARGEST = "dev"
COMPILE = (
    *("pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--generate-hashes", "--custom-compile-command", "make lock"),
)
PIN = re.compile(r"^([\w.-]+)==([^\s;\\]+)", re.M)
NAME = r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?"
# Without a marker, and without an address, which would name a host.
REQUIREMENT = re.compile(
    rf"(?P<name>{NAME})(?:\[[\w., -]+\])?(?P<bounds>\s*[<>=!~][\w.,*+<>=!~ ]*)?"
)

# Versions by the group that pins them and the package's name; of two systems there may be two.
AND = " and "
Pins = dict[tuple[str, str], str]


def lock(uv: str, *, upgrade: bool = False) -> list[str]:
    """Pin what pyproject.toml asks for, and return a line for each pin that is new or another.

    BadInput if no versions fit together, or uv is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        before = _pins(copy)
        _compile(copy, uv, upgrade=upgrade)
        _publish(copy)
        return _changes(before, _pins(copy))


def add(requirement: str, group: str, uv: str) -> list[str]:
    """Write a requirement into a group of pyproject.toml, pin it, and return the new pins.

    Without bounds in `requirement` it gets the resolved version as the least. BadInput if it stands
    in a group already, fits no version, or needs another version of a package that is pinned.
    """
    parsed = REQUIREMENT.fullmatch(requirement.strip())
    if parsed is None:
        message = f"expected a package such as lightgbm or 'lightgbm>=4.6', got {requirement!r}; "
        raise BadInput(f"{message}give its name and perhaps bounds", code="not-a-requirement")
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder))
        before, text = _pins(copy), (copy / PYPROJECT).read_text("utf-8")
        _refuse_twice(text, parsed["name"], group)
        wanted = parsed[0]
        (copy / PYPROJECT).write_text(_inserted(text, wanted, group), "utf-8")
        _compile(copy, uv)
        after = _pins(copy)
        moved = {key: one for key, one in before.items() if after.get(key) != one}
        if moved:
            (_, name), version = next(iter(moved.items()))
            message = f"{wanted} does not fit {name} {version}, which is pinned. Choose another "
            message += f"version of it, or change {name} first: a bound in {PYPROJECT}, `make lock`"
            raise BadInput(message, code="pin-would-move")
        if not parsed["bounds"]:
            least = _least(after[group, _canonical(parsed["name"])])
            bounded = _inserted(text, f"{wanted}>={least}", group)
            (copy / PYPROJECT).write_text(bounded, "utf-8")
        _publish(copy)
        return _changes(before, after)


def _copied(folder: Path) -> Path:
    """`folder` with the files that uv reads and writes."""
    if not Path(PYPROJECT).is_file():
        message = f"expected {PYPROJECT} in {Path.cwd()}; run this in the project's folder"
        raise BadInput(message, code="no-pyproject")
    for name in (PYPROJECT, "uv.toml"):
        if Path(name).is_file():
            shutil.copyfile(name, folder / name)
    (folder / PINS).mkdir()
    for path in Path(PINS).glob("*.txt"):
        shutil.copyfile(path, folder / PINS / path.name)
    return folder


def _publish(copy: Path) -> None:
    """Replace the project's files by those of the copy that differ."""
    for path in (*(copy / PINS).iterdir(), copy / PYPROJECT):
        target, text = path.relative_to(copy), path.read_text("utf-8")
        if not target.is_file() or target.read_text("utf-8") != text:
            write_atomically(target, text)


def _groups(text: str) -> dict[str, list[object]]:
    groups = parse_toml(text, PYPROJECT, "restore it from git").get("dependency-groups")
    if not isinstance(groups, dict):
        message = f"expected a table [dependency-groups] in {PYPROJECT}, found none; restore it"
        raise BadInput(f"{message} from git", code="no-groups")
    return groups


def _compile(copy: Path, uv: str, *, upgrade: bool = False) -> None:
    """Write a file of pins for each group."""
    program = shutil.which(uv)
    if program is None:
        message = f"expected the program uv, found none at {uv}; run `make env`, which installs it"
        raise BadInput(message, code="no-uv")
    groups = list(_groups((copy / PYPROJECT).read_text("utf-8")))
    for group in sorted(groups, key=lambda one: one != LARGEST):
        words = [str(Path(program).absolute()), *COMPILE, *(["--upgrade"] if upgrade else [])]
        if LARGEST in groups and group != LARGEST:
            words += ["--constraint", f"{PINS}/{LARGEST}.txt"]
        words += ["--group", group, "--output-file", f"{PINS}/{group}.txt"]
        done = subprocess.run(words, cwd=copy, capture_output=True, text=True, check=False)
        if done.returncode:
            message = f"uv finds no versions for the group '{group}'. Change the requirement, or "
            message += f"check that this machine reaches its package index:\n{done.stderr.strip()}"
            raise BadInput(message, code="not-resolved")


def _pins(copy: Path) -> Pins:
    pins: Pins = {}
    for path in sorted((copy / PINS).glob("*.txt")):
        for name, version in PIN.findall(path.read_text("utf-8")):
            key = path.stem, _canonical(name)
            pins[key] = f"{pins[key]}{AND}{version}" if key in pins else version
    return pins


def _changes(before: Pins, after: Pins) -> list[str]:
    """A line for each package whose version is new, another or gone."""
    lines: dict[str, None] = {}
    for key in sorted(before | after, key=lambda key: key[1]):
        old, new = before.get(key), after.get(key)
        if old != new:
            lines[f"{key[1]} {old or 'new'} → {new or 'removed'}"] = None
    return list(lines)


def _least(version: str) -> str:
    """The bound that a pinned version meets: its major and minor; all of a pre-release."""
    public = version.split(AND, maxsplit=1)[0].partition("+")[0]
    return ".".join(public.split(".")[:2]) if re.fullmatch(r"[\d.]+", public) else public


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(entries: list[object]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str) and (name := re.match(NAME, entry)):
            yield _canonical(name[0])


def _refuse_twice(text: str, name: str, group: str) -> None:
    groups = _groups(text)
    if group not in groups:
        message = f"expected one of the groups {', '.join(groups)} in {PYPROJECT}, got '{group}'; "
        raise BadInput(f"{message}name one of them", code="unknown-group")
    for other, entries in groups.items():
        if _canonical(name) in _names(entries):
            message = f"{name} is in the group '{other}' of {PYPROJECT} already. Change its line "
            raise BadInput(f"{message}there, then run `make lock`", code="package-there")


def _inserted(text: str, requirement: str, group: str) -> str:
    """pyproject.toml with one more requirement in a group, before the first that sorts after it."""
    before, after = _groups(text)[group], ""
    block = re.search(rf"^{re.escape(group)} = \[\n(.*?)^\]", text, re.M | re.S)
    if block:
        lines = block[1].splitlines(keepends=True)
        own = [i for i, line in enumerate(lines) if line.startswith('    "')]
        later = (i for i in own if lines[i].strip(' "').lower() > requirement.lower())
        lines.insert(next(later, len(lines)), f'    "{requirement}",\n')
        after = text[: block.start(1)] + "".join(lines) + text[block.end(1) :]
    # Whatever the team made of the file: the result is read again before it is used.
    if not after or sorted(map(str, _groups(after)[group])) != sorted(
        map(str, [*before, requirement])
    ):
        message = f"expected the group '{group}' in {PYPROJECT} as a list with one requirement a "
        message += f'line; add "{requirement}" by hand, then run `make lock`'
        raise BadInput(message, code="unreadable-group")
    return after
