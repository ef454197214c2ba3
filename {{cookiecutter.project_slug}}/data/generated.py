"""Files that a command wrote carry a seal, so that the next one knows whether a person has edited."""

import hashlib
import os
from pathlib import Path

MARK = "# as generated: "


def seal(text: str) -> str:
    """`text` with a last line that holds its digest."""
    return f"{text}{MARK}{_digest(text)}\n"


def is_edited(path: Path) -> bool:
    """Is there a file at `path` whose seal is broken or absent: one that a person made theirs?"""
    if not path.exists():
        return False
    text, mark, digest = path.read_text(encoding="utf-8").rpartition(MARK)
    return not mark or digest.strip() != _digest(text)


def replace(path: Path, text: str) -> None:
    """Write `text` to `path` as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8", newline="\n")
    draft.replace(path)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
