"""Messages about files of rows that cannot be read: what was expected, what came, the next step."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from engine.problem.errors import BadInput

PARQUET = b"PAR1"
# How other kinds of files begin, and what to do with one.
_BEGINNINGS = {
    b"\x1f\x8b": ("a gzip archive", "unpack it with gunzip"),
    b"PK\x03\x04": ("a ZIP archive or an Excel workbook", "unpack it, or export it as CSV"),
    # With the first byte of its first page: a column may be called PAR1.
    PARQUET + b"\x15": ("a Parquet file", "give it a name that ends in .parquet"),
}
# The longest part of a library's message that is shown.
_LONGEST = 200


def check_kind(path: Path) -> None:
    """Check that a file begins, and a Parquet file ends, as its name states.

    Raises:
        BadInput: it is empty, or of another kind.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        size = file.seek(0, 2)
        file.seek(max(size - len(PARQUET), 0))
        end = file.read()
    if not start:
        raise _unfit(path, "an empty file", "export it again")
    if path.suffix != ".parquet":
        for beginning, (kind, then) in _BEGINNINGS.items():
            if start.startswith(beginning):
                raise _unfit(path, kind, then)
    elif not start.startswith(PARQUET):
        then = "export it as Parquet, or give a CSV a name that ends in .csv"
        raise _unfit(path, "a file of another kind", then)
    elif end != PARQUET:
        raise _unfit(path, "a file whose end is missing", "export or copy it again")


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raise what Arrow or the system cannot read as BadInput."""
    hook = sys.unraisablehook

    def ignore_undecodable(unraisable: Any) -> None:
        # Arrow cannot pass a row that is not UTF-8 to its handler, prints that, and then raises
        # what is caught below.
        if not isinstance(unraisable.exc_value, UnicodeDecodeError):
            hook(unraisable)

    sys.unraisablehook = ignore_undecodable
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise _unreadable(path, error) from None
    finally:
        sys.unraisablehook = hook


def _unreadable(path: Path, error: Exception) -> BadInput:
    if isinstance(error, OSError) and error.errno:
        return BadInput(
            f"expected rows in {path}, which cannot be read: {error.strerror}; give another file",
            code="unreadable-file",
        )
    # Arrow repeats the row of a text file; a log has no place for a person's data.
    reason = re.sub(r"(Expected \d+ columns, got \d+): .*", r"\1", str(error).strip(), flags=re.S)
    reason = " ".join(reason.split())
    if len(reason) > _LONGEST:
        reason = f"{reason[:_LONGEST]}…"
    return _unfit(path, f"a damaged file ({reason})", "export or copy it again")


def _unfit(path: Path, kind: str, then: str) -> BadInput:
    expected = "Parquet" if path.suffix == ".parquet" else "a text table"
    return BadInput(f"expected {expected} in {path}, found {kind}; {then}", code="unreadable-file")
