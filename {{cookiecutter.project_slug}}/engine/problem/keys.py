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
        message = f"expected the path of a file in environment variable {variable}, found an empty "
        message += "value; name the file, or unset the variable"
        raise BadInput(message, code="empty-variable")
    return None if path is None else Path(path)


def read_keys(path: Path, expected: str, variable: str, shortest: int) -> list[str]:
    """The keys in the file that `variable` names; see `parse_keys`."""
    text = read_text(path, expected, f"name another file in {variable}")
    return parse_keys(text, str(path), shortest)


def parse_keys(text: str, place: str, shortest: int) -> list[str]:
    """The keys in a text, separated by blanks, line ends or commas; `place` is for the message.

    Raises:
        BadInput: a key is shorter than `shortest`, or has characters that a client cannot send.
    """
    expected = f"expected only keys of at least {shortest} characters in {place}"
    if any(line.lstrip().startswith("#") for line in text.split("\n")):
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
