"""Files that a command wrote carry a seal, by which the next one knows whether someone edited."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

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
    """Write each text to its path: all of them are written before the first takes its place."""
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, draft in drafts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(texts[path], encoding="utf-8", newline="\n")
        for path, draft in drafts.items():
            draft.replace(path)
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
