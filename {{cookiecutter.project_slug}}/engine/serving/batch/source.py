"""Reads a text or Parquet file in parts of a fixed number of rows: the same file, the same parts.

A text file is laid out as the contract describes the file that the model was trained on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.contract.arrow_types import decoded
from engine.contract.encoding import check_encoding
from engine.contract.layout import SEPARATORS, Layout
from engine.contract.text_table import batches, header
from engine.problem.errors import BadInput
from engine.serving.batch.unreadable import check_kind, readable

# The buffer of each column of a Parquet file.
PARQUET_BYTES = 1 << 20
# Beyond, the file is another one than was meant.
MOST_UNREADABLE = 100_000
TEXTS = (".csv", ".tsv", ".txt")


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

    def __getstate__(self) -> dict[str, Any]:
        """Arrow's stream format: pickle would copy the whole table of which this is a slice."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as stream:
            stream.write_table(self.table)
        return vars(self) | {"table": sink.getvalue().to_pybytes()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the table."""
        vars(self).update(state | {"table": pa.ipc.open_stream(state["table"]).read_all()})


@dataclass(frozen=True)
class Source:
    """A file of rows; `layout` is that of a text file, whose cells are texts.

    `rows` is their number, if the file states it.
    """

    path: Path
    schema: pa.Schema
    layout: Layout | None
    rows: int | None

    def parts(self, size: int) -> Iterator[Part]:
        """All of its rows in parts of `size`, the last of fewer, in their order.

        Raises:
            BadInput: the file cannot be read to its end.
        """
        unreadable: list[RefusedRow] = []
        number, first, pending, share = 0, 1, _Pending(self.schema), 0.0
        with readable(self.path):
            pieces = self._texts(unreadable) if self.layout else self._typed()
            for batch, share in pieces:
                pending.add(batch)
                while pending.count >= size:
                    part = Part(number, first, pending.take(size), list(unreadable), share)
                    last = int(part.rows[-1])
                    # Those behind its last row are the next part's.
                    before = [one for one in unreadable if one.row < last]
                    del unreadable[: len(before)]
                    yield replace(part, unreadable=before)
                    number, first = number + 1, last + 1
            if pending.count or unreadable:
                yield Part(number, first, pending.take(pending.count), unreadable, 1.0)

    def _typed(self) -> Iterator[tuple[pa.RecordBatch, float]]:
        """Pieces of a Parquet file, and how much of it is read with each."""
        with pq.ParquetFile(self.path, pre_buffer=False, buffer_size=PARQUET_BYTES) as file:
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

        def refuse(number: int, row: Any) -> str:
            if len(unreadable) >= MOST_UNREADABLE:
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
            if len(unreadable) < MOST_UNREADABLE:
                raise
            raise BadInput(
                f"more than {MOST_UNREADABLE:,} rows of {self.path} have another number of cells "
                f"than the {len(self.schema)} names above them; export it again, with quotes "
                f"around cells that hold {SEPARATORS[self.layout.separator]}",
                code="row-length",
            ) from None


def open_source(path: Path, layout: Layout) -> Source:
    """The file at `path`, read as far as the names of its columns.

    Args:
        path: a text or Parquet file, by the end of its name.
        layout: of a text file, by the contract.

    Raises:
        BadInput: there is no such file, it is of another kind or encoding, or two columns have one
            name.
    """
    if path.suffix not in (*TEXTS, ".parquet"):
        raise BadInput(
            f"expected a file whose name ends in .parquet or {', '.join(TEXTS)}, got {path}",
            code="unknown-file-type",
        )
    if not path.is_file():
        raise BadInput(f"expected rows in {path}, found no such file", code="missing-file")
    with readable(path):
        check_kind(path)
        if path.suffix != ".parquet":
            check_encoding(path, layout.encoding)
            names = header(path, layout).names
            return Source(path, pa.schema([(name, pa.string()) for name in names]), layout, None)
        with pq.ParquetFile(path) as file:
            given, rows = file.schema_arrow.remove_metadata(), file.metadata.num_rows
    if twice := sorted({name for name in given.names if given.names.count(name) > 1}):
        raise BadInput(
            f"{path} has two columns called {', '.join(twice)}; rename one of them",
            code="duplicate-column",
        )
    # The type of a column of no rows is that of its cells.
    empty = [decoded(pa.chunked_array([], one.type)).type for one in given]
    return Source(path, pa.schema(list(zip(given.names, empty, strict=True))), None, rows)


@dataclass
class _Pending:
    """Rows that were read and are not yet part of a part."""

    schema: pa.Schema
    batches: list[pa.RecordBatch] = field(default_factory=list)
    count: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        self.batches.append(batch)
        self.count += len(batch)

    def take(self, size: int) -> pa.Table:
        table = pa.Table.from_batches(self.batches, self.schema)
        self.batches, self.count = table.slice(size).to_batches(), self.count - size
        return table.slice(0, size)
