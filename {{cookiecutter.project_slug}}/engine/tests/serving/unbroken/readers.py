"""What the monitor makes of a log that a server left."""

from pathlib import Path

import duckdb

from engine.bundle import bundle as bundles
from engine.monitoring.log import open_log


def read_by_monitoring(folder: Path, bundle: Path) -> tuple[int, int]:
    """How many predictions the monitor finds, and how many torn lines."""
    with duckdb.connect() as connection:
        opened = open_log(connection, folder / "logs", bundles.read(bundle).id)
        [(count,)] = connection.execute("SELECT count(*) FROM predictions").fetchall()
    return int(count), opened.truncated
