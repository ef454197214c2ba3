"""Reads comma-, semicolon-, tab- and bar-separated text; every cell comes out as it stands.

What a cell means is decided by column (`data.texts`) and kept in the contract, not here.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from engine.data.reading.layout import (
    LONGEST_NAME,
    PIECE,
    SEPARATORS,
    Layout,
    check_encoding,
    decoded,
    first_lines,
    sniff,
)
from engine.problem.errors import BadInput

TEXT = pd.StringDtype(na_value=np.nan)


@dataclass(frozen=True)
class Names:
    """The columns' names in their order, and a sentence on each that was mended."""

    names: tuple[str, ...]
    notes: tuple[str, ...]


def read_text(path: Path, layout: Layout | None = None) -> pd.DataFrame:
    """The rows of a separated text file; every column is `str`, spaces around cells taken off.

    Blank cells are missing. Without a `layout` the file's own is found out.

    Raises:
        BadInput: another encoding than the layout's, rows of another length than the first, or
            names too long for a column.
    """
    if layout is None:
        layout = sniff(path)
    else:
        check_encoding(path, layout.encoding)
    names = list(header(path, layout).names)
    table = _table(path, layout, names)
    columns = {}
    for name in names:
        cells = pc.utf8_trim_whitespace(table[name])
        columns[name] = pc.if_else(pc.equal(cells, ""), None, cells)
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper={pa.string(): TEXT}.get)
    return frame


def header(path: Path, layout: Layout) -> Names:
    """What the columns are called: as in the first line, or by number where there is none.

    Blank names become column_3, repeated ones name_2; spaces around a name are taken off.

    Raises:
        BadInput: nothing is there, or a name is too long to be one.
    """
    lines = first_lines(path, layout.encoding, layout.separator)
    if not lines:
        raise BadInput(f"{path} is empty; expected a header line and rows")
    if not layout.header:
        names = tuple(f"column_{at}" for at in range(1, len(lines[0]) + 1))
        return Names(names, (f"no header line: columns are {names[0]} to {names[-1]}",))
    taken, notes = {name.strip() for name in lines[0]}, []
    names = ()
    for at, given in enumerate(lines[0], start=1):
        name = given.strip()
        if len(name) > LONGEST_NAME:
            raise BadInput(
                f"{path} has a column name of {len(name)} characters ({name[:30]!r}…); "
                f"give it one of at most {LONGEST_NAME}"
            )
        if not name or name in names:
            what = "has no name" if not name else f"is a second {name!r}"
            stem, number = (name, 2) if name else ("column", at)
            while f"{stem}_{number}" in taken:
                number += 1
            name = f"{stem}_{number}"
            taken.add(name)
            notes.append(f"column {at} {what} and is called {name!r}")
        names += (name,)
    return Names(names, tuple(notes))


def _table(path: Path, layout: Layout, names: list[str]) -> pa.Table:
    """All cells as text; every row must have as many as there are names."""
    seen: list[pyarrow.csv.InvalidRow] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        seen.append(row)
        return "error"

    if layout.header and len(first_lines(path, layout.encoding, layout.separator)) == 1:
        # pyarrow trips over a header line that does not end.
        return pa.table({name: pa.array([], pa.string()) for name in names})
    blank = _blank_lines(path, layout)
    try:
        return pyarrow.csv.read_csv(
            path,
            # One thread: only then are rows numbered.
            pyarrow.csv.ReadOptions(
                use_threads=False,
                block_size=PIECE,
                encoding=layout.encoding,
                column_names=names,
                skip_rows=blank,
                skip_rows_after_names=int(layout.header),
            ),
            pyarrow.csv.ParseOptions(
                delimiter=layout.separator, newlines_in_values=True, invalid_row_handler=note
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowException, OSError, UnicodeError) as error:
        if not seen:
            reason = " ".join(str(error).split())
            raise BadInput(f"{path} is no table: {reason:.300}; export it again") from None
        row = seen[0]
        titled = row.expected_columns == 1 < row.actual_columns
        title = "; if a title stands above the header, delete its lines" if titled else ""
        raise BadInput(
            f"{path} has {row.expected_columns} columns, but row "
            f"{row.number - blank - layout.header} below the header has {row.actual_columns} "
            f"cells ({row.text[:40]!r}…); mend that row; read as separated by "
            f"{SEPARATORS[layout.separator]}, and one inside a cell needs quotes around the cell"
            f"{title}"
        ) from None


def _blank_lines(path: Path, layout: Layout) -> int:
    """How many empty lines come before the first that is not."""
    text, _ = decoded(path, layout.encoding)
    start = text[: len(text) - len(text.lstrip("\r\n"))]
    return len(start.splitlines())
