"""Detects the encoding of a text file; standard library only."""

import codecs
import re
from collections import Counter
from pathlib import Path

from engine.contract.file_kinds import check_kind
from engine.problem.errors import BadInput

# How much of a file is decoded in one go.
PIECE = 1 << 24
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
BEYOND_ASCII = re.compile(rb"[\x80-\xff]+")
# Hardly a word of Windows-1252: letters beyond ASCII in a row, or a sign or capital within a word.
FOREIGN = re.compile(
    rb"(?!(.)\1\1)([\xc0-\xff]{3}|[\xa1-\xff]{4})|[a-z][\x80-\x91\x93-\x95\x98\x99\x9b\x9f][a-z]"
)
AGAIN = "export it again as CSV UTF-8 from where it came from"


def detect_encoding(path: Path) -> str:
    """ascii, utf-8, utf-16 (with its mark, or -le, -be) or windows-1252: the first that fits.

    Raises:
        BadInput: none does. A file that is UTF-8 but for a few bytes is damaged, no other encoding.
    """
    with path.open("rb") as file:
        start = file.read(PIECE)
    marked = next((name for bom, name in BOMS.items() if start.startswith(bom)), None)
    zeros = Counter(at % 2 for at, byte in enumerate(start[:4096]) if byte == 0)
    if not marked and max(zeros.values(), default=0) > len(start[:4096]) / 5:
        marked = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    encoding = marked or "utf-8"
    mistake, is_wide = _mistake(path, encoding)
    if not mistake:
        return encoding if is_wide or marked else "ascii"
    if encoding != "utf-8":
        problem = f"is not {encoding.upper()} text: {mistake}; {AGAIN}"
    elif "end of data" in mistake:
        problem = f"is UTF-8 text but for its end ({mistake}): cut off; copy it as a whole"
    elif "zero" in mistake:
        problem = f"is no text: {mistake}; {AGAIN}, or remove them by `tr -d '\\0'`"
    elif marked or is_wide:
        sign = "opens with the mark of UTF-8" if marked else "holds letters in UTF-8"
        problem = f"{sign}, but {mistake} is none: two encodings were put together; {AGAIN}"
    elif other := _mistake(path, "windows-1252")[0]:
        problem = f"is neither UTF-8 nor Windows-1252 text: {other}; {AGAIN}"
    elif word := _foreign(start):
        problem = f"is text in an encoding that is not read ({word!r} would be nonsense); {AGAIN}"
    else:
        return "windows-1252"
    raise BadInput(f"{path} {problem}", code="not-text")


def check_encoding(path: Path, expected: str) -> None:
    """Raise BadInput where `path` is no text, or in another encoding than the contract names."""
    check_kind(path)
    encoding = detect_encoding(path)
    if encoding not in ("ascii", expected):
        raise BadInput(
            f"{path} is {encoding} text, but data/contract.py states {expected}; save it as "
            f"{expected}, or change the contract's metadata",
            code="wrong-encoding",
        )


def _mistake(path: Path, codec: str) -> tuple[str, bool]:
    """What is wrong with the file as text in `codec`, if anything; and are letters beyond ASCII
    in what comes before?
    """
    decoder, position, is_wide = codecs.getincrementaldecoder(codec)(), 0, False
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            try:
                text = decoder.decode(piece, final=len(piece) < PIECE)
            except UnicodeDecodeError as error:
                is_wide = is_wide or not error.object[: error.start].isascii()
                byte = error.object[error.start]
                where = f"byte {byte:#04x} near byte {position + error.start}"
                return f"{where} ({error.reason})", is_wide
            if "\0" in text:
                return f"it holds zero bytes near byte {position + piece.find(0)}", is_wide
            is_wide = is_wide or not text.isascii()
            position += len(piece)
    return "", is_wide


def _foreign(start: bytes) -> str:
    """A word that shows another encoding than Windows-1252, which decodes nearly every byte."""
    matches = list(FOREIGN.finditer(start))
    if 5 * len(matches) <= len(BEYOND_ASCII.findall(start)):
        return ""
    return matches[0][0].decode("windows-1252", "replace")
