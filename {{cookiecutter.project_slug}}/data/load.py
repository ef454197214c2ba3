"""The rows that a model may see: read, held against the contract, and given a digest."""

import hashlib
from collections.abc import Sequence

import pandas as pd
import pandera.pandas as pa

from data import sources
from problem.columns import Column
from problem.errors import BadInput
from problem.spec import Problem

# How many broken rows a message names before it only counts.
SHOWN = 5


def load(problem: Problem, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """All rows with a known outcome, valid by the contract, in the order of time if there is one.

    Raises:
        BadInput: the source cannot be read (see `data.sources.read`) or rows break the contract.
    """
    raw = sources.read(problem.rows.source)
    if problem.target.column in raw.columns:
        raw = raw[raw[problem.target.column].notna()]
    frame = conform(raw, schema)
    if problem.rows.time:
        # A stable sort: rows of the same moment keep the order in which they came.
        frame = frame.sort_values(problem.rows.time, kind="stable")
    return frame.reset_index(drop=True)


def conform(raw: pd.DataFrame, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """`raw` with the contract's types.

    Raises:
        BadInput: which rule is broken, in how many rows, and in which first.
    """
    try:
        frame = schema.validate(raw, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise BadInput(_report(error.failure_cases, len(raw))) from None
    return frame[list(schema.columns)]


def digest(frame: pd.DataFrame) -> str:
    """SHA-256 over names, types and values of `frame`, the order of rows included."""
    sha = hashlib.sha256()
    for name in frame.columns:
        sha.update(f"{name}\0{frame[name].dtype}\0".encode())
        sha.update(pd.util.hash_pandas_object(frame[name], index=False).to_numpy().tobytes())
    return sha.hexdigest()


def inputs(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The model's inputs of `frame`, in the order and with the types that serving builds too."""
    return frame[[column.name for column in columns]].astype(
        {column.name: column.dtype for column in columns}
    )


def _report(failures: pd.DataFrame, rows: int) -> str:
    lines = [f"the rows break the contract (data/contract.py), {rows} were read:"]
    for (column, rule), cases in failures.groupby(["column", "check"], dropna=False, sort=False):
        if pd.isna(column) or cases["index"].isna().all():
            named = ", ".join(map(str, cases["failure_case"].head(SHOWN)))
            lines.append(f"{rule}: {named}")
            continue
        places = ", ".join(
            f"row {index} has {value!r}"
            for index, value in cases[["index", "failure_case"]].head(SHOWN).itertuples(index=False)
        )
        lines.append(f"column '{column}', rule {rule}: {len(cases)} rows ({places})")
    lines.append("mend the rows at their source, or the rule if it is wrong")
    return "\n  ".join(lines)
