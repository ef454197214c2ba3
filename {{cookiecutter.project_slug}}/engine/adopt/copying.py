"""The project's own copy of what was adopted: where it goes, and what must not be lost by it."""

import filecmp
import shutil
from pathlib import Path

from engine.adopt import generated
from engine.data.paths import is_file, is_query
from engine.problem.errors import BadInput
from engine.problem.files import atomic_path
from engine.problem.spec import PROBLEM_FILE

CONTRACT_FILE = Path("data/contract.py")
RAW, QUERIES = Path("data/raw"), Path("data/queries")


def kept_as(source: str) -> str:
    """Where the project keeps its copy; sources that are no file stay as they are.

    Rows stay out of git. A query belongs in it: it is read in review like code.
    """
    if not is_file(source):
        return source
    return ((QUERIES if is_query(source) else RAW) / Path(source).name).as_posix()


def check_nothing_is_lost(source: str, kept: str) -> None:
    """Raise BadInput where a file that someone edited, or other rows, would be overwritten."""
    edited = [str(path) for path in (PROBLEM_FILE, CONTRACT_FILE) if generated.is_edited(path)]
    if edited:
        raise BadInput(
            f"{' and '.join(edited)} {'was' if len(edited) == 1 else 'were'} edited and would be "
            "lost; keep them in git first, then add --force",
            code="edited-file",
        )
    old, new = Path(kept), Path(source)
    if old.is_file() and new.is_file() and not filecmp.cmp(old, new, shallow=False):
        raise BadInput(
            f"{kept} is there already and holds other rows than {source}; rename the new file to "
            "keep both, or add --force to replace the old one",
            code="file-exists",
        )


def keep(source: str, kept: str) -> None:
    """Copy the file to where the project keeps it, as a whole or not at all."""
    if source == kept or Path(source).resolve() == Path(kept).resolve():
        return
    with atomic_path(Path(kept)) as draft:
        shutil.copyfile(source, draft)
