"""Reads a separated text file whole; what its cells mean stands in the contract."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from engine.contract.cells import trimmed
from engine.contract.encoding import check_encoding
from engine.contract.layout import SEPARATORS, Layout
from engine.contract.sniff import sniff
from engine.contract.text_table import batches, header
from engine.problem.errors import BadInput

__all__ = ["header", "read_text"]

TEXT = pd.StringDtype(na_value=np.nan)


def read_text(path: Path, layout: Layout | None = None) -> pd.DataFrame:
    """The rows of a separated text file; every column is `str`, without spaces around its cells.

    Blank cells are missing. Without a `layout` the file's own is detected.

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
    frame: pd.DataFrame = table.to_pandas(types_mapper={pa.string(): TEXT}.get)
    return pd.DataFrame({name: trimmed(frame[name]) for name in names}, copy=False)


def _table(path: Path, layout: Layout, names: list[str]) -> pa.Table:
    """All cells as text; every row must have as many as there are names."""
    bad: list[tuple[int, pyarrow.csv.InvalidRow]] = []

    def note(number: int, row: pyarrow.csv.InvalidRow) -> str:
        bad.append((number, row))
        return "error"

    try:
        schema = pa.schema(dict.fromkeys(names, pa.string()))
        pieces = [batch for batch, _ in batches(path, layout, names, note)]
        return pa.Table.from_batches(pieces, schema)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        if not bad:
            reason = " ".join(str(error).split())
            raise BadInput(
                f"{path} is no table: {reason:.300}; export it again", code="not-a-table"
            ) from None
        number, row = bad[0]
        titled = row.expected_columns == 1 < row.actual_columns
        title = "; if a title stands above the header, delete its lines" if titled else ""
        raise BadInput(
            f"{path} has {row.expected_columns} columns, but row {number} below the header has "
            f"{row.actual_columns} cells ({row.text[:40]!r}…); fix that row; read as separated by "
            f"{SEPARATORS[layout.separator]}, and one inside a cell needs quotes around the cell"
            f"{title}",
            code="row-length",
        ) from None
