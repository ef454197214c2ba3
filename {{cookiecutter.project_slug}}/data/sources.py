"""Where rows come from: the simulator, scikit-learn's bundled tables, CSV and Parquet files."""

import codecs
import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn import datasets

from data.parcels import simulate
from problem.errors import BadInput

BUNDLED = ("breast_cancer", "diabetes", "wine")
# Enough of a file to know its header and its encoding's first faults.
HEAD = 1 << 20


def read(source: str) -> pd.DataFrame:
    """All rows of `source`, columns as they stand there.

    Args:
        source: `parcels`, `sklearn:NAME`, or the path of a CSV or Parquet file.

    Raises:
        BadInput: the source is unknown, missing, unreadable, empty, or has columns that are
            doubled, unnamed or hold lists.
    """
    if source == "parcels":
        return simulate()
    if source.startswith("sklearn:"):
        return _bundled(source.removeprefix("sklearn:"))
    path = Path(source)
    if not path.is_file():
        raise BadInput(
            f"expected a CSV or Parquet file at {path}, found "
            f"{'a folder' if path.is_dir() else 'nothing'}; give the path of a file, or "
            f"parcels, or {', '.join(f'sklearn:{name}' for name in BUNDLED)}"
        )
    if path.suffix not in (".csv", ".parquet"):
        raise BadInput(
            f"expected a file that ends in .csv or .parquet, got {path.name}; "
            "save the table as one of these"
        )
    try:
        frame = _csv(path) if path.suffix == ".csv" else _parquet(path)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror or error}; mend its permissions"
        ) from None
    if frame.empty:
        raise BadInput(f"{path} holds a header and no rows; give it rows")
    return frame


def _bundled(name: str) -> pd.DataFrame:
    if name not in BUNDLED:
        raise BadInput(
            f"scikit-learn bundles no table '{name}' for this; it is one of "
            f"{', '.join(f'sklearn:{known}' for known in BUNDLED)}"
        )
    table = getattr(datasets, f"load_{name}")(as_frame=True)
    frame: pd.DataFrame = table.frame
    if hasattr(table, "target_names"):
        # Names say more than 0 and 1 on every page that follows.
        names = [str(label) for label in table.target_names]
        frame = frame.assign(target=frame["target"].map(dict(enumerate(names))).astype("str"))
    return frame


def _csv(path: Path) -> pd.DataFrame:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        try:
            header = next(csv.reader(file), [])
        except csv.Error as error:
            raise BadInput(f"{path} has no readable header line: {error}") from None
    _check_names(path, header)
    try:
        return pd.read_csv(path, encoding=encoding, low_memory=False)
    except pd.errors.ParserError as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise BadInput(
            f"{path} is no comma-separated table: {reason}; mend that line, or export it again"
        ) from None


def _encoding(path: Path) -> str:
    """`utf-8-sig` where the whole file is UTF-8, else a refusal that says where it is not."""
    decoder, position = codecs.getincrementaldecoder("utf-8")(), 0
    with path.open("rb") as file:
        while chunk := file.read(HEAD):
            try:
                text = decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise BadInput(
                    f"{path} is not UTF-8 text: byte {error.object[error.start]:#04x} near byte "
                    f"{position + error.start}; if it came from a spreadsheet, convert it with "
                    f"`iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8.csv`"
                ) from None
            if "\0" in text:
                raise BadInput(
                    f"{path} holds zero bytes: it is UTF-16 or no text at all; convert it with "
                    f"`iconv -f UTF-16 -t UTF-8 {path.name} > utf8.csv`"
                )
            position += len(chunk)
    return "utf-8-sig"


def _parquet(path: Path) -> pd.DataFrame:
    try:
        schema = pq.read_schema(path)
    except pa.ArrowInvalid as error:
        raise BadInput(f"{path} is no Parquet file: {error}; export it again") from None
    _check_names(path, schema.names)
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    if nested:
        raise BadInput(
            f"{path} has columns of lists or structs: {', '.join(nested)}; a row needs one value "
            "a column, so flatten them or leave them out"
        )
    return pq.read_table(path).to_pandas()


def _check_names(path: Path, names: list[str]) -> None:
    if not names:
        raise BadInput(f"{path} is empty; expected a header line and rows")
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise BadInput(
            f"{path} has several columns named {', '.join(map(repr, doubled))}; "
            "give each a name of its own"
        )
    if any(not name.strip() for name in names):
        raise BadInput(
            f"{path} has a column without a name (number {_first_blank(names)}); name it in the "
            "header line"
        )


def _first_blank(names: list[str]) -> int:
    return 1 + next(number for number, name in enumerate(names) if not name.strip())
