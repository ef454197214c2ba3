"""Reads a text or Parquet file in parts of a fixed number of rows: the same file, the same parts.

A text file is laid out as the contract describes the file that the model was trained on.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from engine.contract.arrow_types import decoded, open_parquet
from engine.contract.encoding import check_encoding
from engine.contract.file_kinds import PARQUET, TEXTS, check_kind, unreadable
from engine.contract.layout import SEPARATORS, Layout, checked_names
from engine.contract.text_table import batches, header
from engine.problem.errors import BadInput

# The buffer of each column of a Parquet file.
PARQUET_BYTES = 1 << 20
# Beyond, in all parts together, the file is another one than was meant.
MOST_UNREADABLE = 100_000


@dataclass(frozen=True)
class RefusedRow:
    """A row without a prediction: its number in the file, the reason, and the row as text."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Part:
    """Rows that follow each other from row `first` of the file on, which counts from 1.

    `unreadable` are rows among them with another number of cells; `share` is the share of the
    file that is read with this part.
    """

    number: int
    first: int
    table: pa.Table
    unreadable: list[RefusedRow]
    share: float

    @property
    def rows(self) -> NDArray[np.int64]:
        """The number of each row of the table in the file."""
        numbers = np.arange(self.first, self.first + len(self.table) + len(self.unreadable))
        return numbers[~np.isin(numbers, [one.row for one in self.unreadable])][: len(self.table)]


@dataclass(frozen=True)
class Source:
    """A file of rows; `layout` is that of a text file, whose cells are texts."""

    path: Path
    schema: pa.Schema
    layout: Layout | None

    def parts(self, size: int) -> Iterator[Part]:
        """All of its rows in parts of `size`, the last of fewer; BadInput for an unreadable one."""
        unreadable: list[RefusedRow] = []
        number, first, rest = 0, 1, self.schema.empty_table()
        with _readable(self.path):
            pieces = self._texts(unreadable) if self.layout else self._typed()
            for batch, share in pieces:
                rest = pa.concat_tables([rest, pa.Table.from_batches([batch])])
                while len(rest) >= size:
                    # A copy: pickle would write the whole table of which this is a slice.
                    table = rest.slice(0, size).take(np.arange(size))
                    part = Part(number, first, table, list(unreadable), share)
                    rest, last = rest.slice(size), int(part.rows[-1])
                    # Those behind its last row are the next part's.
                    before = [one for one in unreadable if one.row < last]
                    del unreadable[: len(before)]
                    yield replace(part, unreadable=before)
                    number, first = number + 1, last + 1
            if len(rest) or unreadable:
                yield Part(number, first, rest, unreadable, 1.0)

    def _typed(self) -> Iterator[tuple[pa.RecordBatch, float]]:
        """Pieces of a Parquet file, and how much of it is read with each."""
        with open_parquet(self.path, pre_buffer=False, buffer_size=PARQUET_BYTES) as file:
            done = 0
            for batch in file.iter_batches(use_threads=False):
                done += len(batch)
                table = pa.Table.from_batches([batch])
                columns = [decoded(column).combine_chunks() for column in table.columns]
                yield (
                    pa.RecordBatch.from_arrays(columns, schema=self.schema),
                    done / max(file.metadata.num_rows, 1),
                )

    def _texts(self, unreadable: list[RefusedRow]) -> Iterator[tuple[pa.RecordBatch, float]]:
        """Pieces of a text file, and how much of it is read with each."""

        refused = 0  # in all parts: each part takes its own out of `unreadable`

        def refuse(number: int, row: Any) -> str:
            nonlocal refused
            refused += 1
            if refused > MOST_UNREADABLE:
                return "error"
            reason = f"expected {row.expected_columns} cells, got {row.actual_columns}"
            unreadable.append(RefusedRow(number, reason, row.text))
            return "skip"

        assert self.layout  # noqa: S101  # of a text file
        size = max(self.path.stat().st_size, 1)
        try:
            for batch, position in batches(self.path, self.layout, self.schema.names, refuse):
                yield batch, min(position / size, 1.0)
        except pa.ArrowInvalid:
            if refused <= MOST_UNREADABLE:
                raise
            raise BadInput(
                f"more than {MOST_UNREADABLE:,} rows of {self.path} have another number of cells "
                f"than the {len(self.schema)} names above them; export it again, with quotes "
                f"around cells that hold {SEPARATORS[self.layout.separator]}",
                code="row-length",
            ) from None


def open_source(path: Path, layout: Layout) -> Source:
    """The text or Parquet file at `path`, read as far as the names of its columns.

    Args:
        layout: of a text file, by the contract.

    Raises:
        BadInput: there is no such file, it is of another kind or encoding, or two columns have one
            name.
    """
    suffix = path.suffix.lower()
    if suffix not in (*TEXTS, PARQUET):
        raise BadInput(
            f"expected a file whose name ends in {PARQUET} or {', '.join(TEXTS)}, got {path}",
            code="unknown-file-type",
        )
    if not path.is_file():
        raise BadInput(f"expected rows in {path}, found no such file", code="missing-file")
    with _readable(path):
        if suffix != PARQUET:
            check_encoding(path, layout.encoding)
            names = header(path, layout).names
            return Source(path, pa.schema([(name, pa.string()) for name in names]), layout)
        check_kind(path)
        with open_parquet(path) as file:
            given = file.schema_arrow
    # The type of a column of no rows is that of its cells.
    kinds = [decoded(pa.chunked_array([], kind)).type for kind in given.types]
    return Source(
        path, pa.schema(list(zip(checked_names(path, given.names), kinds, strict=True))), None
    )


@contextmanager
def _readable(path: Path) -> Iterator[None]:
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
        raise unreadable(path, error) from None
    finally:
        sys.unraisablehook = hook
