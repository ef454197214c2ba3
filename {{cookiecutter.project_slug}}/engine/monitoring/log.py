"""Opens the prediction log and the labels as tables, where they lie.

A log is a folder of JSON Lines segments, which may be compressed. A server that was killed leaves a
truncated line at the end of its segment: that line is counted and skipped. Any other invalid line
is an error. A log that was shipped may hold a record several times: it counts once. Outside values
(paths, names, ids, times) reach SQL as variables, never as its text.
"""

import glob
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from engine.problem.errors import BadInput, command

# read_json gives a line that is no record empty fields. TIMESTAMPTZ reads an offset, and takes a
# time without one in the session's zone.
ZONE = "SET TimeZone = 'UTC'"
LINES = {
    "predictions": """
    CREATE TEMP VIEW predictions_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS answered_at,
        prediction_id IS NULL OR answered_at IS NULL OR bundle IS NULL OR "row" IS NULL
            OR score IS NULL AS broken
    FROM predictions_segments
""",
    "labels": """
    CREATE TEMP VIEW labels_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS received,
        try_cast(known_at AS TIMESTAMPTZ)::TIMESTAMP AS known,
        prediction_id IS NULL OR received IS NULL OR known_at IS NOT NULL AND known IS NULL
            AS broken
    FROM labels_segments
""",
    "refused": """
    CREATE TEMP VIEW refused_lines AS
    SELECT *, try_cast("at" AS TIMESTAMPTZ)::TIMESTAMP AS counted_until,
        record_id IS NULL OR counted_until IS NULL OR bundle IS NULL OR requests IS NULL
            OR counts IS NULL AS broken
    FROM refused_segments
""",
}
# The fields of a record, by their types in DuckDB.
FIELDS = {
    "predictions": {
        **{"prediction_id": "VARCHAR", "at": "VARCHAR", "bundle": "VARCHAR"},
        **{"rehearsal": "BOOLEAN", "row": "JSON", "score": "DOUBLE", "scores": "JSON"},
    },
    "labels": {
        **{"prediction_id": "VARCHAR", "at": "VARCHAR", "known_at": "VARCHAR", "label": "JSON"}
    },
    "refused": {
        **{"record_id": "VARCHAR", "at": "VARCHAR", "bundle": "VARCHAR", "rehearsal": "BOOLEAN"},
        **{"requests": "BIGINT"},
        "counts": "STRUCT(reason VARCHAR, field VARCHAR, requests BIGINT)[]",
    },
}
# Rehearsals count only where a bundle has no other predictions.
RECORDS = """
    CREATE TEMP VIEW records AS
    SELECT prediction_id, answered_at, "row", score, scores FROM predictions_lines
    WHERE bundle = getvariable('bundle') AND NOT broken AND answered_at <= getvariable('until')
        AND coalesce(rehearsal, false) = getvariable('rehearsal')
"""
# What ships a log delivers a record at least once. Only then it is worth to group all of them.
REPEATED = "SELECT count(*), count(DISTINCT prediction_id) FROM records"
EACH = "CREATE TEMP VIEW predictions AS FROM records"
ONCE = """
    CREATE TEMP VIEW predictions AS
    SELECT prediction_id, first.* EXCLUDE (prediction_id)
    FROM (SELECT prediction_id, arg_min(records, answered_at) AS first
        FROM records GROUP BY prediction_id)
"""
# The label that became known last counts; one without that time was known when it was received.
# Of two known at the same time the later received counts; null takes a label back.
LABELS = """
    CREATE TEMP VIEW labels AS
    SELECT prediction_id, nullif(
        arg_max(coalesce(label::VARCHAR, 'null'), row(coalesce(known, received), received)), 'null'
    ) AS label
    FROM labels_lines WHERE NOT broken AND received <= getvariable('until')
    GROUP BY prediction_id
"""
# What ships a log, or a disk that failed, may repeat a record.
REFUSED = """
    CREATE TEMP VIEW refused AS
    SELECT DISTINCT ON (record_id) counted_until, requests, counts FROM refused_lines
    WHERE bundle = getvariable('bundle') AND NOT broken AND counted_until <= getvariable('until')
        AND coalesce(rehearsal, false) = getvariable('rehearsal')
"""
# A bundle whose every request was refused is live as well.
REAL = """
    SELECT 1 FROM (SELECT bundle, rehearsal FROM predictions_lines
        UNION ALL BY NAME SELECT bundle, rehearsal FROM refused_lines)
    WHERE bundle = ? AND rehearsal IS NOT true LIMIT 1
"""

# Far more than a server takes as a request, so the end of a segment holds its last line break.
LONGEST_LINE = 16 * 1024 * 1024
# As written, and as logs are kept; DuckDB and pyarrow tell them apart by these.
ENDINGS = (".jsonl", ".jsonl.gz", ".jsonl.zst")
# What DuckDB raises for files that are no JSON Lines.
UNREADABLE = (duckdb.IOException, duckdb.InvalidInputException, duckdb.ConversionException)


@dataclass(frozen=True)
class LogState:
    """What a log holds besides the records that count.

    `rehearsal`: the bundle has only rehearsed; `truncated`: lines at the end of a segment that were
    skipped; `repeated`: records that another one repeats; `unread`: files that are no segments.
    """

    rehearsal: bool
    truncated: int
    repeated: int
    unread: tuple[str, ...]


