"""The live predictions of a bundle in a time span, counted where the log lies.

A log is a folder of JSON Lines segments. A server that was killed leaves a truncated line at the
end of its segment: that line is counted and skipped. Any other invalid line is an error.
Outside values (paths, names, ids, times) reach SQL as variables, never as its text.
"""

import glob
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from engine.bundle.bundle import Bundle
from engine.bundle.reference import Counts, count
from engine.problem.errors import BadInput

# read_json gives a line that is no record empty fields. TIMESTAMPTZ reads an offset, and takes a
# time without one in the session's zone.
ZONE = "SET TimeZone = 'UTC'"
LINES = {
    "predictions": """
    CREATE TEMP VIEW predictions_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS answered_at,
        prediction_id IS NULL OR answered_at IS NULL OR bundle IS NULL OR "row" IS NULL
            OR score IS NULL AS broken
    FROM read_json(getvariable('predictions_segments'), format = 'newline_delimited',
        columns = {prediction_id: 'VARCHAR', "at": 'VARCHAR', bundle: 'VARCHAR',
            rehearsal: 'BOOLEAN', "row": 'JSON', score: 'DOUBLE', scores: 'JSON'},
        ignore_errors = true, filename = 'segment')
""",
    "labels": """
    CREATE TEMP VIEW labels_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS received,
        try_cast(known_at AS TIMESTAMPTZ)::TIMESTAMP AS known,
        prediction_id IS NULL OR received IS NULL OR known_at IS NOT NULL AND known IS NULL
            AS broken
    FROM read_json(getvariable('labels_segments'), format = 'newline_delimited',
        columns = {prediction_id: 'VARCHAR', "at": 'VARCHAR', known_at: 'VARCHAR', label: 'JSON'},
        ignore_errors = true, filename = 'segment')
""",
}
# Rehearsals count only where a bundle has no other predictions.
PREDICTIONS = """
    CREATE TEMP VIEW predictions AS
    SELECT prediction_id, answered_at, "row", score, scores FROM predictions_lines
    WHERE bundle = getvariable('bundle') AND NOT broken
        AND coalesce(rehearsal, false) = getvariable('rehearsal')
"""
WINDOW = """
    SELECT json_extract_string("row", getvariable('inputs')) AS cells, score FROM predictions
    WHERE answered_at >= getvariable('since')
"""
# The label that became known last counts; one without that time was known when it was received.
# Of two known at the same time the later received counts; null takes a label back.
LABELS = """
    CREATE TEMP VIEW labels AS
    SELECT prediction_id, nullif(
        arg_max(coalesce(label::VARCHAR, 'null'), row(coalesce(known, received), received)), 'null'
    ) AS label
    FROM labels_lines WHERE NOT broken GROUP BY prediction_id
"""
NO_LABELS = "CREATE TEMP VIEW labels AS SELECT '' AS prediction_id, '' AS label WHERE false"

