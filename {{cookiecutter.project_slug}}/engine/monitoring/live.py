"""The live predictions of a bundle, counted into the bins of its reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from engine.bundle.bundle import Bundle
from engine.bundle.counting import Counts, count
from engine.monitoring.log import live_table, open_log
from engine.monitoring.window import Window
from engine.problem.errors import BadInput


@dataclass(frozen=True)
class LivePredictions:
    """What a bundle answered in a window.

    `counts` are its rows in the reference's bins; `connection` has the views of `log.open_log`;
    `rehearsal` means that all answers are rehearsals; `torn` counts half lines that were skipped.
    """

    bundle: Bundle
    window: Window
    connection: duckdb.DuckDBPyConnection
    counts: Counts
    rehearsal: bool
    truncated: int


@contextmanager
def read_live(bundle: Bundle, log: Path, window: Window) -> Iterator[LivePredictions]:
    """Read the log in the folder `log`; the connection is closed at the end of the block.

    Raises:
        BadInput: the bundle has no complete reference, there is no log, or it holds what the
            bundle's contract does not allow.
    """
    if missing := {"rows", "features", "performance"} - bundle.reference.keys():
        names = ", ".join(sorted(missing))
        raise BadInput(
            f"expected {names} in reference.json of bundle {bundle.id[:12]}, found "
            "none; build the bundle anew with `python -m handoff build`"
        )
    with duckdb.connect() as connection:
        opened = open_log(connection, log, bundle.id)
        rows = live_table(connection, bundle.reference, window.begin)
        try:
            counts = count(connection, rows, bundle.reference)
        except duckdb.ConversionException as error:
            raise BadInput(
                f"expected the log in {log} to hold the numbers that the contract asks for; "
                f"{str(error).splitlines()[0]}; find who else writes there, and move it out"
            ) from None
        yield LivePredictions(
            bundle, window, connection, counts, opened.rehearsal, opened.truncated
        )
