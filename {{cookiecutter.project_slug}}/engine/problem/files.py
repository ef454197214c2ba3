"""Reads the files that people write, writes files atomically, and finds the project's folders.

Whatever is wrong with a file that is read becomes `BadInput`.
"""

import json
import os
import stat
import tomllib
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.problem.errors import BadInput

# These files are written by people or are small records; a larger one was given by mistake.
LARGEST = 32 * 1024 * 1024
# Deeper values exhaust the stack of the code that walks them; no file of the project needs ten.
DEEPEST = 50
MARK = "\ufeff"
STAGES = ("problem", "data", "eda", "poc", "handoff", "serving", "monitoring")
ENGINE_HOME = Path(__file__).resolve().parents[2]


class MissingFile(BadInput):
    """There is no such file, which some callers expect."""


def read_bytes(path: Path, expected: str, then: str, largest: int = LARGEST) -> bytes:
    """The content of a file; messages have what it should hold (`expected`) and what to do `then`.

    MissingFile: there is no such file. BadInput: it is no regular file (a pipe would block), larger
    than `largest` bytes, or unreadable.
    """
    wanted = f"expected {expected} in {path}"
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "something that is no file"
            raise BadInput(f"{wanted}, found {kind}; {then}", code="not-a-file")
        if status.st_size > largest:
            size = f"{status.st_size:,} bytes, more than {largest:,}"
            raise BadInput(f"{wanted}, found {size}; {then}", code="file-too-large")
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise MissingFile(f"{wanted}, found no such file; {then}", code="missing-file") from None
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or error
        message = f"{wanted}, which cannot be read: {reason}; {then}"
        raise BadInput(message, code="unreadable-file") from None


def read_text(path: Path, expected: str, then: str) -> str:
    """The text of a UTF-8 file without byte-order mark, `\\n` as line ends; see `read_bytes`."""
    fault = "zero bytes"  # of UTF-16 without a mark, or of no text at all
    try:
        text = read_bytes(path, expected, then).decode("utf-8")
    except UnicodeDecodeError as error:
        fault, text = f"byte {error.object[error.start]:#04x} at position {error.start}", "\0"
    if "\0" in text:
        message = f"expected {expected} in {path} as UTF-8 text, found {fault}; save it as UTF-8, "
        raise BadInput(f"{message}or {then}", code="not-utf-8")
    return text.removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")


def read_toml(path: Path, expected: str, then: str) -> dict[str, Any]:
    """The table in a TOML file; see `read_text` and `parse_toml`."""
    return parse_toml(read_text(path, expected, then), str(path), then)


def parse_toml(text: str, where: str, then: str) -> dict[str, Any]:
    """The table of a TOML text; BadInput, which names `where`, if it is invalid or too deep."""
    return _parse("TOML", text, where, then)


def read_json(path: Path, expected: str, then: str) -> dict[str, Any]:
    """The object in a JSON file; BadInput as from `read_text`, or if it is invalid or too deep."""
    return _parse("JSON", read_text(path, expected, then), str(path), then)


def _parse(kind: str, text: str, where: str, then: str) -> dict[str, Any]:
    try:
        values: dict[str, Any] = json.loads(text) if kind == "JSON" else tomllib.loads(text)
        if not isinstance(values, dict):
            raise ValueError(f"a {type(values).__name__} instead of an object")
        if not _is_too_deep(values):
            return values
    except RecursionError:
        pass
    except ValueError as error:  # also of a number with thousands of digits
        message = f"{where} is not valid {kind}: {error!s:.300}; {then}"
        raise BadInput(message, code=f"not-{kind.lower()}") from None
    message = f"{where} is nested more than {DEEPEST} levels deep; {then}"
    raise BadInput(message, code="nested-too-deeply")


def _is_too_deep(value: Any, levels: int = DEEPEST) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_too_deep(child, levels - 1) for child in children)


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
    with atomic_path(path) as draft:
        draft.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
    return path


def sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, durable; OSError if it cannot."""
    is_folder = path.is_dir()
    if is_folder and os.name != "posix":  # Windows cannot open folders and does not need this
        return
    opened = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def toml(value: str | bool | int | float) -> str:
    """`value` in TOML; a text becomes a basic string, which may also stand as a quoted key.

    JSON's strings are valid TOML without surrogate pairs, and with DEL escaped.
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def stages_home() -> Path:
    """The folder of the stage folders; RuntimeError if they are not on the path of Python."""
    spec = find_spec("handoff")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("no stage folders on Python's path: run in the project's folder")
    return Path(next(iter(spec.submodule_search_locations))).resolve().parent


def child_environment() -> dict[str, str]:
    """The environment of a process that runs a stage's command in `stages_home()`."""
    paths = [str(ENGINE_HOME), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


def location_of(error: BaseException) -> str:
    """The line of a stage folder that raised an error, `poc/features.py line 30`; '' if none."""
    home, location = stages_home(), ""
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(home) and path.relative_to(home).parts[0] in STAGES:
            location = f"{path.relative_to(home).as_posix()} line {frame.lineno}"
    return location
