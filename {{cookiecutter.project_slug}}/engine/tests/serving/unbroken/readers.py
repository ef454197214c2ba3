"""Reads the log of a stopped server as monitoring does."""

from datetime import datetime
from pathlib import Path

import duckdb

from engine.bundle import bundle as bundles
from engine.monitoring.log import open_log


def read_by_monitoring(folder: Path, bundle: Path) -> tuple[int, int]:
    """The numbers of predictions and of truncated lines that monitoring reads."""
    with duckdb.connect() as connection:
        state = open_log(connection, folder / "logs", bundles.read(bundle).id, datetime.max)
        [(count,)] = connection.execute("SELECT count(*) FROM predictions").fetchall()
    return int(count), state.truncated
