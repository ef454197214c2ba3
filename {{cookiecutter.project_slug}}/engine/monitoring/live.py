"""The live predictions of a bundle in a time span, counted where the log lies."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from engine.bundle.bundle import Bundle
from engine.bundle.reference import Counts, count
from engine.monitoring.log import LogState, open_log, set_variable
from engine.problem.errors import BadInput

WINDOW = """
    SELECT json_extract_string("row", getvariable('inputs')) AS cells, score FROM predictions
    WHERE answered_at >= getvariable('since')
"""


@dataclass(frozen=True)
class Window:
    """A time span in UTC, without an offset, as the log's views have their times."""

    begin: datetime
    end: datetime


def window_of(days: int, since: datetime | None = None, now: datetime | None = None) -> Window:
    """The span from `since`, or `days` ago, until `now`, both with offsets; BadInput if empty."""
    end = now or datetime.now(UTC)
    begin = since or end - timedelta(days=days)
    if begin >= end:
        message = f"expected a time before now ({end:%Y-%m-%dT%H:%M:%S%z}) for --since, got "
        raise BadInput(f"{message}{begin.isoformat()}; give an earlier time", code="empty-window")
    return Window(*(time.astimezone(UTC).replace(tzinfo=None) for time in (begin, end)))


@dataclass(frozen=True)
class LivePredictions:
    """The predictions of a bundle in a window.

    `counts` are its rows in the reference's bins; `connection` has the views of `open_log`.
    """

    bundle: Bundle
    window: Window
    connection: duckdb.DuckDBPyConnection
    counts: Counts
    log: LogState


@contextmanager
def read_live(bundle: Bundle, log: Path, window: Window) -> Iterator[LivePredictions]:
    """Read the log in the folder `log`; the connection is closed at the end of the block.

    Raises:
        BadInput: there is no complete reference or no log, or the log breaks the contract.
    """
    if missing := {"rows", "features", "performance"} - bundle.reference.keys():
        message = f"expected {', '.join(sorted(missing))} in reference.json of bundle "
        message += f"{bundle.id[:12]}, found none; build the bundle again"
        raise BadInput(message, code="incomplete-reference")
    with duckdb.connect() as connection:
        state = open_log(connection, log, bundle.id, window.end)
        rows = live_table(connection, bundle.reference, window.begin)
        try:
            counts = count(connection, rows, bundle.reference)
        except duckdb.ConversionException as error:
            message = f"expected the log in {log} to hold the numbers of the contract; "
            message += f"{str(error).splitlines()[0]}; move what else writes there out of it"
            raise BadInput(message, code="not-a-number") from None
        yield LivePredictions(bundle, window, connection, counts, state)


def live_table(
    connection: duckdb.DuckDBPyConnection, reference: Mapping[str, Any], since: datetime
) -> str:
    """Make the view that `reference.count` reads, of predictions since a time; return its name."""
    names = [feature["name"] for feature in reference["features"]]
    # JSON pointers distinguish names that differ in case alone, which names of SQL do not.
    set_variable(
        connection, "inputs", [f"/{n.replace('~', '~0').replace('/', '~1')}" for n in names]
    )
    set_variable(connection, "since", since)
    columns = [f"cells[{i + 1}] AS c{i}" for i in range(len(names))] + [f"score AS c{len(names)}"]
    connection.execute(f"CREATE TEMP VIEW live AS FROM ({WINDOW}) SELECT {', '.join(columns)}")
    return "live"
