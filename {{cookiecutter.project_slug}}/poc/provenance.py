"""Which code made a model: the commit, or a snapshot where the work is not committed."""

import hashlib
import subprocess
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

# What makes the model and judges it; data, build output and notes are not code.
SUFFIXES = {".py", ".toml", ".txt", ".html"}
NOT_CODE = {"build", "logs", "bundles", "mlartifacts", "raw", "records"}
# A zip's clock starts here; one fixed moment makes equal files equal archives.
EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Provenance:
    """`commit` is None before the first one; `snapshot` is the digest of all code files."""

    commit: str | None
    dirty: bool
    snapshot: str

    def to_json(self) -> dict[str, Any]:
        """The provenance as it stands in manifest.json."""
        return asdict(self)


def provenance(root: Path = Path()) -> Provenance:
    """The commit that is checked out, whether the work tree differs, and the snapshot's digest."""
    commit = _git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    # Only this project's files: it may live in a folder of a larger repository.
    changes = _git(root, "status", "--porcelain", "--untracked-files=all", ".")
    sha = hashlib.sha256()
    for path in code_files(root):
        sha.update(f"{path.relative_to(root).as_posix()}\0".encode())
        sha.update(hashlib.sha256(path.read_bytes()).digest())
    return Provenance(commit or None, bool(changes) or not commit, sha.hexdigest())


def code_files(root: Path) -> list[Path]:
    """Every code file of the project, in a fixed order."""
    return sorted(
        path
        for path in root.rglob("*")
        if path.suffix in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") or part in NOT_CODE for part in path.relative_to(root).parts)
    )


def write_snapshot(path: Path, root: Path = Path()) -> None:
    """All code files as a zip that is the same for the same files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in code_files(root):
            entry = zipfile.ZipInfo(file.relative_to(root).as_posix(), EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, capture_output=True, text=True, check=False, timeout=30
        )  # fmt: skip
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
