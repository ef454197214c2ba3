"""Reads text tables: every cell comes out as the text that it is.

Training reads a table whole, bulk work in batches; `engine.contract.cells` reads what the
cells mean.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv

from engine.contract.layout import Layout, Names, check_names, column_names
from engine.problem.errors import BadInput

# What a decision on separator and header reads of a file.
SAMPLE_SIZE, LINES = 1 << 20, 200
# A table is read in blocks of this size; no row may be longer.
BLOCK = 1 << 22
# Called for a row with another number of cells: its number below the header, and the row itself.
# Returns "skip" or "error".
BadRow = Callable[[int, pyarrow.csv.InvalidRow], str]


def first_lines(path: Path, encoding: str, separator: str) -> list[list[str]]:
    """The cells of the first rows without blank lines; BadInput if they are no table."""
    text, cut = decoded(path, encoding)
    # A quote that is not closed within the sample is found by the reader of the whole file.
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        lines = list(islice((row for row in rows if row), LINES))
    except csv.Error as error:
        raise BadInput(
            f"{path} has no readable header line: {error}; export it again", code="not-a-table"
        ) from None
    return lines[:-1] if cut and 1 < len(lines) < LINES else lines


def decoded(path: Path, encoding: str) -> tuple[str, bool]:
    """The first piece of the file without its byte-order mark, and whether more follows."""
    with path.open("rb") as file:
        piece = file.read(SAMPLE_SIZE)
        more = bool(file.read(1))
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    return codecs.getincrementaldecoder(codec)().decode(piece, final=not more), more


def header(path: Path, layout: Layout) -> Names:
    """The names of the file's columns; BadInput if it is empty, or a name is too long."""
    lines = first_lines(path, layout.encoding, layout.separator)
    if not lines:
        raise BadInput(f"{path} is empty; expected a header line and rows", code="empty-table")
    names = column_names(lines[0], header=layout.header)
    check_names(path, names.names)
    return names


def batches(
    path: Path, layout: Layout, names: list[str], bad_row: BadRow
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The cells of the file in batches, and the position in the file after each.

    Raises:
        pa.ArrowException, OSError, UnicodeError: the file is no such table.
    """
    if layout.header and len(first_lines(path, layout.encoding, layout.separator)) <= 1:
        return  # pyarrow does not read a header line without a line end
    text, _ = decoded(path, layout.encoding)
    blank = len(text[: len(text) - len(text.lstrip("\r\n"))].splitlines())
    # One thread: only then are rows numbered.
    reading = pyarrow.csv.ReadOptions(
        use_threads=False,
        block_size=BLOCK,
        column_names=names,
        skip_rows=blank,
        skip_rows_after_names=int(layout.header),
    )
    parsing = pyarrow.csv.ParseOptions(
        delimiter=layout.separator,
        newlines_in_values=True,
        invalid_row_handler=lambda row: bad_row(row.number - blank - layout.header, row),
    )
    types = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    with (
        path.open("rb") as raw,
        WholeLineEnds(raw, layout.encoding) as file,
        pyarrow.csv.open_csv(file, reading, parsing, types) as reader,
    ):
        for batch in reader:
            yield batch, file.bytes_read


class WholeLineEnds(io.RawIOBase):
    """A file as UTF-8 whose pieces never end between CR and LF.

    pyarrow drops an LF at the start of a block after a CR, also within quotes, where both belong
    to the cell.
    """

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self._file, self._rest, self._ended, self.bytes_read = file, b"", False, 0
        plain = encoding in ("utf-8", "ascii")
        self._decoder = None if plain else codecs.getincrementaldecoder(encoding)()

    def readable(self) -> bool:
        """The file can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end of the file."""
        piece = self._rest
        while len(piece) < size and (more := self._next(size)) is not None:
            piece += more
        is_last = len(piece) < size
        whole = piece[:size]
        if not is_last:
            whole = whole.rstrip(b"\r") or whole
        self._rest = piece[len(whole) :]
        return whole

    def _next(self, size: int) -> bytes | None:
        """More of the file in UTF-8; None at its end."""
        data = self._file.read(size)
        if not data and self._ended:
            return None
        self._ended = not data
        self.bytes_read += len(data)
        return data if self._decoder is None else self._decoder.decode(data, not data).encode()
