"""Where rows come from: the simulator, scikit-learn's bundled tables, files, a database."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
from sklearn import datasets

from engine.contract.arrow_types import open_parquet, plain, plain_type
from engine.contract.cells import DTYPES, trimmed_texts
from engine.contract.dialect import row_fault
from engine.contract.encoding import check_encoding
from engine.contract.file_kinds import TEXTS, check_kind, unreadable
from engine.contract.layout import SEPARATORS, Layout, checked_names
from engine.contract.sniff import sniff
from engine.contract.text_table import batches, first_lines, header
from engine.data.paths import QUERY, check_place, checked, is_file
from engine.data.simulator import simulate
from engine.data.sql import read_sql
from engine.data.unread import with_reasons
from engine.problem.errors import BadInput

# A message names so many rows, and counts the others.
SHOWN = 5


def read(source: str, layout: Layout | None = None) -> pd.DataFrame:
    """All rows of `source`, columns as they stand there, rows numbered from 0.

    Columns of a text file are texts; the contract describes what they mean. Texts have no spaces
    around them and blank ones are missing, whatever the source. Columns without single values come
    out empty; `engine.data.unread` gives the reasons.

    Args:
        source: `parcels`, `sklearn:NAME`, or the path of a text or Parquet file or of a query.
        layout: of a text file; it is detected by default.

    Raises:
        BadInput: the source is unknown, missing, unreadable, empty, or has columns that are
            doubled or unnamed.
    """
    if source == "parcels":
        return simulate()
    if source.startswith("sklearn:"):
        return _bundled(source)
    path = checked(source)
    suffix = path.suffix.lower()
    if suffix in TEXTS:
        frame = read_text(path, layout)
    else:
        frame = read_sql(path) if suffix == QUERY else _read_parquet(path)
    if frame.empty:
        names = ", ".join(map(str, frame.columns))
        what = "gives no rows" if suffix == QUERY else f"holds a header ({names:.100}) and no rows"
        raise BadInput(f"{path} {what}; give it rows", code="empty-table")
    return frame


def layout_of(source: str) -> Layout | None:
    """The layout of a text file (see `sniff`); None for every other source."""
    if not is_file(source) or not source.lower().endswith(TEXTS):
        return None
    return sniff(checked(source))


def _bundled(source: str) -> pd.DataFrame:
    check_place(source)
    table = getattr(datasets, f"load_{source.removeprefix('sklearn:')}")(as_frame=True)
    frame: pd.DataFrame = table.frame
    if hasattr(table, "target_names"):
        # Names say more than 0 and 1 on every page that follows.
        names = [str(label) for label in table.target_names]
        frame = frame.assign(target=frame["target"].map(dict(enumerate(names))).astype("str"))
    return frame


def read_text(path: Path, layout: Layout | None = None) -> pd.DataFrame:
    """The rows of a separated text file; every column is `str`, without spaces around its cells.

    Blank cells are missing. Without a `layout` the file's own is detected.

    Raises:
        BadInput: another encoding than the layout's, rows of another length than the first, rows
            that repeat it, or names too long for a column.
    """
    if layout is None:
        layout = sniff(path)
    else:
        check_encoding(path, layout.encoding)
    names = list(header(path, layout).names)
    bad: list[tuple[int, pyarrow.csv.InvalidRow]] = []

    def note(number: int, row: pyarrow.csv.InvalidRow) -> str:
        bad.append((number, row))
        return "error"

    try:
        schema = pa.schema(dict.fromkeys(names, pa.string()))
        pieces = [batch for batch, _ in batches(path, layout, names, note)]
        frame = pa.Table.from_batches(pieces, schema).to_pandas(types_mapper=DTYPES.get)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        if not bad:
            raise unreadable(path, error) from None
        number, row = bad[0]
        code, hint = row_fault(row.text, row.expected_columns, row.actual_columns, layout.separator)
        raise BadInput(
            f"{path} has {row.expected_columns} columns, but row {number} below the header has "
            f"{row.actual_columns} cells ({row.text[:40]!r}…); fix that row; read as separated by "
            f"{SEPARATORS[layout.separator]}, and one inside a cell needs quotes around the cell"
            f"{hint and f'; {hint}'}",
            code=code,
        ) from None
    frame = trimmed_texts(frame)
    if layout.header:
        _check_repeats(path, frame, first_lines(path, layout)[0])
    return frame


def _check_repeats(path: Path, frame: pd.DataFrame, first: Sequence[str]) -> None:
    """Raise BadInput for rows that are the header again, as where files were put together."""
    named = [(at, cell.strip()) for at, cell in enumerate(first) if cell.strip()]
    rows = frame.index
    for at, cell in named:
        # A file that was appended may have begun with a mark.
        rows = rows[frame.iloc[rows, at].isin([cell, f"\ufeff{cell}"])]
    if len(named) > 1 and len(rows):
        shown = [f"{row + 1:,}" for row in rows[:SHOWN]]
        more = f" and {len(rows) - SHOWN:,} more" if len(rows) > SHOWN else ""
        raise BadInput(
            f"{path} repeats its header in row {', '.join(shown)}{more} below it, as where files "
            "were put together; delete these lines",
            code="repeated-header",
        )


def _read_parquet(path: Path) -> pd.DataFrame:
    """The rows of a Parquet file in plain types; metadata of pandas in it is ignored."""
    check_kind(path)
    columns: dict[str, pa.ChunkedArray] = {}
    reasons: dict[str, str] = {}
    try:
        with open_parquet(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            for name, field in zip(checked_names(path, schema.names), schema, strict=True):
                columns[name] = pa.chunked_array([pa.nulls(rows, pa.string())])
                if not plain_type(field.type):
                    reasons[name] = f"it holds no single values ({field.type!s:.60}): flatten it"
                    continue
                cells = file.read([field.name]).column(0)
                try:
                    columns[name] = plain(cells)
                except pa.ArrowInvalid as error:
                    reasons[name] = f"its {field.type!s:.60} cannot be read: {error!s:.100}"
        frame = pa.table(columns).to_pandas(types_mapper=DTYPES.get, ignore_metadata=True)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise unreadable(path, error) from None
    return with_reasons(trimmed_texts(frame), reasons)
