"""Reads the files that people write, and writes files atomically.

Whatever is wrong with a file that is read becomes `BadInput`.
"""

import json
import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput

# These files are written by people or are small records; a larger one was given by mistake.
LARGEST = 32 * 1024 * 1024
# Deeper values exhaust the stack of whatever walks them; no file of the project needs ten levels.
DEEPEST = 50
MARK = "\ufeff"


class MissingFile(BadInput):
    """There is no such file, which some callers expect."""


def read_bytes(path: Path, expected: str, then: str, largest: int = LARGEST) -> bytes:
    """The content of a file.

    Args:
        path: the file.
        expected: what the file should hold, for the message.
        then: the next step, for the message.
        largest: the most bytes it may hold.

    Raises:
        MissingFile: nothing is there.
        BadInput: it is no regular file (a pipe would wait for ever), too large or unreadable.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            kind = "a folder" if stat.S_ISDIR(found.st_mode) else "something that is no file"
            raise BadInput(f"expected {expected} in {path}, found {kind}; {then}")
        if found.st_size > largest:
            raise BadInput(
                f"expected {expected} in {path}, found {found.st_size:,} bytes, more than "
                f"{largest:,}; {then}"
            )
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFile(f"expected {expected} in {path}, found no such file; {then}") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        why = getattr(error, "strerror", None) or error
        raise BadInput(
            f"expected {expected} in {path}, which cannot be read: {why}; {then}"
        ) from None


def read_text(path: Path, expected: str, then: str) -> str:
    """The text of a UTF-8 file, without the byte-order mark that some editors add.

    Line ends become single line feeds. See `read_bytes` for the arguments.

    Raises:
        MissingFile: nothing is there.
        BadInput: as `read_bytes`, or it is no UTF-8 text.
    """
    try:
        text = read_bytes(path, expected, then).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(
            f"expected {expected} in {path} as UTF-8 text, found byte "
            f"{error.object[error.start]:#04x} at position {error.start}; save it as UTF-8, or "
            f"{then}"
        ) from None
    if "\0" in text:  # UTF-16 without a mark, or no text at all
        raise BadInput(
            f"expected {expected} in {path} as UTF-8 text, found zero bytes; save it as UTF-8, or "
            f"{then}"
        )
    return text.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")


def read_toml(path: Path, expected: str, then: str) -> dict[str, Any]:
    """The table in a TOML file; see `read_text` for the arguments.

    Raises:
        MissingFile: nothing is there.
        BadInput: it cannot be read, is not valid TOML or is nested too deeply.
    """
    return parse_toml(read_text(path, expected, then), str(path), then)


def parse_toml(text: str, where: str, then: str) -> dict[str, Any]:
    """The table that a TOML text holds; `where` names its file in messages.

    Raises:
        BadInput: it is not valid TOML or is nested too deeply.
    """
    try:
        values = tomllib.loads(text)
    except RecursionError:
        raise _too_deep(where, then) from None
    except ValueError as error:  # also of a number with thousands of digits
        raise BadInput(f"{where} is not valid TOML: {error!s:.300}; {then}") from None
    _check_depth(values, where, then)
    return values


def read_json(path: Path, expected: str, then: str) -> dict[str, Any]:
    """The object in a JSON file; see `read_text` for the arguments.

    Raises:
        MissingFile: nothing is there.
        BadInput: it cannot be read, is not valid JSON, no object or nested too deeply.
    """
    text = read_text(path, expected, then)
    try:
        values = json.loads(text)
    except RecursionError:
        raise _too_deep(str(path), then) from None
    except ValueError as error:
        raise BadInput(f"expected {expected} in {path} as JSON: {error!s:.300}; {then}") from None
    if not isinstance(values, dict):
        kind = type(values).__name__
        raise BadInput(f"expected {expected} in {path} as a JSON object, found {kind}; {then}")
    _check_depth(values, str(path), then)
    return values


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which replaces `path` when the block ends without an error.

    Missing folders are created. After an error the temporary file is removed and `path` is as it
    was. The process number in the name keeps two processes from writing the same temporary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes | str) -> Path:
    """Write a file whole or not at all, and return its path; a text as UTF-8, line feeds kept."""
    content = data.encode("utf-8") if isinstance(data, str) else data
    with atomic_path(path) as draft:
        draft.write_bytes(content)
    return path


def _check_depth(values: Any, where: str, then: str) -> None:
    """Level by level, as a function that calls itself would meet the limit that is checked for."""
    level = [values]
    for _ in range(DEEPEST):
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [value for some in inside for value in some if isinstance(value, dict | list)]
        if not level:
            return
    raise _too_deep(where, then)


def _too_deep(where: str, then: str) -> BadInput:
    return BadInput(f"{where} is nested more than {DEEPEST} levels deep; {then}")
