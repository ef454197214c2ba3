"""The kinds of values that commands and environment variables take, each checked where it is read.

Each kind is a `type` of argparse: a bad value is a usage error before anything slow starts. A bare
`str`, `int`, `float` or `Path` would fail later, in a library. No message repeats a secret key.
"""

import os
import re
import stat
import unicodedata
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from engine.problem.errors import BadInput
from engine.problem.files import MARK, read_text

# Other times are mistakes, and overflow when a delay is subtracted or a zone is applied.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
SHOWN = 80

Value = TypeVar("Value")


def text(word: str) -> str:
    """Any UTF-8 text that is not blank and has no control characters."""
    if not word.strip():
        raise ArgumentTypeError("expected a text, got a blank one")
    # Python keeps the bytes of a word that are not UTF-8 as surrogates, which cannot be printed.
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in word):
        raise _wrong("UTF-8 text without control characters", word)
    return word


def path(word: str) -> Path:
    """A path that the disk can hold, whether it exists or not."""
    return _path_and_mode(word)[0]


def output_file(word: str) -> Path:
    """The path of a file that can be written: a regular one, or a new one."""
    return _output(word, "a file to write", stat.S_ISREG)


def output_folder(word: str) -> Path:
    """The path of a folder to write into, which need not exist."""
    return _output(word, "a folder to write into", stat.S_ISDIR)


def host(word: str) -> str:
    """The name or the address of a network interface."""
    try:
        text(word).encode("idna")
    except UnicodeError:
        raise _wrong("a host such as 127.0.0.1", word) from None
    return word


def timestamp(word: str) -> datetime:
    """A time of ISO 8601 between 1970 and 2200 with its offset; UTC where none is given."""
    with suppress(ValueError, OverflowError):
        time = datetime.fromisoformat(word)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        if EARLIEST <= time < LATEST:
            return time
    raise _wrong("a time from 1970 to 2199 such as 2026-11-23 or 2026-11-23T08:00+01:00", word)


def whole(least: int, most: int) -> Callable[[str], int]:
    """A kind: whole numbers from `least` to `most`."""

    def whole(word: str) -> int:
        if re.fullmatch(r"\s*-?[0-9]{1,18}\s*", word) and least <= int(word) <= most:
            return int(word)
        raise _wrong(f"a whole number from {least:,} to {most:,}", word)

    return whole


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A kind: seconds from `least` to `most`."""

    def seconds(word: str) -> float:
        with suppress(ValueError):
            if least <= (number := float(word)) <= most:  # false for NaN
                return number
        raise _wrong(f"seconds from {least:g} to {most:,.0f}", word)

    return seconds


port = whole(0, 65535)


def variable(
    name: str, kind: Callable[[str], Value], environment: Mapping[str, str] = os.environ
) -> Value | None:
    """The value of an environment variable, None if unset or empty; BadInput if invalid."""
    word = environment.get(name, "").removeprefix(MARK)
    if not word:
        return None
    try:
        return kind(word)
    except ArgumentTypeError as error:
        message = f"environment variable {name}: {error}; change it, or unset it"
        raise BadInput(message, code="invalid-variable") from None


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text of a variable, which no message repeats; BadInput if it is not UTF-8."""
    word = environment.get(name, "").removeprefix(MARK)
    try:
        word.encode()
    except UnicodeEncodeError:
        message = f"expected UTF-8 text in environment variable {name}; change it"
        raise BadInput(message, code="invalid-variable") from None
    return word


def key_file(variable: str, environment: Mapping[str, str]) -> Path | None:
    """The path in a variable that names a file of keys, None if unset; BadInput if it is empty."""
    path = environment.get(variable)
    if path is not None and not path.strip():
        message = f"environment variable {variable} is empty; name a file in it, or unset it"
        raise BadInput(message, code="empty-variable")
    return None if path is None else Path(path)


def read_keys(path: Path, expected: str, variable: str, shortest: int) -> list[str]:
    """The keys in the file that `variable` names; see `parse_keys`."""
    text = read_text(path, expected, f"name another file in {variable}")
    return parse_keys(text, str(path), shortest)


def parse_keys(text: str, place: str, shortest: int) -> list[str]:
    """The keys in a text, separated by blanks, line ends or commas; BadInput if one is unusable."""
    expected = f"expected only keys of at least {shortest} characters in {place}"
    if re.search(r"^\s*#", text, re.MULTILINE):
        message = f"{expected}, found a line that begins with '#'; remove that line"
        raise BadInput(message, code="invalid-key")
    keys = [key for key in re.split(r"[ \t\r\n,]+", text) if key]
    for number, key in enumerate(keys, start=1):
        if fault := _fault(key, shortest):
            raise BadInput(f"{expected}, key {number} {fault}", code="invalid-key")
    return keys


def _fault(key: str, shortest: int) -> str | None:
    """What is wrong with a key and how to fix it."""
    if unusable := re.search(r"[^!-~]", key):
        sign = f"contains the character U+{ord(unusable[0]):04X}"
        return f"{sign}; use printable ASCII characters, such as `openssl rand -hex 32` prints"
    if re.search("[\"'`]", key):
        return "contains a quotation mark; write the key without quotation marks"
    if "=" in key.rstrip("="):  # Base64 pads with '=' at the end
        return "contains '=' before its end; write the value alone, without `NAME=`"
    if len(key) < shortest:
        return "is shorter; make one with `openssl rand -hex 32`"
    return None


def _path_and_mode(word: str) -> tuple[Path, int | None]:
    """A path, and the mode of what is there; None where nothing is."""
    try:
        target = Path(text(word))
        return target, target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return target, None
    except OSError as error:  # too long, or a loop of links
        raise ArgumentTypeError(f"{_shown(word)} cannot be a path: {error.strerror}") from None


def _output(word: str, expected: str, is_expected: Callable[[int], bool]) -> Path:
    """A path that can be written; missing folders above it can be created."""
    target, mode = _path_and_mode(word)
    if mode is not None and not is_expected(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a file or a device"
        raise ArgumentTypeError(f"expected {expected} at {_shown(word)}, found {kind}")
    if target.is_symlink() and not target.exists():
        raise ArgumentTypeError(f"{_shown(word)} is a link to nothing; give another path")
    above = next(folder for folder in target.absolute().parents if os.path.lexists(folder))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        fault = "one that you may not write" if above.is_dir() else "a file or a broken link"
        message = f"expected a folder to write into at {_shown(str(above))}, found {fault}"
        raise ArgumentTypeError(message)
    return target


def _wrong(expected: str, word: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"expected {expected}, got {_shown(word)}")


def _shown(word: str) -> str:
    return repr(word if len(word) <= SHOWN else f"{word[:SHOWN]}…")
