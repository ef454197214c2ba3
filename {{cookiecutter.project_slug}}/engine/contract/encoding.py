"""The encoding of a text file: which one it is, and whether it is the contract's."""

import codecs
from collections import Counter
from pathlib import Path

from engine.problem.errors import BadInput

# How much of a file is decoded in one go.
PIECE = 1 << 24
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def encoding_of(path: Path) -> str:
    """ascii, utf-8, utf-16 (with its mark, or -le, -be) or windows-1252: the first that fits.

    Raises:
        BadInput: none does. A file that is UTF-8 but for a few bytes is damaged, no other encoding.
    """
    with path.open("rb") as file:
        start = file.read(4096)
    marked = next((name for bom, name in BOMS.items() if start.startswith(bom)), None)
    zeros = Counter(at % 2 for at, byte in enumerate(start) if byte == 0)
    if not marked and max(zeros.values(), default=0) > len(start) / 5:
        marked = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    if marked and marked != "utf-8":
        if mistake := _mistake(path, marked)[0]:
            raise BadInput(
                f"{path} is not {marked.upper()} text: {mistake}; export it again", code="not-text"
            )
        return marked
    mistake, wide = _mistake(path, "utf-8")
    if not mistake:
        return "utf-8" if wide or marked else "ascii"
    if problem := _neither(path, mistake, wide=wide, marked=bool(marked)):
        raise BadInput(f"{path} {problem}", code="not-text")
    return "windows-1252"


def _neither(path: Path, mistake: str, *, wide: bool, marked: bool) -> str:
    """What is wrong with a file that is no UTF-8, and what to do; nothing if it is Windows-1252."""
    again = "export it again as CSV UTF-8 from where it came from"
    if "end of data" in mistake:
        return f"is UTF-8 text but for its end, {mistake}: it was cut off; copy it as a whole"
    if marked or wide:
        sign = "opens with the mark of UTF-8" if marked else "holds letters in UTF-8"
        return f"{sign}, but {mistake} is none: two encodings were put together; {again}"
    if _mistake(path, "windows-1252")[0]:
        return f"is neither UTF-8 nor Windows-1252 text: {mistake}; {again}"
    return ""


def check_encoding(path: Path, expected: str) -> None:
    """Raise BadInput where `path` holds letters in another encoding than the contract names."""
    encoding = encoding_of(path)
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
    decoder, position, wide = codecs.getincrementaldecoder(codec)(), 0, False
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            try:
                text = decoder.decode(piece, final=len(piece) < PIECE)
            except UnicodeDecodeError as error:
                wide = wide or not error.object[: error.start].isascii()
                byte = error.object[error.start]
                where = f"byte {byte:#04x} near byte {position + error.start}"
                return f"{where} ({error.reason})", wide
            if "\0" in text:
                return "it holds zero bytes", wide
            wide = wide or not text.isascii()
            position += len(piece)
    return "", wide
