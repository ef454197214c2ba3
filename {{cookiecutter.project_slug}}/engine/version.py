"""The engine's version, the hashes of its files, and whether they are as released.

The template's hook runs this file by itself, and writes the manifest when it renders a project.
So this file imports the standard library alone.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Literal

HOME = Path(__file__).resolve().parent
VERSION, MANIFEST = "VERSION", "MANIFEST.json"
DISTRIBUTION = "ds-mle-engine"
# The stage folders as generated: they depend on the answers, the engine does not.
STARTER = "tests/starter/"
# What runs; it alone makes one engine another. Tests and READMEs do not.
RUNS = {".py", ".html", ".css", ".txt"}

State = Literal["as released", "edited", "installed as a wheel", "under development"]


class BadRelease(Exception):
    """Version or manifest cannot be read, so nothing is known about the files."""


@dataclass(frozen=True)
class Status:
    """What the engine is, and the files that were changed, added or removed since its release."""

    version: str
    state: State
    files: tuple[str, ...] = ()


def version(home: Path = HOME) -> str:
    """The engine's version, as it stands in VERSION; BadRelease if there is no such file."""
    try:
        return (home / VERSION).read_text("utf-8").strip()
    except FileNotFoundError:
        raise BadRelease(f"{home / VERSION} is missing. Restore it from git.") from None


def hashes(home: Path = HOME) -> dict[str, str]:
    """The SHA-256 of every file that git keeps, by its path from `home`; all but the starter.

    Line endings count as \\n: git may write others on Windows, and the file is the same.
    """
    result = {}
    for name in sorted(path.relative_to(home).as_posix() for path in home.rglob("*")):
        left_out = name == MANIFEST or name.startswith(STARTER)
        made = any(part.startswith((".", "__pycache__", "__marimo__")) for part in name.split("/"))
        if (home / name).is_file() and not left_out and not made:
            text = (home / name).read_bytes().replace(b"\r\n", b"\n")
            result[name] = hashlib.sha256(text).hexdigest()
    return result


def identity(home: Path = HOME) -> dict[str, str]:
    """`version` and `sha256` of the code that runs, as a bundle's manifest records them."""
    sha = hashlib.sha256()
    for name, digest in hashes(home).items():
        if name == VERSION or (Path(name).suffix in RUNS and not name.startswith("tests/")):
            sha.update(f"{name}\0{digest}\n".encode())
    return {"version": version(home), "sha256": sha.hexdigest()}


def write_manifest(home: Path = HOME) -> None:
    """Record the files as they are now as those of the release."""
    manifest = {"version": version(home), "files": hashes(home)}
    text = json.dumps(manifest, indent=1) + "\n"
    (home / MANIFEST).write_text(text, encoding="utf-8", newline="\n")


def installed() -> Path | None:
    """The engine's folder in the wheel that is installed; None if none is."""
    try:
        return Path(str(distribution(DISTRIBUTION).locate_file("engine"))).resolve()
    except PackageNotFoundError:
        return None


def status(home: Path = HOME) -> Status:
    """Compare the files with the manifest; BadRelease if it is damaged, or there is no version."""
    if home == installed():  # its pin has a hash, so no manifest is needed
        return Status(version(home), "installed as a wheel")
    if not (home / MANIFEST).is_file():
        return Status(version(home), "under development")
    now, manifest = hashes(home), home / MANIFEST
    try:
        released: dict[str, str] = dict(json.loads(manifest.read_text("utf-8"))["files"].items())
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"{manifest} cannot be read: {error!r}. Restore it from git or the template."
        raise BadRelease(message) from None
    files = sorted(name for name in now | released if now.get(name) != released.get(name))
    return Status(version(home), "edited" if files else "as released", tuple(files))
