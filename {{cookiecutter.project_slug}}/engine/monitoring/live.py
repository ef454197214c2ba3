"""The live predictions of a bundle in a time span, counted into the bins of its reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from engine.bundle.bundle import Bundle
from engine.bundle.reference import Counts, count
from engine.monitoring.log import live_table, open_log
from engine.problem.errors import BadInput


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
        raise BadInput(
            f"expected a time before now ({end:%Y-%m-%dT%H:%M:%S%z}) for --since, got "
            f"{begin.isoformat()}; give an earlier time",
            code="empty-window",
        )
    return Window(*(time.astimezone(UTC).replace(tzinfo=None) for time in (begin, end)))


@dataclass(frozen=True)
class LivePredictions:
    """The predictions of a bundle in a window.

    `counts` are its rows in the reference's bins; `connection` has the views of `log.open_log`;
    `rehearsal`: all of them are rehearsals; `truncated`: the truncated lines that were skipped.
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
        raise BadInput(
            f"expected {', '.join(sorted(missing))} in reference.json of bundle {bundle.id[:12]}, "
            "found none; build the bundle again with `python -m handoff build`",
            code="incomplete-reference",
        )
    with duckdb.connect() as connection:
        opened = open_log(connection, log, bundle.id)
        rows = live_table(connection, bundle.reference, window.begin)
        try:
            counts = count(connection, rows, bundle.reference)
        except duckdb.ConversionException as error:
            raise BadInput(
                f"expected the log in {log} to hold the numbers of the contract; "
                f"{str(error).splitlines()[0]}; find what else writes there, and move it out",
                code="not-a-number",
            ) from None
        yield LivePredictions(
            bundle, window, connection, counts, opened.rehearsal, opened.truncated
        )
