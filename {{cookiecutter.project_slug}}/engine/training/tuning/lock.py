"""One search at a time: whoever goes on with a search holds a file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from engine.problem.errors import BadInput


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Hold `file` as long as the block runs.

    The lock is SQLite's: it works on every system, and goes with its process however that ends.

    Raises:
        BadInput: another process holds it.
    """
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as database:
        try:
            database.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise BadInput(
                "expected no other search of this problem on these rows, but one is running "
                f"({file}: {error}); wait for it, or stop it: what it found is kept"
            ) from None
        yield
