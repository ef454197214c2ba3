"""Files that a command wrote end with a checksum, which shows whether someone edited them."""

import hashlib
import os
from pathlib import Path

MARK = "# as generated: "


def with_checksum(text: str) -> str:
    """`text` with a last line that holds its checksum."""
    return f"{text}{MARK}{_checksum(text)}\n"


def is_edited(path: Path) -> bool:
    """Whether there is a file at `path` that `with_checksum` did not write as it is.

    Line ends do not count: git may have changed them on checkout.
    """
    if not path.is_file():
        return os.path.lexists(path)  # a folder, a pipe or a broken link: not ours to replace
    # An editor's byte-order mark or another encoding is an edit, not an accident to stop at.
    text, mark, checksum = path.read_text("utf-8", errors="replace").rpartition(MARK)
    return not mark or checksum.rstrip("\n") != _checksum(text)


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
