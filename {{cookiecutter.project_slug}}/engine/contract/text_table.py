"""Reads text tables: every cell comes out as the text that it is.

Training reads a table whole, bulk work in batches; `engine.contract.cells` reads what the
cells mean.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from functools import reduce
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from engine.contract.dialect import check_marks
from engine.contract.layout import LONGEST_NAME, Layout, Names, checked_names, column_names
from engine.contract.stray_quote import LINE_END, first_stray
from engine.problem.errors import BadInput

# What a decision on separator and header reads of a file.
SAMPLE_SIZE, LINES = 1 << 20, 200
# A table is read in blocks of this size; no row may be longer.
BLOCK = 1 << 22
BLANK_LINES = re.compile(r" *(?:\r\n|\r|\n)")
# Called for a row with another number of cells: its number below the header, and the row itself.
# Returns "skip" or "error".
BadRow = Callable[[int, pyarrow.csv.InvalidRow], str]


def first_lines(path: Path, layout: Layout) -> list[list[str]]:
    """The cells of the first rows, one at least, without blank lines; BadInput if there is none."""
    text, is_cut = first_text(path, layout)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=layout.separator)
    usual = csv.field_size_limit(SAMPLE_SIZE)  # no cell is longer, and a long one is no fault
    try:
        lines = list(islice((row for row in rows if len(row) > 1 or "".join(row).strip()), LINES))
    finally:
        csv.field_size_limit(usual)  # the limit is the process's, not the reader's
    if not lines:
        raise BadInput(f"{path} is empty; expected a header line and rows", code="empty-table")
    # A quote that is not closed within the sample is found by the reader of the whole file.
    return lines[:-1] if is_cut and 2 < len(lines) < LINES else lines


def first_text(path: Path, layout: Layout) -> tuple[str, bool]:
    """The first piece of the file without its byte-order mark, and whether more follows."""
    with path.open("rb") as file:
        piece = file.read(SAMPLE_SIZE)
        more = bool(file.read(1))
    return codecs.getincrementaldecoder(layout.codec)().decode(piece, final=not more), more


def line_count(path: Path, layout: Layout) -> int:
    """How many lines of the file are not blank, whatever quotation marks stand in it."""
    with path.open(encoding=layout.codec) as file:
        return sum(1 for line in file if line.strip(" \n"))


def header(path: Path, layout: Layout) -> Names:
    """The names of the file's columns; BadInput if it is empty, or a name is too long."""
    names = column_names(first_lines(path, layout)[0], header=layout.header)
    if any(len(name) > LONGEST_NAME and LINE_END.search(name) for name in names.names):
        raise _stray(path, "its header")
    checked_names(path, names.names)
    return names


def batches(
    path: Path, layout: Layout, names: list[str], bad_row: BadRow
) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The cells of the file in batches, and the position in the file after each.

    Raises:
        BadInput: a quotation mark makes one cell of several rows, or would be lost.
        pa.ArrowException, OSError, UnicodeError: the file is no such table.
    """
    check_marks(path, layout)
    text, is_cut = first_text(path, layout)
    if layout.header and not is_cut and len(first_lines(path, layout)) <= 1:
        return  # pyarrow does not read a header line without a line end
    blank = len(BLANK_LINES.findall(text[: len(text) - len(text.lstrip(" \r\n"))]))
    stray: list[str] = []

    def handle(row: pyarrow.csv.InvalidRow) -> str:
        if _is_stray(row, layout):
            stray.append(LINE_END.split(row.text)[0])
            return "error"
        return bad_row(row.number - blank - layout.header, row)

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
        invalid_row_handler=handle,
    )
    types = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    try:
        with (
            path.open("rb") as raw,
            WholeLineEnds(raw, layout.encoding) as file,
            pyarrow.csv.open_csv(file, reading, parsing, types) as reader,
        ):
            for batch in reader:
                _check_quotes(path, layout, batch)
                yield batch, file.bytes_read
    except pa.ArrowInvalid:
        if stray:
            raise _stray(path, _place(path, layout, stray[0])) from None
        raise


def _check_quotes(path: Path, layout: Layout, batch: pa.RecordBatch) -> None:
    """Raise BadInput if a cell of the batch swallowed rows (see `stray_quote`)."""
    broken = [pc.match_substring_regex(column, r"[\r\n]") for column in batch.columns]
    doubtful = reduce(pc.or_, broken)
    if not pc.any(doubtful).as_py():
        return
    # Rows without line breaks come first, to compare with.
    rows = _rows(batch.filter(pc.invert(doubtful)).slice(0, LINES))
    rows += _rows(batch.filter(doubtful))
    if (at := first_stray(rows, layout.separator)) is not None:
        cell = next(cell for cell in rows[at] if LINE_END.search(cell))
        raise _stray(path, _place(path, layout, f'"{LINE_END.split(cell)[0]}'))


def _rows(batch: pa.RecordBatch) -> list[tuple[str, ...]]:
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _is_stray(row: pyarrow.csv.InvalidRow, layout: Layout) -> bool:
    """Whether a row of another width holds other rows: by a mark that nothing closes, or too late.

    Its text is that of the file, with all of its marks.
    """
    lines = LINE_END.split(row.text)
    is_open = row.text.count('"') % 2 == 1
    wide = all(line.count(layout.separator) == row.expected_columns - 1 for line in lines)
    return len(lines) > 1 and (is_open or wide)


def _place(path: Path, layout: Layout, start: str) -> str:
    """The line of the file that holds `start`, for a message."""
    with path.open(encoding=layout.codec, newline="") as file:
        before, match, _ = file.read().partition(start)
    return f"line {len(LINE_END.split(before))}" if match else f"the line with {start:.40}"


def _stray(path: Path, place: str) -> BadInput:
    return BadInput(
        f"{path} has a quotation mark in {place} that opens a cell which holds the rows below it, "
        "up to the next mark; delete the mark, or write it twice within a quoted cell",
        code="stray-quote",
    )


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