# Far more than a server takes as a request, so the end of a segment holds its last line break.
LONGEST_LINE = 16 * 1024 * 1024
# What DuckDB raises for files that are no JSON Lines.
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.ConversionException)


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

    `counts` are its rows in the reference's bins; `connection` has the views of `open_log`;
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
        BadInput: there is no complete reference or no log, or the log breaks the contract.
    """
    if missing := {"rows", "features", "performance"} - bundle.reference.keys():
        message = f"expected {', '.join(sorted(missing))} in reference.json of bundle "
        message += f"{bundle.id[:12]}, found none; build the bundle again"
        raise BadInput(message, code="incomplete-reference")
    with duckdb.connect() as connection:
        rehearsal, truncated = open_log(connection, log, bundle.id)
        rows = live_table(connection, bundle.reference, window.begin)
        try:
            counts = count(connection, rows, bundle.reference)
        except duckdb.ConversionException as error:
            message = f"expected the log in {log} to hold the numbers of the contract; "
            message += f"{str(error).splitlines()[0]}; move what else writes there out of it"
            raise BadInput(message, code="not-a-number") from None
        yield LivePredictions(bundle, window, connection, counts, rehearsal, truncated)


def open_log(connection: duckdb.DuckDBPyConnection, folder: Path, bundle: str) -> tuple[bool, int]:
    """Make the views `predictions` (those of the bundle) and `labels` (one a prediction).

    Returns whether the bundle has only rehearsed, and the number of truncated lines.
    `answered_at` is the time of a prediction, UTC without an offset. BadInput if there is no log,
    or a segment holds something else than records.
    """
    connection.execute(ZONE)
    segments = {kind: _segments(folder / kind) for kind in LINES}
    if not segments["predictions"]:
        message = f"expected a prediction log in {folder / 'predictions'}, found no *.jsonl there; "
        message += "serve with `python -m serving run`, or name the log's folder with --log"
        raise BadInput(message, code="no-log")
    truncated = 0
    for kind, paths in segments.items():
        if paths:
            _set(connection, f"{kind}_segments", paths)
            connection.execute(LINES[kind])
            truncated += _truncated_lines(connection, f"{kind}_lines")
    connection.execute(LABELS if segments["labels"] else NO_LABELS)
    real = "SELECT 1 FROM predictions_lines WHERE bundle = ? AND rehearsal IS NOT true LIMIT 1"
    rehearsal = connection.execute(real, [bundle]).fetchone() is None
    _set(connection, "bundle", bundle)
    _set(connection, "rehearsal", rehearsal)
    connection.execute(PREDICTIONS)
    return rehearsal, truncated


def live_table(
    connection: duckdb.DuckDBPyConnection, reference: Mapping[str, Any], since: datetime
) -> str:
    """Make the view that `reference.count` reads, of predictions since a time; return its name."""
    names = [feature["name"] for feature in reference["features"]]
    # JSON pointers distinguish names that differ in case alone, which names of SQL do not.
    _set(connection, "inputs", [f"/{n.replace('~', '~0').replace('/', '~1')}" for n in names])
    _set(connection, "since", since)
    columns = [f"cells[{i + 1}] AS c{i}" for i in range(len(names))] + [f"score AS c{len(names)}"]
    connection.execute(f"CREATE TEMP VIEW live AS FROM ({WINDOW}) SELECT {', '.join(columns)}")
    return "live"


def _segments(folder: Path) -> list[str]:
    """The segments' paths, escaped for DuckDB; BadInput for a pipe, which would block."""
    paths = sorted(folder.glob("*.jsonl"))
    for path in paths:
        if not path.is_file():
            message = f"expected a segment of the log in {path}, found no file; move it away"
            raise BadInput(message, code="not-a-file")
    return [glob.escape(str(path)) for path in paths]


def _set(connection: duckdb.DuckDBPyConnection, variable: str, value: object) -> None:
    connection.execute(f"SET VARIABLE {variable} = ?", [value])


def _truncated_lines(connection: duckdb.DuckDBPyConnection, view: str) -> int:
    """The number of segments that end in a truncated line; any other broken line is an error."""
    broken = f"SELECT segment, count(*) FROM {view} WHERE broken GROUP BY ALL ORDER BY ALL"  # noqa: S608
    try:
        segments = connection.execute(broken).fetchall()
    except UNREADABLE as error:
        message = (
            f"expected one record a line in the log, found {' '.join(str(error).split()):.300}"
        )
        message += "; move the invalid file out of the log"
        raise BadInput(message, code="invalid-log") from None
    for segment, many in segments:
        if many > _is_truncated(Path(segment)):
            lines = f"SELECT row_number() OVER () AS line, * FROM {view} WHERE segment = ?"  # noqa: S608
            first = f"SELECT min(line) FROM ({lines}) WHERE broken"  # noqa: S608
            line = connection.execute(first, [segment]).fetchone() or ("?",)
            message = f"expected one record a line in {segment}, found {many:,} broken, the first "
            message += f"in line {line[0]}; fix it or move the file out of the log"
            raise BadInput(message, code="invalid-log")
    return len(segments)


def _is_truncated(segment: Path) -> bool:
    """Whether the segment ends in the middle of a line."""
    with segment.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - LONGEST_LINE))
        tail = file.read().rpartition(b"\n")[2]
    with suppress(ValueError, RecursionError):
        json.loads(tail or b"{}")
        return False
    return True
