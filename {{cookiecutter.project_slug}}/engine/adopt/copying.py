"""The files that adoption writes, with the project's own copy of the source among them."""

import filecmp
import hashlib
import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from engine.data.paths import is_file, is_query
from engine.problem.errors import BadInput
from engine.problem.files import atomic_path
from engine.problem.spec import PROBLEM_FILE

CONTRACT_FILE = Path("data/contract.py")
RAW, QUERIES = Path("data/raw"), Path("data/queries")
# Files that a command wrote end with a checksum, which shows whether someone edited them.
MARK = "# as generated: "


def copy_path(source: str) -> str:
    """Where the project keeps its copy; sources that are no file stay as they are.

    Rows stay out of git. A query belongs in it: it is read in review like code.
    """
    if not is_file(source):
        return source
    return ((QUERIES if is_query(source) else RAW) / Path(source).name).as_posix()


def check_nothing_is_lost(source: str, copy: str) -> None:
    """Raise BadInput where a file that someone edited, or other rows, would be overwritten."""
    edited = [str(path) for path in (PROBLEM_FILE, CONTRACT_FILE) if is_edited(path)]
    if edited:
        message = f"edited, and would be lost: {' and '.join(edited)}; keep them in git, then add "
        raise BadInput(f"{message}--force", code="edited-file")
    old, new = Path(copy), Path(source)
    if old.is_file() and new.is_file() and not filecmp.cmp(old, new, shallow=False):
        message = f"{copy} exists and holds other rows than {source}; rename the new file to keep "
        raise BadInput(f"{message}both, or add --force to replace the old one", code="file-exists")


def write(source: str, copy: str, problem: str, contract: str) -> None:
    """Copy the source and write both files with a checksum; every draft before it replaces."""
    with ExitStack() as stack:
        for path, text in ((PROBLEM_FILE, problem), (CONTRACT_FILE, contract)):
            draft = stack.enter_context(atomic_path(path))
            draft.write_text(f"{text}{MARK}{_checksum(text)}\n", encoding="utf-8", newline="\n")
        if source != copy and Path(source).resolve() != Path(copy).resolve():
            shutil.copyfile(source, stack.enter_context(atomic_path(Path(copy))))


def is_edited(path: Path) -> bool:
    """Whether there is a file at `path` that `write` did not write as it is.

    Line ends do not count: git may have changed them on checkout.
    """
    if not path.is_file():
        return os.path.lexists(path)  # a folder, a pipe or a broken link: not ours to replace
    # An editor's byte-order mark or another encoding is an edit, not an accident to stop at.
    text, mark, checksum = path.read_text("utf-8", errors="replace").rpartition(MARK)
    return not mark or checksum.rstrip("\n") != _checksum(text)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
