"""Messages about files of rows that cannot be read: what was expected, what came, the next step."""

import codecs
import re
from pathlib import Path

from engine.problem.errors import BadInput

PARQUET = b"PAR1"
# How other kinds of files begin, and what to do with one.
_BEGINNINGS = {
    b"\x1f\x8b": ("a gzip archive", "unpack it with gunzip"),
    b"PK\x03\x04": ("a ZIP archive or an Excel workbook", "unpack it, or export it as CSV"),
    # With the first byte of its first page: a column may be called PAR1.
    PARQUET + b"\x15": ("a Parquet file", "give it a name that ends in .parquet"),
    codecs.BOM_UTF16_LE: ("UTF-16 text", "save it as UTF-8"),
    codecs.BOM_UTF16_BE: ("UTF-16 text", "save it as UTF-8"),
}
# A library's message is shown as far as this.
_LONGEST = 200


def check_beginning(path: Path) -> None:
    """See that the file begins, and a Parquet file ends, as its name says.

    Raises:
        BadInput: it is empty, or of another kind.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        size = file.seek(0, 2)
        file.seek(max(size - len(PARQUET), 0))
        end = file.read()
    if path.suffix == ".parquet":
        _check_parquet(path, start, end)
        return
    for beginning, (kind, then) in _BEGINNINGS.items():
        if start.startswith(beginning):
            raise _unfit(path, kind, then)
    if size <= len(start) and not start.removeprefix(codecs.BOM_UTF8).strip():
        raise _unfit(path, "an empty file", "export it again, with the columns' names first")


def _check_parquet(path: Path, start: bytes, end: bytes) -> None:
    if not start:
        raise _unfit(path, "an empty file", "export it again")
    if not start.startswith(PARQUET):
        then = "export it as Parquet, or give a CSV a name that ends in .csv"
        raise _unfit(path, "a file of another kind", then)
    if end != PARQUET:
        raise _unfit(path, "a file whose end is missing", "export or copy it again")


def unreadable(path: Path, error: Exception) -> BadInput:
    """What a library could not read, in a message about the file."""
    # Of a CSV, Arrow repeats the row; a log has no place for a person's data.
    reason = re.sub(r"(Expected \d+ columns, got \d+): .*", r"\1", str(error).strip(), flags=re.S)
    reason = " ".join(reason.split())
    if len(reason) > _LONGEST:
        reason = f"{reason[:_LONGEST]}…"
    if isinstance(error, OSError) and error.errno:
        return BadInput(
            f"expected rows in {path}, which cannot be read: {error.strerror}; give another file"
        )
    if path.suffix == ".parquet":
        return _unfit(path, f"a damaged file ({reason})", "export or copy it again")
    if isinstance(error, UnicodeError):
        # The first line holds the names: only they are decoded by Python.
        return _unfit(path, "bytes that are no UTF-8 in the columns' names", "save it as UTF-8")
    if "invalid UTF8" in reason:
        row = re.search(r"Row #(\d+)", reason)
        where = f" in line {int(row[1]):,}" if row else ""
        return _unfit(path, f"bytes that are no UTF-8{where}", "save it as UTF-8")
    return _unfit(path, f"something else ({reason})", "export it again as CSV")


def _unfit(path: Path, found: str, then: str) -> BadInput:
    kind = "Parquet" if path.suffix == ".parquet" else "UTF-8 text with commas"
    return BadInput(f"expected {kind} in {path}, found {found}; {then}")
