"""Bulk work reads the types of Parquet as training does."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.contract import cells
from engine.contract.column import Column
from engine.contract.layout import Layout
from engine.data import sources
from engine.serving.batch.predict import valid_rows
from engine.serving.batch.source import open_source


def test_typed_cells_are_read_as_training_reads_them(tmp_path: Path) -> None:
    """Texts are trimmed, long decimals and UUIDs are texts, times late, whatever the part holds."""
    late = datetime(9999, 12, 31)
    arrays: dict[Column, pa.Array] = {
        Column("a", "category", nullable=True): pa.array([" x ", "", "y"]),
        Column("b", "category"): pa.array([Decimal(10**30), Decimal(5), Decimal(7)]),
        Column("c", "category"): pa.array([bytes(16)] * 3, pa.uuid()),
        Column("d", "date"): pa.array([late] * 3, pa.timestamp("us")),
        Column("e", "number"): pa.array([1, 2, 3], pa.duration("s")),
        Column("f", "integer"): pa.array([Decimal(2**60 + 1)] * 3, pa.decimal128(38, 0)),
        Column("g", "category"): pa.array([1.0, 2.5, 3.0]),
    }
    path = tmp_path / "t.parquet"
    data = pa.table({column.name: array for column, array in arrays.items()})
    pq.write_table(data, path, use_deprecated_int96_timestamps=True)
    trained = sources.read(str(path))
    columns = tuple(arrays)
    for size in (1, 3):
        pieces = [
            valid_rows(part.table, columns) for part in open_source(path, Layout()).parts(size)
        ]
        assert not any(reasons for _, reasons in pieces)
        frame = pd.concat([piece for piece, _ in pieces], ignore_index=True)
        for column in columns:
            expected = cells.read(column, trained[column.name])[0]
            assert list(map(str, frame[column.name])) == list(map(str, expected)), column
