"""Files that a command wrote carry a seal, by which the next one knows whether someone edited."""

import hashlib
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from engine.problem.files import atomic_path

MARK = "# as generated: "


def seal(text: str) -> str:
    """`text` with a last line that holds its digest."""
    return f"{text}{MARK}{_digest(text)}\n"


def is_edited(path: Path) -> bool:
    """Is there a file at `path` whose seal is broken or absent: one that a person made theirs?

    Line ends do not count: git may have changed them on checkout.
    """
    if not path.is_file():
        return os.path.lexists(path)  # a folder, a pipe or a broken link: not ours to replace
    # An editor's byte-order mark or another encoding is an edit, not an accident to stop at.
    text, mark, digest = path.read_text("utf-8", errors="replace").rpartition(MARK)
    return not mark or digest.rstrip("\n") != _digest(text)


def replace(texts: Mapping[Path, str]) -> None:
    """Write each text to its path; all drafts are written before the first replaces a file."""
    with ExitStack() as stack:
        for path, text in texts.items():
            draft = stack.enter_context(atomic_path(path))
            draft.write_text(text, encoding="utf-8", newline="\n")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
