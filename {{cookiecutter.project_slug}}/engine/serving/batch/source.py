"""Reads a CSV or Parquet file in parts of so many rows each: the same file, the same parts."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.problem.errors import BadInput
from engine.serving.batch.unreadable import check_beginning, unreadable

# Of a CSV so much is read at a time, and no row may be longer; of a Parquet file's columns this.
CSV_BYTES, PARQUET_BYTES = 1 << 22, 1 << 20
# Beyond, the file is another one than was meant.
MOST_BROKEN = 100_000


@dataclass(frozen=True)
class Bad:
    """A row that gets no answer: its number in the file, why, and the row as text."""

    row: int
    reason: str
    text: str


@dataclass(frozen=True)
class Part:
    """Rows that follow each other from row `first` of the file on, which counts from 1.

    `broken` are rows among them that are none; `share` is how much of the file is read with it.
    """

    number: int
    first: int
    table: pa.Table
    broken: list[Bad]
    share: float

    @property
    def rows(self) -> NDArray[np.int64]:
        """The number of each row of the table in the file."""
        numbers = np.arange(self.first, self.first + len(self.table) + len(self.broken))
        return numbers[~np.isin(numbers, [bad.row for bad in self.broken])][: len(self.table)]


@dataclass(frozen=True)
class Source:
    """A file of rows; `written`: its cells are texts that stand for other types.

    `rows` is how many it has, if it says so.
    """

    path: Path
    schema: pa.Schema
    written: bool
    rows: int | None

    def parts(self, size: int) -> Iterator[Part]:
        """All of its rows in parts of `size`, the last of fewer, in their order.

        Raises:
            BadInput: the file cannot be read to its end.
        """
        broken: list[Bad] = []
        number, first, held, share = 0, 1, _Held(self.schema), 0.0
        with _said_of(self.path):
            for batch, share in self._batches(broken):
                held.add(batch)
                while held.count >= size:
                    part = Part(number, first, held.take(size), list(broken), share)
                    last = int(part.rows[-1])
                    # Those behind its last row are the next part's.
                    before = [bad for bad in broken if bad.row < last]
                    del broken[: len(before)]
                    yield replace(part, broken=before)
                    number, first = number + 1, last + 1
            if held.count or broken:
                yield Part(number, first, held.take(held.count), broken, 1.0)

    def _batches(self, broken: list[Bad]) -> Iterator[tuple[pa.RecordBatch, float]]:
        """Pieces of the file, and how much of it is read with each."""
        if not self.written:
            with pq.ParquetFile(self.path, pre_buffer=False, buffer_size=PARQUET_BYTES) as file:
                done = 0
                for batch in file.iter_batches(use_threads=False):
                    done += len(batch)
                    yield batch, done / max(file.metadata.num_rows, 1)
            return

        def set_aside(row: pcsv.InvalidRow) -> str:
            if len(broken) >= MOST_BROKEN:
                return "error"
            reason = f"expected {row.expected_columns} cells, got {row.actual_columns}"
            broken.append(Bad(row.number - 1, reason, row.text))  # the names are its first row
            return "skip"

        size = max(self.path.stat().st_size, 1)
        with pa.OSFile(str(self.path)) as file, _csv(file, self.schema, set_aside) as reader:
            try:
                for batch in reader:
                    yield batch, min(file.tell() / size, 1.0)
            except pa.ArrowInvalid:
                if len(broken) < MOST_BROKEN:
                    raise
                raise BadInput(
                    f"more than {MOST_BROKEN:,} rows of {self.path} have another number of cells "
                    f"than the {len(self.schema)} names above them; write it anew, with quotes "
                    "around cells that hold commas"
                ) from None


def open_source(path: Path) -> Source:
    """The file at `path`, a CSV or Parquet by its name; read as far as the names of its columns.

    Raises:
        BadInput: there is no such file, it is neither, or two columns have one name.
    """
    if path.suffix not in (".csv", ".parquet"):
        raise BadInput(f"expected a file whose name ends in .csv or .parquet, got {path}")
    if not path.is_file():
        raise BadInput(f"expected rows in {path}, found no such file")
    with _said_of(path):
        check_beginning(path)
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                found = Source(
                    path, file.schema_arrow.remove_metadata(), False, file.metadata.num_rows
                )
        else:
            with pa.OSFile(str(path)) as file, _csv(file) as reader:
                names = reader.schema.names
            found = Source(path, pa.schema([(name, pa.string()) for name in names]), True, None)
    names = found.schema.names
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"{path} has two columns called {', '.join(twice)}; rename one of them")
    return found


def _csv(
    file: pa.NativeFile, schema: pa.Schema | None = None, set_aside: object = None
) -> pcsv.CSVStreamingReader:
    # One thread: only so does the reader know the numbers of rows. It is far from what takes long.
    return pcsv.open_csv(
        file,
        read_options=pcsv.ReadOptions(use_threads=False, block_size=CSV_BYTES),
        parse_options=pcsv.ParseOptions(
            newlines_in_values=True, invalid_row_handler=set_aside or (lambda _: "skip")
        ),
        convert_options=pcsv.ConvertOptions(
            column_types=schema, null_values=[""], strings_can_be_null=True
        ),
    )


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    """What Arrow cannot read, said of the file."""
    hook = sys.unraisablehook

    def pass_over(lost: Any) -> None:
        # Arrow cannot give a broken row that is no UTF-8 to `set_aside`, prints that, and goes on
        # to raise what is caught below.
        if not isinstance(lost.exc_value, UnicodeDecodeError):
            hook(lost)

    sys.unraisablehook = pass_over
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise unreadable(path, error) from None
    finally:
        sys.unraisablehook = hook


@dataclass
class _Held:
    """Rows that were read and not yet given out."""

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
