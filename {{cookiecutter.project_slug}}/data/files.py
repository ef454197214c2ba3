"""Reads CSV and Parquet files whole, or says in one sentence why not and what to do.

What comes out has plain types only: int64 or Int64, float64, bool or boolean, str, datetime64.
"""

import codecs
import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from problem.errors import BadInput

# How much of a file is looked at in one go.
PIECE = 1 << 24
LONGEST_NAME = 200
# Parquet's types and what they are read as; the first that fits.
READ_AS = (
    (pa.types.is_uint64, pa.float64()),
    (pa.types.is_integer, pa.int64()),
    (pa.types.is_floating, pa.float64()),
    (pa.types.is_decimal, pa.float64()),
    (pa.types.is_boolean, pa.bool_()),
    (pa.types.is_date, pa.timestamp("us")),
    (pa.types.is_time, pa.string()),
    (pa.types.is_string, pa.string()),
    (pa.types.is_large_string, pa.string()),
    (pa.types.is_string_view, pa.string()),
    (pa.types.is_null, pa.string()),
)


def read_csv(path: Path) -> pd.DataFrame:
    """The rows of a comma-separated UTF-8 file with a header line.

    Raises:
        BadInput: another encoding or separator, rows of another length than the header, or
            columns that are doubled or unnamed.
    """
    _check_encoding(path)
    names = _header(path)
    _check_names(path, names)
    _check_shape(path, names)
    try:
        frame = pd.read_csv(path, encoding="utf-8-sig", low_memory=False)
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise BadInput(
            f"{path} is no comma-separated table: {reason}; mend that line, or export it again"
        ) from None
    for name in frame.columns:
        if frame[name].dtype in (object, "uint64"):
            # Booleans beside missing ones; whole numbers too long for one, which are names then.
            is_bool = frame[name].dropna().map(lambda cell: isinstance(cell, bool)).all()
            frame[name] = frame[name].astype("boolean" if is_bool else "str")
    return frame


def read_parquet(path: Path) -> pd.DataFrame:
    """The rows of a Parquet file; what pandas noted in it (index, types) is left aside.

    Raises:
        BadInput: no Parquet file, or columns that are doubled, unnamed or hold no single values.
    """
    try:
        schema = pq.read_schema(path)
        _check_names(path, schema.names)
        wanted = {field.name: _plain(field.type) for field in schema}
        if unfit := [name for name, kind in wanted.items() if kind is None]:
            kinds = ", ".join(f"'{name}' ({schema.field(name).type})" for name in unfit)
            raise BadInput(
                f"{path} has columns of lists, structs or bytes: {kinds}; a row needs one value "
                "a column, so flatten them or leave them out"
            )
        # Not safe: a decimal or a huge number may lose its last digits on becoming a float.
        table = pq.read_table(path).cast(pa.schema(list(wanted.items())), safe=False)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(f"{path} is no readable Parquet file: {error}; export it again") from None
    types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=types.get, ignore_metadata=True)
    return frame


def _plain(kind: pa.DataType) -> pa.DataType | None:
    """The type that a column of `kind` is read as; None if its cells are no single values."""
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return next((plain for is_one, plain in READ_AS if is_one(kind)), None)


def _check_encoding(path: Path) -> None:
    """Refuse what is not UTF-8 text, and say where it is not."""
    decoder, position = codecs.getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            try:
                text = decoder.decode(piece, final=len(piece) < PIECE)
            except UnicodeDecodeError as error:
                utf16 = piece.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
                raise BadInput(
                    f"{path} is not UTF-8 text: byte {error.object[error.start]:#04x} near byte "
                    f"{position + error.start}; {_convert(path, 'UTF-16' if utf16 else '')}"
                ) from None
            if "\0" in text:
                raise BadInput(
                    f"{path} holds zero bytes: it is UTF-16 or no text at all; "
                    f"{_convert(path, 'UTF-16')}"
                )
            position += len(piece)


def _convert(path: Path, encoding: str) -> str:
    return (
        "save it as CSV UTF-8 in the spreadsheet it came from, or convert it with "
        f"`iconv -f {encoding or 'WINDOWS-1252'} -t UTF-8 '{path.name}' > utf8.csv`"
    )


def _header(path: Path) -> list[str]:
    """The names in the first line that is not blank; none if there is no such line."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return next((cells for cells in csv.reader(file) if cells), [])
        except csv.Error as error:
            raise BadInput(
                f"{path} has no readable header line: {error}; export it again"
            ) from None


def _check_names(path: Path, names: list[str]) -> None:
    if not names:
        raise BadInput(f"{path} is empty; expected a header line and rows")
    if len(names) == 1 and (separator := next((s for s in ";\t|" if s in names[0]), None)):
        raise BadInput(
            f"{path} seems to be separated by {separator!r}; expected commas, so export it again "
            "with these"
        )
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise BadInput(
            f"{path} has several columns named {', '.join(map(repr, doubled))}; "
            "give each a name of its own"
        )
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise BadInput(
                f"{path} has a column without a name (number {number}); name it, or leave it out "
                "if it only numbers the rows"
            )
        if len(name) > LONGEST_NAME:
            raise BadInput(
                f"{path} has a column name of {len(name)} characters ({name[:30]!r}…); "
                f"give it one of at most {LONGEST_NAME}"
            )


def _check_shape(path: Path, names: list[str]) -> None:
    """Every row has as many cells as the header: pandas would fill up and shift without a word."""
    seen: list[pyarrow.csv.InvalidRow] = []

    def note(row: pyarrow.csv.InvalidRow) -> str:
        seen.append(row)
        return "error"

    first = names[0]
    try:
        with pyarrow.csv.open_csv(
            path,
            # One thread: only then are rows numbered.
            pyarrow.csv.ReadOptions(use_threads=False, block_size=PIECE),
            pyarrow.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
            # Cells are counted, not read: a single column keeps it fast.
            pyarrow.csv.ConvertOptions(include_columns=[first], column_types={first: pa.string()}),
        ) as pieces:
            for _ in pieces:
                pass
    except pa.ArrowInvalid as error:
        if not seen:
            raise BadInput(f"{path} is no table: {error}; export it again") from None
        row = seen[0]
        raise BadInput(
            f"{path} has {row.expected_columns} columns, but row {row.number - 1} below the "
            f"header has {row.actual_columns} cells ({row.text[:40]!r}…); mend that row; a comma "
            "inside a cell needs quotes around the cell"
        ) from None
