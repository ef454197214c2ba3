"""The kinds of values that commands and environment variables take, each checked where it is read.

Each kind is a `type` of argparse, so a bad value is a usage error before anything slow starts. Use
no bare `str`, `int`, `float` or `Path`: they let through what fails later in a library.
"""

import os
import stat
import unicodedata
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from engine.problem.errors import BadInput
from engine.problem.files import MARK

# Times outside are mistakes, and overflow once a delay is subtracted or a zone is applied.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# What `int` reads: a longer number is a mistake, and Python refuses some thousand digits.
MOST_DIGITS = 18
SHOWN = 80

Value = TypeVar("Value")


def text(word: str) -> str:
    """Any text that is not blank.

    Raises:
        ArgumentTypeError: it is blank, or holds bytes that are not UTF-8 or control characters.
    """
    if not word.strip():
        raise ArgumentTypeError("expected a text, got a blank one")
    # Python keeps the bytes of a word that are not UTF-8 as surrogates, which nothing can print.
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in word):
        raise ArgumentTypeError(
            f"expected UTF-8 text without control characters, got {_shown(word)}"
        )
    return word


def path(word: str) -> Path:
    """A path, whether something is there or not; whoever reads it checks what it is.

    Raises:
        ArgumentTypeError: it is no text, or the disk cannot hold it: too long, a loop of links.
    """
    return _looked_up(word)[0]


def output_file(word: str) -> Path:
    """The path of a file that may be written: a regular one, or a new one in what is a folder.

    Raises:
        ArgumentTypeError: something else is there, or a file is where a folder is needed.
    """
    found, mode = _looked_up(word)
    if mode is not None and not stat.S_ISREG(mode):
        raise ArgumentTypeError(f"expected a file to write at {_shown(word)}, found {_kind(mode)}")
    _check_folders(found)
    return found


def output_folder(word: str) -> Path:
    """The path of a folder to write into, which need not be there yet.

    Raises:
        ArgumentTypeError: something else is there, or a file is where a folder is needed.
    """
    found, mode = _looked_up(word)
    if mode is not None and not stat.S_ISDIR(mode):
        raise ArgumentTypeError(
            f"expected a folder to write into at {_shown(word)}, found {_kind(mode)}"
        )
    _check_folders(found)
    return found


def host(word: str) -> str:
    """The name or the address of a network interface.

    Raises:
        ArgumentTypeError: no host can be called so.
    """
    try:
        text(word).encode("idna")
    except UnicodeError:
        raise ArgumentTypeError(f"expected a host such as 127.0.0.1, got {_shown(word)}") from None
    return word


def timestamp(word: str) -> datetime:
    """A time with its offset; UTC where none is given.

    Raises:
        ArgumentTypeError: it is no time of ISO 8601, or not between 1970 and 2200.
    """
    try:
        time = datetime.fromisoformat(word)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
        if EARLIEST <= time < LATEST:
            return time
    except (ValueError, OverflowError):
        pass
    raise ArgumentTypeError(
        "expected a time from 1970 to 2199 such as 2026-11-23 or 2026-11-23T08:00+01:00, got "
        f"{_shown(word)}"
    )


def whole(least: int, most: int) -> Callable[[str], int]:
    """A kind: whole numbers from `least` to `most`."""

    def whole(word: str) -> int:
        digits = word.strip().removeprefix("-")
        if digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS:
            number = int(word)
            if least <= number <= most:
                return number
        raise ArgumentTypeError(
            f"expected a whole number from {least:,} to {most:,}, got {_shown(word)}"
        )

    return whole


def seconds(least: float, most: float) -> Callable[[str], float]:
    """A kind: seconds from `least` to `most`."""

    def seconds(word: str) -> float:
        try:
            number = float(word)
        except ValueError:
            number = -1.0
        if least <= number <= most:  # never of a NaN
            return number
        raise ArgumentTypeError(
            f"expected seconds from {least:g} to {most:,.0f}, got {_shown(word)}"
        )

    return seconds


port = whole(0, 65535)


def variable(
    name: str, kind: Callable[[str], Value], environment: Mapping[str, str] = os.environ
) -> Value | None:
    """The value of an environment variable as its kind has it; None where it is unset or empty.

    Raises:
        BadInput: it is of another kind.
    """
    word = environment.get(name, "").removeprefix(MARK)
    if not word:
        return None
    try:
        return kind(word)
    except ArgumentTypeError as error:
        raise BadInput(f"environment variable {name}: {error}; set it anew, or unset it") from None


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text of an environment variable, which no message repeats; empty where it is unset.

    Raises:
        BadInput: it holds bytes that are not UTF-8.
    """
    word = environment.get(name, "").removeprefix(MARK)
    try:
        word.encode()
    except UnicodeEncodeError:
        raise BadInput(
            f"expected UTF-8 text in environment variable {name}, found other bytes; set it anew"
        ) from None
    return word


def _looked_up(word: str) -> tuple[Path, int | None]:
    """A path, and the mode of what is there; None where nothing is."""
    try:
        found = Path(text(word))
        return found, found.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return found, None
    except OSError as error:
        raise ArgumentTypeError(f"{_shown(word)} cannot be a path: {error.strerror}") from None


def _check_folders(found: Path) -> None:
    """What is missing of the folders above `found` can be made."""
    if found.is_symlink() and not found.exists():
        raise ArgumentTypeError(f"{_shown(str(found))} is a link to nothing; give another path")
    above = next(folder for folder in found.absolute().parents if os.path.lexists(folder))
    if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
        raise ArgumentTypeError(
            f"expected a folder to write into at {_shown(str(above))}, found "
            f"{'one that you may not write' if above.is_dir() else 'a file or a broken link'}"
        )


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "something that is neither file nor folder"


def _shown(word: str) -> str:
    return repr(word if len(word) <= SHOWN else f"{word[:SHOWN]}…")