def open_log(
    connection: duckdb.DuckDBPyConnection, folder: Path, bundle: str, until: datetime
) -> LogState:
    """Make the views `predictions` and `refused` (of the bundle) and `labels` (one a prediction).

    They hold what was logged up to `until`. It, and the time `answered_at` of a prediction, is UTC
    without an offset. BadInput if there is no log, or a segment holds something else than records.
    """
    connection.execute(ZONE)
    set_variable(connection, "until", until)
    files = {kind: _files(folder / kind) for kind in LINES}
    segments = {
        kind: [path for path in paths if _is_segment(path)] for kind, paths in files.items()
    }
    if not segments["predictions"] and not segments["refused"]:
        message = f"expected a prediction log in {folder / 'predictions'}, found no segment "
        message += f"({' or '.join(f'*{end}' for end in ENDINGS)}) there; serve with "
        message += f"`{command('serving run')}`, or name the log's folder with --log"
        raise BadInput(message, code="no-log")
    truncated = 0
    for kind, paths in segments.items():
        set_variable(connection, f"{kind}_files", [glob.escape(str(path)) for path in paths])
        connection.execute(_segments_view(kind, is_empty=not paths))
        connection.execute(LINES[kind])
        if paths:
            truncated += _truncated_lines(connection, f"{kind}_lines", paths)
    rehearsal = connection.execute(REAL, [bundle]).fetchone() is None
    set_variable(connection, "bundle", bundle)
    set_variable(connection, "rehearsal", rehearsal)
    for view in (LABELS, RECORDS, REFUSED):
        connection.execute(view)
    [(records, predictions)] = connection.execute(REPEATED).fetchall()
    connection.execute(ONCE if records > predictions else EACH)
    # A shipper may put segments beside the two folders.
    unread = sorted(folder.glob("*.jsonl*"))
    unread += [path for kind in LINES for path in files[kind] if path not in segments[kind]]
    names = tuple(str(path.relative_to(folder)) for path in unread)
    return LogState(rehearsal, truncated, records - predictions, names)


def _segments_view(kind: str, *, is_empty: bool) -> str:
    """The SQL of a view of the lines in the files of the variable `<kind>_files`."""
    head, fields = f"CREATE TEMP VIEW {kind}_segments AS SELECT", FIELDS[kind].items()
    if is_empty:  # read_json refuses an empty list
        nothing = ", ".join(f'NULL::{type_} AS "{name}"' for name, type_ in fields)
        return f"{head} {nothing}, NULL::VARCHAR AS segment WHERE false"
    columns = ", ".join(f"\"{name}\": '{type_}'" for name, type_ in fields)
    return f"""{head} * FROM read_json(getvariable('{kind}_files'), columns = {{{columns}}},
        format = 'newline_delimited', ignore_errors = true, filename = 'segment')"""


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_segment(path: Path) -> bool:
    """Whether a file is a segment by its name; BadInput for a pipe, which would block.

    A server's umask may leave its segments to its own user: that is no fault of a segment.
    """
    if not path.name.endswith(ENDINGS):
        return False
    if not path.is_file():
        message = f"expected a segment of the log in {path}, found no file; move it away"
        raise BadInput(message, code="not-a-file")
    if not os.access(path, os.R_OK):
        message = f"expected a segment of the log in {path} that this user may read; give it the "
        message += "right to, or run monitoring as the server's user"
        raise BadInput(message, code="no-right")
    return True


def set_variable(connection: duckdb.DuckDBPyConnection, variable: str, value: object) -> None:
    """Give a value to a variable that the views read."""
    connection.execute(f"SET VARIABLE {variable} = ?", [value])


def _truncated_lines(
    connection: duckdb.DuckDBPyConnection, view: str, paths: Sequence[Path]
) -> int:
    """The number of segments that end in a truncated line; any other broken line is an error."""
    broken = f"SELECT segment, count(*) FROM {view} WHERE broken GROUP BY ALL ORDER BY ALL"  # noqa: S608
    try:
        segments = connection.execute(broken).fetchall()
    except UNREADABLE as error:
        # DuckDB names no file whose compression is broken.
        place = next(filter(_is_undecodable, paths), "the log")
        message = (
            f"expected one record a line in {place}, found {' '.join(str(error).split()):.300}"
        )
        message += "; move the invalid file out of the log"
        raise BadInput(message, code="invalid-log") from None
    for segment, many in segments:
        if many > _is_truncated(Path(segment)):
            lines = f"SELECT row_number() OVER () AS line, * FROM {view} WHERE segment = ?"  # noqa: S608
            first = f"SELECT min(line) FROM ({lines}) WHERE broken"  # noqa: S608
            [(line,)] = connection.execute(first, [segment]).fetchall()
            message = f"expected one record a line in {segment}, found {many:,} broken, the first "
            message += f"in line {line}; fix it or move the file out of the log"
            raise BadInput(message, code="invalid-log")
    return len(segments)


def _is_undecodable(segment: Path) -> bool:
    try:
        _is_truncated(segment)
    except OSError:
        return True
    return False


def _is_truncated(segment: Path) -> bool:
    """Whether the segment ends in the middle of a line."""
    tail = b""
    with pa.input_stream(str(segment), compression="detect") as stream:
        while chunk := stream.read(LONGEST_LINE):
            tail = (tail + chunk)[-LONGEST_LINE:]
    tail = tail.rpartition(b"\n")[2]
    with suppress(ValueError, RecursionError):
        json.loads(tail or b"{}")
        return False
    return True
