"""Reads the prediction log and the labels where they lie, without loading them into memory.

A log is a folder of JSON Lines segments. A server that was killed leaves half a line at the end of
its segment: that line is counted and passed over. Anything else that is no record makes the log
unreadable, because nobody knows what it should have said.

What comes from outside (paths, names, ids, times) reaches SQL as variables, never as its text.
"""

import glob
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from engine.problem.errors import BadInput

# A line that is no record comes out of read_json with empty fields. TIMESTAMPTZ minds an offset
# and takes a time without one for the session's.
ZONE = "SET TimeZone = 'UTC'"
PREDICTION_LINES = """
    CREATE TEMP VIEW prediction_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS moment,
        prediction_id IS NULL OR moment IS NULL OR bundle IS NULL OR "row" IS NULL
            OR score IS NULL AS broken
    FROM read_json(getvariable('segments_of_predictions'), format = 'newline_delimited',
        columns = {prediction_id: 'VARCHAR', "at": 'VARCHAR', bundle: 'VARCHAR',
            rehearsal: 'BOOLEAN', "row": 'JSON', score: 'DOUBLE', scores: 'JSON'},
        ignore_errors = true, filename = 'segment')
"""
LABEL_LINES = """
    CREATE TEMP VIEW label_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS moment,
        try_cast(known_at AS TIMESTAMPTZ)::TIMESTAMP AS known,
        prediction_id IS NULL OR moment IS NULL OR known_at IS NOT NULL AND known IS NULL AS broken
    FROM read_json(getvariable('segments_of_labels'), format = 'newline_delimited',
        columns = {prediction_id: 'VARCHAR', "at": 'VARCHAR', known_at: 'VARCHAR', label: 'JSON'},
        ignore_errors = true, filename = 'segment')
"""
# Where a bundle has answered in earnest, its rehearsals are left out.
PREDICTIONS = """
    CREATE TEMP VIEW predictions AS
    SELECT prediction_id, moment, "row", score, scores FROM prediction_lines
    WHERE bundle = getvariable('bundle') AND NOT broken
        AND coalesce(rehearsal, false) = getvariable('rehearsal')
"""
ANSWERED = """
    CREATE TEMP VIEW answered AS
    SELECT json_extract_string("row", getvariable('inputs')) AS found, score FROM predictions
    WHERE moment >= getvariable('since')
"""
# What became known last is taken, in whatever order it came; without a word when, it was known when
# it came. Of two known at one moment the later to come; one taken back (null) is none.
LABELS = """
    CREATE TEMP VIEW labels AS
    SELECT prediction_id, nullif(
        arg_max(coalesce(label::VARCHAR, 'null'), row(coalesce(known, moment), moment)), 'null'
    ) AS label
    FROM label_lines WHERE NOT broken GROUP BY prediction_id
"""
NO_LABELS = "CREATE TEMP VIEW labels AS SELECT '' AS prediction_id, '' AS label WHERE false"

# Far more than a server takes as a request, so the end of a segment holds its last line break.
LONGEST_LINE = 16 * 1024 * 1024
# What DuckDB raises of files, in which it finds other things than JSON Lines.
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.ConversionException)


@dataclass(frozen=True)
class Opened:
    """What is known of a log once it is open.

    `rehearsal`: the bundle has only rehearsed. `torn`: half lines at the ends of segments.
    """

    rehearsal: bool
    truncated: int


def open_log(connection: duckdb.DuckDBPyConnection, folder: Path, bundle: str) -> Opened:
    """Make the views `predictions` (those of the bundle) and `labels` (one a prediction).

    `moment` is when a prediction was answered, UTC without an offset.

    Raises:
        BadInput: there is no log, or a segment holds something else than records.
    """
    predictions, labels = (_segments(folder / kind) for kind in ("predictions", "labels"))
    if not predictions:
        raise BadInput(
            f"expected a prediction log in {folder / 'predictions'}, found no *.jsonl there; "
            "serve with `python -m serving run`, or name the log's folder with --log"
        )
    connection.execute(ZONE)
    _set(connection, "segments_of_predictions", predictions)
    connection.execute(PREDICTION_LINES)
    truncated = _torn_lines(connection, "SELECT segment, broken FROM prediction_lines")
    if labels:
        _set(connection, "segments_of_labels", labels)
        connection.execute(LABEL_LINES)
        truncated += _torn_lines(connection, "SELECT segment, broken FROM label_lines")
    connection.execute(LABELS if labels else NO_LABELS)
    earnest = "SELECT 1 FROM prediction_lines WHERE bundle = ? AND rehearsal IS NOT true LIMIT 1"
    rehearsal = connection.execute(earnest, [bundle]).fetchone() is None
    _set(connection, "bundle", bundle)
    _set(connection, "rehearsal", rehearsal)
    connection.execute(PREDICTIONS)
    return Opened(rehearsal, truncated)


def live_table(
    connection: duckdb.DuckDBPyConnection, reference: Mapping[str, Any], since: datetime
) -> str:
    """Make the view that `counting.count` reads, of predictions since a time; return its name."""
    names = [feature["name"] for feature in reference["features"]]
    # JSON pointers tell apart names that differ in case alone, which names of SQL do not.
    _set(connection, "inputs", [f"/{n.replace('~', '~0').replace('/', '~1')}" for n in names])
    _set(connection, "since", since)
    connection.execute(ANSWERED)
    columns = [f"found[{i + 1}] AS c{i}" for i in range(len(names))] + [f"score AS c{len(names)}"]
    connection.execute(f"CREATE TEMP VIEW live AS FROM answered SELECT {', '.join(columns)}")
    return "live"


def _segments(folder: Path) -> list[str]:
    """The segments' paths, so written that DuckDB takes no character of them for a pattern.

    Raises:
        BadInput: one of them is no regular file (a pipe would wait for ever).
    """
    found = sorted(folder.glob("*.jsonl"))
    for path in found:
        if not path.is_file():
            raise BadInput(f"expected a segment of the log in {path}, found no file; move it away")
    return [glob.escape(str(path)) for path in found]


def _set(connection: duckdb.DuckDBPyConnection, variable: str, value: object) -> None:
    connection.execute(f"SET VARIABLE {variable} = ?", [value])


def _torn_lines(connection: duckdb.DuckDBPyConnection, lines: str) -> int:
    """How many segments end in half a line; any other broken line is refused."""
    broken = f"SELECT segment, count(*) FROM ({lines}) WHERE broken GROUP BY ALL ORDER BY ALL"  # noqa: S608
    try:
        found = connection.execute(broken).fetchall()
    except UNREADABLE as error:
        raise BadInput(
            f"expected one record a line in the segments of the log, they cannot be read: "
            f"{' '.join(str(error).split()):.300}; move the file that is none out of the log"
        ) from None
    for segment, many in found:
        if many > _ends_torn(Path(segment)):
            numbered = f"SELECT row_number() OVER () AS line, * FROM ({lines}) WHERE segment = ?"  # noqa: S608
            first = f"SELECT min(line) FROM ({numbered}) WHERE broken"  # noqa: S608
            line = connection.execute(first, [segment]).fetchone() or ("?",)
            raise BadInput(
                f"expected one record a line in {segment}, found {many:,} broken, the first in "
                f"line {line[0]}; mend it or move the file out of the log, then check again"
            )
    return len(found)


def _ends_torn(segment: Path) -> bool:
    """Whether the segment ends in the middle of a line."""
    with segment.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - LONGEST_LINE))
        tail = file.read().rpartition(b"\n")[2]
    try:
        json.loads(tail or b"{}")
    except (ValueError, RecursionError):
        return True
    return False
