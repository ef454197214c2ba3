"""Parses the secret keys in an environment variable or a file; no message repeats a key."""

import re
from collections.abc import Mapping
from pathlib import Path

from engine.problem.errors import BadInput
from engine.problem.files import read_text

_BETWEEN = re.compile(r"[ \t\r\n,]+")
# Base64 pads with '=' at the end; anywhere else it separates a name from a value.
_KEY = re.compile(r"[!-~]+")
_QUOTES = "\"'`"


def key_file(variable: str, environment: Mapping[str, str]) -> Path | None:
    """The path in an environment variable that names a file of keys; None where it is unset.

    Raises:
        BadInput: the variable is empty.
    """
    if variable not in environment:
        return None
    if not environment[variable].strip():
        raise BadInput(
            f"expected the path of a file in environment variable {variable}, found an empty "
            "value; name the file, or unset the variable"
        )
    return Path(environment[variable])


def read_keys(path: Path, expected: str, variable: str, shortest: int) -> list[str]:
    """The keys in the file that `variable` names; see `parse_keys`.

    Raises:
        BadInput: the file cannot be read, or a key in it cannot be used.
    """
    text = read_text(path, expected, f"name another file in {variable}")
    return parse_keys(text, str(path), shortest)


def parse_keys(text: str, place: str, shortest: int) -> list[str]:
    """The keys in a text, separated by blanks, line ends or commas.

    Args:
        text: what a person wrote.
        place: where it was written, for the message.
        shortest: the least number of characters of a key.

    Raises:
        BadInput: a key is too short, or holds what a client cannot send or what is no part of it.
    """
    if any(line.lstrip().startswith("#") for line in text.split("\n")):
        raise BadInput(
            f"expected only keys in {place}, found a line that begins with '#'; comments are not "
            "supported, remove that line"
        )
    keys = [key for key in _BETWEEN.split(text) if key]
    for number, key in enumerate(keys, start=1):
        if fault := _fault(key, shortest):
            raise BadInput(
                f"expected keys of at least {shortest} characters in {place}, key {number} {fault}"
            )
    return keys


def _fault(key: str, shortest: int) -> str | None:
    """What is wrong with a key and how to fix it."""
    if not _KEY.fullmatch(key):
        [sign] = [sign for sign in key if not _KEY.fullmatch(sign)][:1]
        return (
            f"contains the character U+{ord(sign):04X}; use printable ASCII characters, such as "
            "`openssl rand -hex 32` prints"
        )
    if any(quote in key for quote in _QUOTES):
        return "contains a quotation mark; write the key without quotation marks"
    if "=" in key.rstrip("="):
        return "contains '=' before its end; write the value alone, without `NAME=`"
    if len(key) < shortest:
        return "is shorter; make one with `openssl rand -hex 32`"
    return None
