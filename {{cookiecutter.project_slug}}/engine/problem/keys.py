"""Parses the secret keys in an environment variable or a file; no message repeats a key."""

import re
from collections.abc import Mapping
from pathlib import Path

from engine.problem.errors import BadInput
from engine.problem.files import read_text


def key_file(variable: str, environment: Mapping[str, str]) -> Path | None:
    """The path in a variable that names a file of keys, None if unset; BadInput if it is empty."""
    path = environment.get(variable)
    if path is not None and not path.strip():
        raise BadInput(
            f"expected the path of a file in environment variable {variable}, found an empty "
            "value; name the file, or unset the variable",
            code="empty-variable",
        )
    return None if path is None else Path(path)


def read_keys(path: Path, expected: str, variable: str, shortest: int) -> list[str]:
    """The keys in the file that `variable` names; see `parse_keys`."""
    text = read_text(path, expected, f"name another file in {variable}")
    return parse_keys(text, str(path), shortest)


def parse_keys(text: str, place: str, shortest: int) -> list[str]:
    """The keys in a text, separated by blanks, line ends or commas.

    Args:
        text: what a person wrote.
        place: where it was written, for the message.
        shortest: the least number of characters of a key.

    Raises:
        BadInput: a key is too short, or has characters that a client cannot send.
    """
    if any(line.lstrip().startswith("#") for line in text.split("\n")):
        raise BadInput(
            f"expected only keys in {place}, found a line that begins with '#'; comments are not "
            "supported, remove that line",
            code="invalid-key",
        )
    keys = [key for key in re.split(r"[ \t\r\n,]+", text) if key]
    for number, key in enumerate(keys, start=1):
        if fault := _fault(key, shortest):
            raise BadInput(
                f"expected keys of at least {shortest} characters in {place}, key {number} {fault}",
                code="invalid-key",
            )
    return keys


def _fault(key: str, shortest: int) -> str | None:
    """What is wrong with a key and how to fix it."""
    if unusable := re.search(r"[^!-~]", key):
        return (
            f"contains the character U+{ord(unusable[0]):04X}; use printable ASCII characters, "
            "such as `openssl rand -hex 32` prints"
        )
    if re.search("[\"'`]", key):
        return "contains a quotation mark; write the key without quotation marks"
    if "=" in key.rstrip("="):  # Base64 pads with '=' at the end
        return "contains '=' before its end; write the value alone, without `NAME=`"
    if len(key) < shortest:
        return "is shorter; make one with `openssl rand -hex 32`"
    return None
