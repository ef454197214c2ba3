"""Reads a Parquet file whole.

The frame has plain types only: int64 or Int64, float64, bool or boolean, str, datetime64.
"""

from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from engine.contract.arrow_types import plain, plain_type
from engine.contract.text_table import LONGEST_NAME
from engine.problem.errors import BadInput


def read_parquet(path: Path) -> pd.DataFrame:
    """The rows of a Parquet file; metadata of pandas in it is ignored.

    Raises:
        BadInput: no Parquet file, or columns that are doubled, unnamed or hold no single values.
    """
    try:
        schema = pq.read_schema(path)
        _check_names(path, schema.names)
        if unfit := [field.name for field in schema if plain_type(field.type) is None]:
            kinds = ", ".join(f"'{name}' ({schema.field(name).type})" for name in unfit)
            raise BadInput(
                f"{path} has columns of lists, structs or bytes: {kinds}; a row needs one value "
                "a column, so flatten them or leave them out",
                code="not-single-values",
            )
        table = pq.read_table(path)
        table = pa.table({name: plain(table[name]) for name in table.column_names})
        types = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
        frame: pd.DataFrame = table.to_pandas(types_mapper=types.get, ignore_metadata=True)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        reason = " ".join(str(error).split())
        raise BadInput(
            f"{path} is no readable Parquet file: {reason:.300}; export it again",
            code="unreadable-file",
        ) from None
    return frame


def _check_names(path: Path, names: list[str]) -> None:
    doubled = [name for name, times in Counter(names).items() if times > 1]
    if doubled:
        raise BadInput(
            f"{path} has several columns named {', '.join(map(repr, doubled))}; "
            "give each a name of its own",
            code="duplicate-column",
        )
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise BadInput(
                f"{path} has a column without a name (number {number}); name it, or leave it out "
                "if it only numbers the rows",
                code="unnamed-column",
            )
        if len(name) > LONGEST_NAME:
            raise BadInput(
                f"{path} has a column name of {len(name)} characters ({name[:30]!r}…); "
                f"give it one of at most {LONGEST_NAME}",
                code="column-name-too-long",
            )
