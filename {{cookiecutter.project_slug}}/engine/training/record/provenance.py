"""Which code trained a model: the commit, or a snapshot where the work is not committed."""

import hashlib
import os
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

from engine import version

# Data, build output and notes are not code. An engine that is installed as a wheel is not among the
# files: the bundle's manifest records its hash. The engine's folder is, with every file that this
# hash counts, so a snapshot of it has the same hash.
SUFFIXES = {".py", ".toml", ".txt", ".html", ".css"}
NOT_CODE = {"build", "logs", "bundles", "mlartifacts", "raw", "records"}
# The first time that a zip can hold; one fixed time makes equal files equal archives.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Provenance:
    """`commit` is None before the first one; `snapshot` is the digest of all code files."""

    commit: str | None
    dirty: bool
    snapshot: str


def provenance(root: Path = Path()) -> Provenance:
    """The commit that is checked out, whether the work tree differs, and the snapshot's digest."""
    # A commit counts only where it holds this project: a folder that another repository ignores
    # sees that repository's commit and has none of its own.
    tracked = _git(root, "ls-files", "problem/problem.toml")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD") if tracked else None
    # An uncommitted verdict or signature makes no tree dirty.
    paths = (".", ":(exclude)handoff/records")
    changes = _git(root, "status", "--porcelain", "--untracked-files=all", *paths)
    sha = hashlib.sha256()
    for path in code_files(root):
        sha.update(f"{path.relative_to(root).as_posix()}\0".encode())
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    # None, where git failed, does not mean that nothing has changed.
    return Provenance(commit or None, changes != "" or not commit, sha.hexdigest())


def at_commit(commit: str, path: Path, root: Path = Path()) -> str | None:
    """The text of a file of the project as it was committed; None if git does not know."""
    return _git(root, "show", "--end-of-options", f"{commit}:./{path.as_posix()}", strip=False)


def code_files(root: Path) -> list[Path]:
    """Every code file of the project, in a fixed order."""
    paths = []
    for folder, below, names in os.walk(root):
        code = [name for name in below if not name.startswith(".") and name not in NOT_CODE]
        # Pruned in place: an environment's thousands of files are not visited.
        below[:] = [name for name in code if not Path(folder, name, "pyvenv.cfg").exists()]
        files = [Path(folder, name) for name in names]
        paths += [one for one in files if one.suffix in SUFFIXES or one.name == version.VERSION]
    return sorted(path for path in paths if path.is_file())


def write_snapshot(path: Path, root: Path = Path()) -> None:
    """All code files as a zip that is the same for the same files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in code_files(root):
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def _git(root: Path, *arguments: str, strip: bool = True) -> str | None:
    """The output of git, or None where it fails, is not installed or does not end."""
    try:
        command = ["git", *arguments]
        result = subprocess.run(
            command, cwd=root, capture_output=True, encoding="utf-8", check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return result.stdout.strip() if strip else result.stdout
