"""What may be where a command expects a file; a line more is a case more for every reader."""

import os
from collections.abc import Callable
from pathlib import Path

from engine.problem.files import LARGEST


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _huge(path: Path) -> None:
    path.touch()
    os.truncate(path, LARGEST + 1)  # a hole: it takes no room


CONTENTS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a loop of links": lambda path: path.symlink_to(path.name),
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "empty": _bytes(b""),
    "one zero byte": _bytes(b"\0"),
    "only a mark": _bytes(b"\xef\xbb\xbf"),
    "UTF-16": _bytes("name = 'é'\n".encode("utf-16")),
    "UTF-16 without a mark": _bytes("name = 'a'\n".encode("utf-16-le")),
    "Windows-1252": _bytes("name = 'é'\n".encode("windows-1252")),
    "surrogates": _bytes(b"name = '\xed\xa0\x80'\n"),
    "cut within a letter": _bytes("é".encode() * 100 + b"\xc3"),
    "random bytes": _bytes(bytes(range(256)) * 40),
    "a Parquet file's start": _bytes(b"PAR1" + bytes(range(256))),
    "a Parquet file's both ends": _bytes(b"PAR1" + b"\xff" * 64 + b"\x08\0\0\0PAR1"),
    "a deep list in TOML": _bytes(b"a = " + b"[" * 3000 + b"]" * 3000),
    "deep tables in TOML": _bytes(b".".join([b"a"] * 3000) + b" = 1\n"),
    "a deep field in TOML": _bytes(b"decision." + b".".join([b"name"] * 3000) + b" = 1\n"),
    "a long number in TOML": _bytes(b"a = " + b"9" * 3000),
    "a date that is none in TOML": _bytes(b"a = 2026-02-30\n"),
    "a deep list in JSON": _bytes(b"[" * 99_999 + b"]" * 99_999),
    "a deep object in JSON": _bytes(b'{"a":' * 99_999 + b"1" + b"}" * 99_999),
    "a nearly as deep object in JSON": _bytes(b'{"a":' * 900 + b"1" + b"}" * 900),
    "a list in JSON": _bytes(b"[1]"),
    "null in JSON": _bytes(b"null"),
    "a long number in JSON": _bytes(b'{"a": ' + b"9" * 9000 + b"}"),
    "no number in JSON": _bytes(b'{"a": NaN}'),
    "huge": _huge,
}
