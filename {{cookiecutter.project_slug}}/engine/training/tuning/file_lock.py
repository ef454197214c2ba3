"""A lock that lets one process at a time continue a search."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.problem.errors import BadInput


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Lock `file` while the block runs.

    The lock is SQLite's: it works on every system, and ends with its process.

    Raises:
        BadInput: another process holds it.
    """
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BadInput(
                f"Another search of this problem on these rows is running ({file}: {error}). Wait "
                "for it, or stop it: its results are kept.",
                code="search-running",
            ) from None
        yield
