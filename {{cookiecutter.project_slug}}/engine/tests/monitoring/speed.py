"""`python -m engine.tests.monitoring.speed [ROWS]`: how fast 20 columns and a score are counted.

Parquet is what segments become when they are compacted; JSON Lines is what the server writes.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb

from engine.bundle.reference import Counts, count, freeze
from engine.contract.column import Column
from engine.monitoring.live import live_table
from engine.monitoring.log import open_log

COLUMNS = [Column(f"n{i}", "number") for i in range(14)] + [
    Column(f"c{i}", "category") for i in range(6)
]
NAMES = [column.name for column in COLUMNS]
ROWS_IN_SEGMENT = 100_000


def main(rows: int) -> None:
    """Make the rows, count them both ways, print what it took."""
    with tempfile.TemporaryDirectory() as name, duckdb.connect() as connection:
        folder = Path(name)
        _write(connection, folder, rows)
        part = connection.execute(f"FROM '{folder}/rows.parquet' LIMIT 20000").df()
        reference = freeze(part, COLUMNS, part["score"].to_numpy())
        columns = ", ".join(f"{one} AS c{i}" for i, one in enumerate([*NAMES, "score"]))
        connection.execute(f"CREATE VIEW parquet AS SELECT {columns} FROM '{folder}/rows.parquet'")  # noqa: S608
        first = _timed("Parquet", lambda: count(connection, "parquet", reference))

        def from_log() -> Counts:
            open_log(connection, folder, "b", datetime(2027, 1, 1))
            table = live_table(connection, reference, datetime(2026, 1, 1))
            return count(connection, table, reference)

        if _timed("JSON Lines, every line verified", from_log) != first:
            raise AssertionError("the same rows gave two counts")


def _timed(what: str, work: Callable[[], Counts]) -> Counts:
    begin = time.perf_counter()
    counts = work()
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what}: {counts.rows:,} rows in {took:.2f} s, process at most {peak} MB so far")
    return counts


def _write(connection: duckdb.DuckDBPyConnection, folder: Path, rows: int) -> None:
    numbers = [f"random() * 10 AS {name}" for name in NAMES if name[0] == "n"]
    labels = [f"(random() * 12)::INT::VARCHAR AS {name}" for name in NAMES if name[0] == "c"]
    values = ", ".join([*numbers, *labels, "random() AS score"])
    connection.execute(f"COPY (SELECT {values} FROM range({rows})) TO '{folder}/rows.parquet'")  # noqa: S608
    (folder / "predictions").mkdir()
    row = ", ".join(f"{name}: {name}" for name in NAMES)
    for begin in range(0, rows, ROWS_IN_SEGMENT):
        connection.execute(f"""
            COPY (SELECT uuid() AS prediction_id, '2026-11-01T00:00:00+00:00' AS "at",
                'b' AS bundle, false AS rehearsal, {{{row}}} AS "row", score
                FROM read_parquet('{folder}/rows.parquet', file_row_number = true)
                WHERE file_row_number BETWEEN {begin} AND {begin + ROWS_IN_SEGMENT - 1})
            TO '{folder}/predictions/{begin:09}.jsonl' (FORMAT json)
        """)  # noqa: S608


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
