"""Reads the log of a stopped server as monitoring does."""

from pathlib import Path

import duckdb

from engine.bundle import bundle as bundles
from engine.monitoring.live import open_log


def read_by_monitoring(folder: Path, bundle: Path) -> tuple[int, int]:
    """The numbers of predictions and of truncated lines that monitoring reads."""
    with duckdb.connect() as connection:
        _, truncated = open_log(connection, folder / "logs", bundles.read(bundle).id)
        [(count,)] = connection.execute("SELECT count(*) FROM predictions").fetchall()
    return int(count), truncated
